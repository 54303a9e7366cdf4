// The ceiling: what bare OpenSSL takes for the signatures that nothing can do without.
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <memory>

#include "bench/bench.h"
#include "jose/jws.h"
#include "support/mint.h"

namespace watchword::bench {
namespace {

using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using Context = std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)>;

Context new_context() { return {EVP_MD_CTX_new(), EVP_MD_CTX_free}; }

std::string sign(EVP_PKEY* key, std::string_view message) {
  const auto context = new_context();
  std::size_t size = 512;
  std::string signature(size, '\0');
  const auto* data = reinterpret_cast<const unsigned char*>(message.data());
  must(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
           EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size, data,
                          message.size()) == 1,
       "OpenSSL does not sign");
  signature.resize(size);
  return signature;
}

void verify(EVP_PKEY* key, std::string_view message, std::string_view signature) {
  const auto context = new_context();
  must(EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key) == 1 &&
           EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                            reinterpret_cast<const unsigned char*>(message.data()), message.size()) == 1,
       "OpenSSL does not verify");
}

}  // namespace

Json crypto_bench() {
  const Key rsa(EVP_RSA_gen(2048), EVP_PKEY_free), p256(EVP_EC_gen("P-256"), EVP_PKEY_free);
  must(rsa && p256, "OpenSSL makes no keys");
  const auto issuer = testing::Issuer::make(crypto::Algorithm::rs256);
  const auto token = issuer.mint(testing::gitlab_claims(from_unix(1'790'000'000)));
  const auto message = token.substr(0, token.rfind('.'));
  const auto signature = sign(rsa.get(), message), own_signature = sign(p256.get(), message);
  return measured({{"rs256_verify", [&] { verify(rsa.get(), message, signature); }},
                   {"es256_verify", [&] { verify(p256.get(), message, own_signature); }},
                   {"es256_sign", [&] { sign(p256.get(), message); }}},
                  5);
}

}  // namespace watchword::bench
