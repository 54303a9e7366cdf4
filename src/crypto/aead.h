// AES-256-GCM: how signing keys are kept in the store.
#pragma once

#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace watchword::crypto {

// The key under which the store's secrets are sealed: 32 bytes.
class SealingKey {
 public:
  // Accepts exactly 32 bytes, or their base64 or hex form (as `openssl rand -base64 32` prints). secret_unavailable
  // else.
  static Result<SealingKey> from_secret(const Secret& secret);
  // nonce (12, random) || ciphertext || tag (16). `context` is authenticated and must be the same to open.
  std::string seal(std::string_view plain, std::string_view context, Random& random) const;
  Result<Secret> open(std::string_view sealed, std::string_view context) const;  // key_invalid when it does not fit

 private:
  explicit SealingKey(Secret key) : key_(std::move(key)) {}
  Secret key_;
};

}  // namespace watchword::crypto
