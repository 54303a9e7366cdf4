// A signature holds for one message, one key and one algorithm, in one form.
#include <gtest/gtest.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <map>
#include <vector>

#include "crypto/evp.h"
#include "crypto/key.h"

namespace watchword::crypto {
namespace {

constexpr Algorithm kAll[] = {Algorithm::rs256, Algorithm::rs384, Algorithm::rs512, Algorithm::ps256, Algorithm::ps384,
                              Algorithm::ps512, Algorithm::es256, Algorithm::es384, Algorithm::es512, Algorithm::eddsa};
constexpr KeyType kTypes[] = {KeyType::rsa, KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519};

const PrivateKey& key_of(KeyType type) {
  static std::map<KeyType, PrivateKey> keys;
  const auto at = keys.find(type);
  return at != keys.end() ? at->second : keys.emplace(type, PrivateKey::generate(type).value()).first->second;
}

const PrivateKey& key_for(Algorithm algorithm) {
  for (const KeyType type : kTypes)
    if (fits(algorithm, type)) return key_of(type);
  std::abort();
}

TEST(Signature, HoldsForItsMessageKeyAndAlgorithmAlone) {
  for (const Algorithm algorithm : kAll) {
    const PrivateKey& key = key_for(algorithm);
    const PrivateKey other = PrivateKey::generate(key.type()).value();
    const Bytes signature = key.sign(algorithm, "message").value();
    EXPECT_TRUE(key.public_key().verify(algorithm, "message", signature)) << name(algorithm);
    EXPECT_FALSE(key.public_key().verify(algorithm, "messagf", signature)) << name(algorithm);
    EXPECT_FALSE(key.public_key().verify(algorithm, "", signature)) << name(algorithm);
    EXPECT_FALSE(other.public_key().verify(algorithm, "message", signature)) << name(algorithm);
    for (const Algorithm wrong : kAll)
      if (wrong != algorithm)
        EXPECT_FALSE(key.public_key().verify(wrong, "message", signature)) << name(algorithm) << " as " << name(wrong);
  }
}

TEST(Signature, OneFlippedBitAnywhereBreaksIt) {
  for (const Algorithm algorithm : kAll) {
    const PrivateKey& key = key_for(algorithm);
    Bytes signature = key.sign(algorithm, "message").value();
    for (std::size_t bit = 0; bit < signature.size() * 8; bit += 7) {
      const auto mask = static_cast<std::uint8_t>(1U << (bit % 8));
      signature[bit / 8] ^= mask;
      EXPECT_FALSE(key.public_key().verify(algorithm, "message", signature)) << name(algorithm) << " bit " << bit;
      signature[bit / 8] ^= mask;
    }
  }
}

TEST(Signature, HasExactlyOneLength) {
  for (const Algorithm algorithm : kAll) {
    const PrivateKey& key = key_for(algorithm);
    const Bytes good = key.sign(algorithm, "message").value();
    Bytes longer = good, led = good, shorter(good.begin(), good.end() - 1);
    longer.push_back(0);
    led.insert(led.begin(), 0);
    for (const Bytes& bad : {longer, led, shorter, Bytes{}, Bytes(1), Bytes(10'000)})
      EXPECT_FALSE(key.public_key().verify(algorithm, "message", bad)) << name(algorithm) << " " << bad.size();
  }
}

TEST(Signature, AKeySignsOnlyWithItsOwnAlgorithms) {
  for (const Algorithm algorithm : kAll)
    for (const KeyType type : kTypes)
      if (const auto signature = key_of(type).sign(algorithm, "message"); fits(algorithm, type))
        EXPECT_TRUE(signature.has_value()) << name(algorithm);
      else
        EXPECT_EQ(signature.error().reason, Reason::key_invalid) << name(algorithm) << " with " << name(type);
}

// CVE-2022-21449 and its kin: r or s of 0, of the group's order n, or of n - 1 and beyond.
TEST(Signature, RefusesEcdsaNumbersOutsideTheGroup) {
  const std::string zero(64, '0');
  const std::string order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
  const std::string beyond = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632552";
  const std::string one = std::string(63, '0') + "1";
  const std::string all(64, 'f');
  const PublicKey& key = key_of(KeyType::p256).public_key();
  for (const std::string& r : {zero, one, order, beyond, all})
    for (const std::string& s : {zero, one, order, beyond, all})
      EXPECT_FALSE(key.verify(Algorithm::es256, "message", as_bytes(from_hex(r + s).value()))) << r << s;
}

// RFC 7518 3.4 wants r || s; DER has many forms of one signature.
TEST(Signature, RefusesEcdsaInDer) {
  const Bytes fixed = key_of(KeyType::p256).sign(Algorithm::es256, "message").value();
  Bytes der{0x30, 0x44, 0x02, 0x20};
  der.insert(der.end(), fixed.begin(), fixed.begin() + 32);
  der.insert(der.end(), {0x02, 0x20});
  der.insert(der.end(), fixed.begin() + 32, fixed.end());
  EXPECT_FALSE(key_of(KeyType::p256).public_key().verify(Algorithm::es256, "message", der));
}

// A PSS signature by OpenSSL itself, with what RFC 7518 3.5 does not allow.
Bytes sign_pss(int salt_length, const EVP_MD* mgf1) {
  const Secret pem = key_of(KeyType::rsa).pkcs8_pem();
  const BioPtr in(BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.reveal().size())));
  const PkeyPtr key(PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr));
  const MdCtxPtr context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* options = nullptr;
  EVP_DigestSignInit(context.get(), &options, EVP_sha256(), nullptr, key.get());
  EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
  EVP_PKEY_CTX_set_rsa_pss_saltlen(options, salt_length);
  EVP_PKEY_CTX_set_rsa_mgf1_md(options, mgf1);
  Bytes out(256);
  std::size_t size = out.size();
  EXPECT_EQ(EVP_DigestSign(context.get(), out.data(), &size, as_bytes("message").data(), 7), 1);
  return out;
}

TEST(Signature, PssMeansTheSameHashAndASaltOfItsLength) {
  const PublicKey& key = key_of(KeyType::rsa).public_key();
  EXPECT_TRUE(key.verify(Algorithm::ps256, "message", sign_pss(32, EVP_sha256())));
  for (const int salt : {0, 20, 31, 33, 222})
    EXPECT_FALSE(key.verify(Algorithm::ps256, "message", sign_pss(salt, EVP_sha256()))) << salt;
  EXPECT_FALSE(key.verify(Algorithm::ps256, "message", sign_pss(32, EVP_sha1())));
  EXPECT_FALSE(key.verify(Algorithm::ps256, "message", sign_pss(32, EVP_sha512())));
}

// SSL_get_error reads the thread's queue: a refused signature must not look like a broken connection.
TEST(Signature, LeavesNothingInTheErrorQueue) {
  for (const Algorithm algorithm : kAll)
    EXPECT_FALSE(key_for(algorithm).public_key().verify(algorithm, "message", Bytes(256, 1)));
  EXPECT_FALSE(PublicKey::from_pem("nonsense").has_value());
  EXPECT_FALSE(PrivateKey::from_pkcs8_pem("nonsense").has_value());
  EXPECT_FALSE(PublicKey::from_ec(KeyType::p256, Bytes(32), Bytes(32)).has_value());
  EXPECT_EQ(ERR_peek_error(), 0U);
}

}  // namespace
}  // namespace watchword::crypto
