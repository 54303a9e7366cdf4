// What a key must be, and that keys survive the way through PEM and numbers.
#include "crypto/key.h"

#include <gmock/gmock.h>

#include <vector>

#include "base/file.h"

namespace watchword::crypto {
namespace {

using ::testing::HasSubstr;

constexpr KeyType kTypes[] = {KeyType::rsa, KeyType::p256, KeyType::p384, KeyType::p521, KeyType::ed25519};

Algorithm algorithm_for(KeyType type) {
  for (const Algorithm algorithm : {Algorithm::rs256, Algorithm::es256, Algorithm::es384, Algorithm::es512})
    if (fits(algorithm, type)) return algorithm;
  return Algorithm::eddsa;
}

std::string test_file(const std::string& name) {
  return read_file(WATCHWORD_SOURCE_DIR "/src/crypto/testdata/" + name).value();
}

Bytes hex(std::string_view text) {
  const std::string raw = from_hex(text).value();
  return {raw.begin(), raw.end()};
}

const PrivateKey& rsa_key() {
  static const PrivateKey key = PrivateKey::generate(KeyType::rsa).value();
  return key;
}

TEST(Key, SurvivesTheWayThroughPem) {
  for (const KeyType type : kTypes) {
    const PrivateKey key = PrivateKey::generate(type).value();
    const auto copy = PrivateKey::from_pkcs8_pem(key.pkcs8_pem().reveal());
    ASSERT_TRUE(copy.has_value()) << name(type) << to_string(copy.error());
    const auto open = PublicKey::from_pem(key.public_key().pem());
    ASSERT_TRUE(open.has_value()) << name(type) << to_string(open.error());
    EXPECT_EQ(open->type(), type);
    EXPECT_EQ(open->pem(), copy->public_key().pem());
    EXPECT_EQ(open->bits(), key.public_key().bits());
    const Bytes signature = copy->sign(algorithm_for(type), "message").value();
    EXPECT_TRUE(open->verify(algorithm_for(type), "message", signature)) << name(type);
  }
}

TEST(Key, SurvivesTheWayThroughItsNumbers) {
  for (const KeyType type : kTypes) {
    const PublicKey key = PrivateKey::generate(type).value().public_key();
    const auto copy = type == KeyType::rsa       ? PublicKey::from_rsa(key.rsa().n, key.rsa().e)
                      : type == KeyType::ed25519 ? PublicKey::from_ed25519(key.ed25519())
                                                 : PublicKey::from_ec(type, key.ec().x, key.ec().y);
    ASSERT_TRUE(copy.has_value()) << name(type);
    EXPECT_EQ(copy->pem(), key.pem()) << name(type);
  }
}

TEST(Key, AnEd25519SeedGivesThePublicKeyOfRfc8032) {  // 7.1, TEST 1
  const auto key =
      PrivateKey::from_ed25519_seed(hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60"));
  EXPECT_EQ(to_hex(key.value().public_key().ed25519()),
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(
      to_hex(key.value().sign(Algorithm::eddsa, "").value()),
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
      "24655141438e7a100b");
  EXPECT_EQ(PrivateKey::from_ed25519_seed(Bytes(31)).error().reason, Reason::key_invalid);
}

TEST(Key, RefusesWeakOrForeignPublicKeysInPem) {
  const struct {
    const char *file, *found;
  } cases[] = {{"rsa_1024.pem", "1024 bits"},
               {"rsa_exponent_3.pem", "exponent"},
               {"rsa_pss.pem", "RSA-PSS"},
               {"explicit_curve.pem", "without a name"},
               {"secp256k1.pem", "secp256k1"},
               {"ed448.pem", "ED448"},
               {"private_mismatched.pem", "something else"}};
  for (const auto& [file, found] : cases) {
    const auto key = PublicKey::from_pem(test_file(file));
    ASSERT_FALSE(key.has_value()) << file;
    EXPECT_EQ(key.error().reason, Reason::key_invalid) << file;
    EXPECT_THAT(key.error().found, HasSubstr(found)) << file;
  }
}

TEST(Key, RefusesWeakOrForeignPrivateKeysWithoutAskingForAPassword) {
  const struct {
    const char *file, *found;
  } cases[] = {{"private_encrypted.pem", "something else"},
               {"private_sec1.pem", "something else"},
               {"private_ed448.pem", "ED448"},
               {"private_rsa_1024.pem", "1024 bits"},
               {"private_mismatched.pem", "does not belong"},
               {"rsa_pss.pem", "something else"}};
  for (const auto& [file, found] : cases) {
    const auto key = PrivateKey::from_pkcs8_pem(test_file(file));
    ASSERT_FALSE(key.has_value()) << file;
    EXPECT_EQ(key.error().reason, Reason::key_invalid) << file;
    EXPECT_THAT(key.error().found, HasSubstr(found)) << file;
  }
  EXPECT_FALSE(PrivateKey::from_pkcs8_pem("").has_value());
}

TEST(Key, RefusesRsaNumbersOutOfBounds) {
  const auto [n, e] = rsa_key().public_key().rsa();
  Bytes even = n, padded = n, huge(1025, 0xff), short_one(n.begin(), n.end() - 1), bits_2047 = n;
  even.back() &= 0xfe;
  padded.insert(padded.begin(), 0);
  bits_2047.front() = 0x7f;
  ASSERT_TRUE(PublicKey::from_rsa(n, hex("010001")).has_value());
  EXPECT_TRUE(PublicKey::from_rsa(n, hex("ffffffff")).has_value());
  EXPECT_TRUE(PublicKey::from_rsa(Bytes(1024, 0xff), e).has_value());
  const struct {
    const char* what;
    Bytes n, e;
  } cases[] = {{"even modulus", even, e},
               {"leading zero", padded, e},
               {"9 KiB", Bytes(9216, 0xff), e},
               {"8200 bits", huge, e},
               {"2040 bits", short_one, e},
               {"2047 bits", bits_2047, e},
               {"no modulus", {}, e},
               {"no exponent", n, {}},
               {"e = 0", n, hex("00")},
               {"e = 1", n, hex("01")},
               {"e = 3", n, hex("03")},
               {"e = 65535", n, hex("ffff")},
               {"e = 65538", n, hex("010002")},
               {"e = 2^32 + 1", n, hex("0100000001")},
               {"e with zeros", n, hex("00010001")},
               {"e = n", n, n}};
  for (const auto& [what, modulus, exponent] : cases) {
    const auto key = PublicKey::from_rsa(modulus, exponent);
    ASSERT_FALSE(key.has_value()) << what;
    EXPECT_EQ(key.error().reason, Reason::key_invalid) << what;
  }
  for (const unsigned bits : {0U, 1024U, 2047U, 8193U, 1U << 20})
    EXPECT_FALSE(PrivateKey::generate(KeyType::rsa, bits).has_value()) << bits;
}

TEST(Key, RefusesPointsThatAreNotOnTheCurve) {
  const auto [x, y] = PrivateKey::generate(KeyType::p256).value().public_key().ec();
  const Bytes field = hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff");
  Bytes off = y, longer = x, shorter(x.begin() + 1, x.end());
  off.back() ^= 1;
  longer.insert(longer.begin(), 0);
  const struct {
    const char* what;
    KeyType type;
    Bytes x, y;
  } cases[] = {{"off the curve", KeyType::p256, x, off}, {"zero", KeyType::p256, Bytes(32), Bytes(32)},
               {"x = p", KeyType::p256, field, y},       {"too long", KeyType::p256, longer, y},
               {"too short", KeyType::p256, shorter, y}, {"empty", KeyType::p256, {}, {}},
               {"another curve", KeyType::p384, x, y},   {"not a curve", KeyType::rsa, x, y},
               {"the wrong size", KeyType::p521, x, y},  {"Ed25519 as a curve", KeyType::ed25519, x, y}};
  for (const auto& [what, type, px, py] : cases) {
    const auto key = PublicKey::from_ec(type, px, py);
    ASSERT_FALSE(key.has_value()) << what;
    EXPECT_EQ(key.error().reason, Reason::key_invalid) << what;
  }
}

TEST(Key, RefusesEd25519PointsOfSmallOrder) {  // 8 P is the neutral element: anyone can sign
  for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000080",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
                            "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
                            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",   // p, which is 0
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",   // p + 1, which is 1
                            "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"})  // beyond the field
    EXPECT_EQ(PublicKey::from_ed25519(hex(point)).error().reason, Reason::key_invalid) << point;
  EXPECT_FALSE(PublicKey::from_ed25519(Bytes(31, 9)).has_value());
  EXPECT_FALSE(PublicKey::from_ed25519(Bytes(33, 9)).has_value());
}

TEST(Algorithm, OnlyNamesOfPublicKeySignaturesAreKnown) {
  for (const char* known : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"})
    EXPECT_EQ(name(algorithm_from_name(known).value()), known);
  EXPECT_EQ(algorithm_from_name("Ed25519"), Algorithm::eddsa);
  for (const char* unknown : {"", "none", "None", "NONE", "HS256", "HS384", "HS512", "rs256", "Rs256", "ES256K", "RS1",
                              "RS256 ", "RSA-OAEP", "dir", "A256GCM", "Ed448", "eddsa"})
    EXPECT_FALSE(algorithm_from_name(unknown).has_value()) << unknown;
}

}  // namespace
}  // namespace watchword::crypto
