#include "context/webhook_digest.h"

#include <openssl/core_names.h>

#include <array>
#include <cstdlib>
#include <string>

#include "base/encoding.h"

namespace watchword::context {
namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

EVP_MAC_CTX* new_hmac() {
  static EVP_MAC* const algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);  // kept for the life of the process
  return algorithm == nullptr ? nullptr : EVP_MAC_CTX_new(algorithm);
}

}  // namespace

HmacSha256::HmacSha256(const Secret& key) : mac_(new_hmac()) {
  std::string digest = "SHA256";
  const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                              OSSL_PARAM_construct_end()};
  const ByteView bytes = as_bytes(key.reveal());
  must(mac_ && EVP_MAC_init(mac_.get(), bytes.data(), bytes.size(), parameters.data()) == 1);
}

void HmacSha256::add(std::string_view piece) {
  const ByteView bytes = as_bytes(piece);
  must(EVP_MAC_update(mac_.get(), bytes.data(), bytes.size()) == 1);
}

crypto::Sha256 HmacSha256::finish() {
  crypto::Sha256 out;
  std::size_t size = 0;
  must(EVP_MAC_final(mac_.get(), out.data(), &size, out.size()) == 1 && size == out.size());
  return out;
}

Sha256Stream::Sha256Stream() : digest_(EVP_MD_CTX_new()) {
  must(digest_ && EVP_DigestInit_ex(digest_.get(), EVP_sha256(), nullptr) == 1);
}

void Sha256Stream::add(std::string_view piece) {
  must(EVP_DigestUpdate(digest_.get(), piece.data(), piece.size()) == 1);
}

crypto::Sha256 Sha256Stream::finish() {
  crypto::Sha256 out;
  unsigned size = 0;
  must(EVP_DigestFinal_ex(digest_.get(), out.data(), &size) == 1 && size == out.size());
  return out;
}

}  // namespace watchword::context
