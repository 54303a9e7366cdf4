// OpenSSL 3 handles for the .cc files of crypto/: freed with their scope, fetched once.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <atomic>
#include <memory>
#include <utility>

#include "crypto/key.h"

namespace watchword::crypto {

template <auto Free>
struct FreedBy {
  template <class T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
using PkeyPtr = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;
using PkeyCtxPtr = std::unique_ptr<EVP_PKEY_CTX, FreedBy<EVP_PKEY_CTX_free>>;
using MdCtxPtr = std::unique_ptr<EVP_MD_CTX, FreedBy<EVP_MD_CTX_free>>;
using BnPtr = std::unique_ptr<BIGNUM, FreedBy<BN_free>>;
using EcdsaSigPtr = std::unique_ptr<ECDSA_SIG, FreedBy<ECDSA_SIG_free>>;
using BioPtr = std::unique_ptr<BIO, FreedBy<BIO_free_all>>;

// OpenSSL's error queue belongs to the thread, and SSL_get_error reads it: whoever fails must leave it empty.
class ErrorQueueGuard {
 public:
  ErrorQueueGuard() = default;
  ErrorQueueGuard(const ErrorQueueGuard&) = delete;
  ErrorQueueGuard& operator=(const ErrorQueueGuard&) = delete;
  ~ErrorQueueGuard() { ERR_clear_error(); }
};

// A digest and its OpenSSL name, fetched once: a fetch per call costs more than the hash of a token.
struct Digest {
  const EVP_MD* md;
  const char* name;
  std::size_t size;
};
const Digest& digest_of(Algorithm algorithm);  // not for EdDSA, which hashes by itself
// Hashes in one go with a context that the thread keeps. `out` has at least digest.size bytes.
void hash(const Digest& digest, ByteView data, std::uint8_t* out);

enum class Use : std::uint8_t { verify, sign };

// A key, and for each use and algorithm a context made ready on first use. Copying a ready context saves the look-up
// of the algorithm's implementation, about a tenth of a signature check. Threads: any.
struct KeyHandle {
  explicit KeyHandle(PkeyPtr key) : pkey(std::move(key)) {}
  KeyHandle(const KeyHandle&) = delete;
  KeyHandle& operator=(const KeyHandle&) = delete;
  ~KeyHandle();
  PkeyCtxPtr context(Use use, Algorithm algorithm);  // null when OpenSSL refuses

  PkeyPtr pkey;

 private:
  std::array<std::array<std::atomic<EVP_PKEY_CTX*>, 10>, 2> ready_{};  // by Use, by Algorithm
};

inline std::unexpected<Error> bad_key(std::string found, std::string expected) {
  return fail(Reason::key_invalid, std::move(found), std::move(expected));
}

}  // namespace watchword::crypto
