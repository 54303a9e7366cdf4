#include "crypto/hkdf.h"

#include <openssl/kdf.h>
#include <openssl/params.h>

#include <array>
#include <string>

#include "crypto/evp.h"

namespace watchword::crypto {
namespace {

using KdfPtr = std::unique_ptr<EVP_KDF, FreedBy<EVP_KDF_free>>;
using KdfCtxPtr = std::unique_ptr<EVP_KDF_CTX, FreedBy<EVP_KDF_CTX_free>>;

constexpr std::size_t kMost = std::size_t{255} * 32;

// OpenSSL only reads what its parameters point to, and takes no null even for nothing.
OSSL_PARAM octets(const char* name, std::string_view value) {
  static constexpr char kNothing[] = "";
  const char* bytes = value.empty() ? kNothing : value.data();
  return OSSL_PARAM_construct_octet_string(name, const_cast<char*>(bytes), value.size());
}

}  // namespace

Result<Secret> hkdf_sha256(const Secret& secret, std::string_view salt, std::string_view info, std::size_t size) {
  const ErrorQueueGuard guard;
  if (size == 0 || size > kMost) return bad_key(std::to_string(size) + " bytes to derive", "1 to 8160");
  const KdfPtr kdf(EVP_KDF_fetch(nullptr, OSSL_KDF_NAME_HKDF, nullptr));
  const KdfCtxPtr context(kdf ? EVP_KDF_CTX_new(kdf.get()) : nullptr);
  if (!context) return fail(Reason::internal, "OpenSSL has no HKDF");
  std::array<char, 7> digest{"SHA256"};
  const std::array<OSSL_PARAM, 5> parameters{OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest.data(), 0),
                                             octets(OSSL_KDF_PARAM_KEY, secret.reveal()),
                                             octets(OSSL_KDF_PARAM_SALT, salt), octets(OSSL_KDF_PARAM_INFO, info),
                                             OSSL_PARAM_construct_end()};
  std::string out(size, '\0');
  if (EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(out.data()), size, parameters.data()) != 1)
    return fail(Reason::internal, "OpenSSL refuses to derive");
  return Secret(std::move(out));
}

}  // namespace watchword::crypto
