// Keys to and from PEM and their numbers, and new keys.
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>

#include "crypto/evp.h"

namespace watchword::crypto {
namespace {

using Pkcs8Ptr = std::unique_ptr<PKCS8_PRIV_KEY_INFO, FreedBy<PKCS8_PRIV_KEY_INFO_free>>;

constexpr std::size_t kMaxPem = 65'536;

BioPtr reader(std::string_view text) {
  return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(std::min(text.size(), kMaxPem))));
}

std::string_view content(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(std::max(size, 0L))};
}

Bytes number_bytes(EVP_PKEY* key, const char* parameter, std::size_t size = 0) {
  BIGNUM* raw = nullptr;
  EVP_PKEY_get_bn_param(key, parameter, &raw);
  const BnPtr value(raw);
  if (!value) return {};
  Bytes out(std::max(size, static_cast<std::size_t>(BN_num_bytes(value.get()))));
  BN_bn2binpad(value.get(), out.data(), static_cast<int>(out.size()));
  return out;
}

PkeyPtr generate_pkey(KeyType type, unsigned rsa_bits) {
  switch (type) {
    case KeyType::rsa:
      return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{rsa_bits}));
    case KeyType::ed25519:
      return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    case KeyType::p256:
    case KeyType::p384:
    case KeyType::p521:
      return PkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", std::string(name(type)).c_str()));
  }
  std::unreachable();
}

}  // namespace

PublicKey::Rsa PublicKey::rsa() const {
  return {number_bytes(key_->pkey.get(), OSSL_PKEY_PARAM_RSA_N), number_bytes(key_->pkey.get(), OSSL_PKEY_PARAM_RSA_E)};
}

PublicKey::Ec PublicKey::ec() const {
  const std::size_t size = (bits_ + 7) / 8;
  return {number_bytes(key_->pkey.get(), OSSL_PKEY_PARAM_EC_PUB_X, size),
          number_bytes(key_->pkey.get(), OSSL_PKEY_PARAM_EC_PUB_Y, size)};
}

Bytes PublicKey::ed25519() const {
  Bytes out(32);
  std::size_t size = out.size();
  EVP_PKEY_get_raw_public_key(key_->pkey.get(), out.data(), &size);
  return out;
}

std::string PublicKey::pem() const {
  const ErrorQueueGuard guard;
  const BioPtr out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(out.get(), key_->pkey.get());
  return std::string(content(out.get()));
}

Result<PublicKey> PublicKey::from_pem(std::string_view pem) {
  const ErrorQueueGuard guard;
  const BioPtr in = reader(pem);
  PkeyPtr key(PEM_read_bio_PUBKEY(in.get(), nullptr, nullptr, nullptr));
  if (!key) return bad_key("something else than a public key in PEM", "-----BEGIN PUBLIC KEY-----");
  return adopt(std::make_shared<KeyHandle>(std::move(key)));
}

Result<PrivateKey> PrivateKey::generate(KeyType type, unsigned rsa_bits) {
  // Checked first: making a huge key would take minutes.
  if (type == KeyType::rsa && (rsa_bits < 2048 || rsa_bits > 8192))
    return bad_key(std::to_string(rsa_bits) + " bits", "2048 to 8192 bits");
  const ErrorQueueGuard guard;
  PkeyPtr key = generate_pkey(type, rsa_bits);
  if (!key) return fail(Reason::internal, "OpenSSL made no key");
  WW_TRY(PublicKey pair, PublicKey::adopt(std::make_shared<KeyHandle>(std::move(key))));
  return PrivateKey(std::move(pair));
}

Result<PrivateKey> PrivateKey::from_ed25519_seed(ByteView seed) {
  if (seed.size() != 32) return bad_key("a seed of " + std::to_string(seed.size()) + " bytes", "32 bytes");
  const ErrorQueueGuard guard;
  PkeyPtr key(EVP_PKEY_new_raw_private_key_ex(nullptr, "ED25519", nullptr, seed.data(), seed.size()));
  if (!key) return fail(Reason::internal, "OpenSSL made no key");
  WW_TRY(PublicKey pair, PublicKey::adopt(std::make_shared<KeyHandle>(std::move(key))));
  return PrivateKey(std::move(pair));
}

Result<PrivateKey> PrivateKey::from_pkcs8_pem(std::string_view pem) {
  const ErrorQueueGuard guard;
  const BioPtr in = reader(pem);
  // Only the plain form: the encrypted one would ask for a password on the terminal.
  const Pkcs8Ptr info(PEM_read_bio_PKCS8_PRIV_KEY_INFO(in.get(), nullptr, nullptr, nullptr));
  PkeyPtr key(info ? EVP_PKCS82PKEY(info.get()) : nullptr);
  if (!key) return bad_key("something else than a private key in PKCS#8 PEM", "-----BEGIN PRIVATE KEY-----");
  WW_TRY(PublicKey pair, PublicKey::adopt(std::make_shared<KeyHandle>(std::move(key))));
  const PkeyCtxPtr check(EVP_PKEY_CTX_new_from_pkey(nullptr, pair.key_->pkey.get(), nullptr));
  if (pair.type() != KeyType::ed25519 && (!check || EVP_PKEY_pairwise_check(check.get()) != 1))
    return bad_key("a private key that does not belong to its public key", "a matching pair");
  return PrivateKey(std::move(pair));
}

Secret PrivateKey::pkcs8_pem() const {
  const ErrorQueueGuard guard;
  const BioPtr out(BIO_new(BIO_s_secmem()));  // wiped when it grows and when it goes
  PEM_write_bio_PKCS8PrivateKey(out.get(), public_.key_->pkey.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return Secret(content(out.get()));
}

}  // namespace watchword::crypto
