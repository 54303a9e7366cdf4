// Digests of a webhook's body as it arrives, over OpenSSL 3 EVP.
#pragma once

#include <openssl/evp.h>

#include <memory>
#include <string_view>

#include "base/secret.h"
#include "crypto/digest.h"

namespace watchword::context {

// Both fail only for want of memory or of the algorithm itself, and no answer is safe without them: they abort then.
class HmacSha256 {
 public:
  explicit HmacSha256(const Secret& key);  // which need not outlive it
  void add(std::string_view piece);
  crypto::Sha256 finish();  // once

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* mac) const { EVP_MAC_CTX_free(mac); }
  };
  std::unique_ptr<EVP_MAC_CTX, Free> mac_;
};

class Sha256Stream {
 public:
  Sha256Stream();
  void add(std::string_view piece);
  crypto::Sha256 finish();  // once

 private:
  struct Free {
    void operator()(EVP_MD_CTX* digest) const { EVP_MD_CTX_free(digest); }
  };
  std::unique_ptr<EVP_MD_CTX, Free> digest_;
};

}  // namespace watchword::context
