// Contexts made ready once for each use and algorithm of a key.
#include <openssl/rsa.h>

#include "crypto/evp.h"

namespace watchword::crypto {
namespace {

bool is_rsa_pss(Algorithm algorithm) {
  return algorithm == Algorithm::ps256 || algorithm == Algorithm::ps384 || algorithm == Algorithm::ps512;
}

// RFC 7518 3.5: MGF1 with the same hash, a salt of exactly the hash's length.
bool set_rsa_padding(EVP_PKEY_CTX* context, Algorithm algorithm, const Digest& digest) {
  if (!is_rsa_pss(algorithm)) return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 &&
         EVP_PKEY_CTX_set_rsa_mgf1_md(context, digest.md) == 1 &&
         EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1;
}

PkeyCtxPtr prepare(EVP_PKEY* key, Use use, Algorithm algorithm) {
  const Digest& digest = digest_of(algorithm);
  PkeyCtxPtr context(EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr));
  if (context == nullptr) return nullptr;
  const int started = use == Use::sign ? EVP_PKEY_sign_init(context.get()) : EVP_PKEY_verify_init(context.get());
  if (started != 1 || EVP_PKEY_CTX_set_signature_md(context.get(), digest.md) != 1) return nullptr;
  if (fits(algorithm, KeyType::rsa) && !set_rsa_padding(context.get(), algorithm, digest)) return nullptr;
  return context;
}

}  // namespace

KeyHandle::~KeyHandle() {
  for (auto& uses : ready_)
    for (auto& context : uses) EVP_PKEY_CTX_free(context.load(std::memory_order_acquire));
}

PkeyCtxPtr KeyHandle::context(Use use, Algorithm algorithm) {
  auto& slot = ready_[static_cast<std::size_t>(use)][static_cast<std::size_t>(algorithm)];
  const EVP_PKEY_CTX* ready = slot.load(std::memory_order_acquire);
  if (ready == nullptr) {
    PkeyCtxPtr made = prepare(pkey.get(), use, algorithm);
    if (made == nullptr) return nullptr;
    EVP_PKEY_CTX* other = nullptr;  // another thread may have been first
    ready = slot.compare_exchange_strong(other, made.get(), std::memory_order_acq_rel) ? made.release() : other;
  }
  return PkeyCtxPtr(EVP_PKEY_CTX_dup(ready));
}

}  // namespace watchword::crypto
