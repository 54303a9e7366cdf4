#include "crypto/digest.h"

#include <cstdlib>
#include <cstring>

#include "crypto/evp.h"

namespace watchword::crypto {
namespace {

Digest fetch(const char* name, std::size_t size) {
  const EVP_MD* md = EVP_MD_fetch(nullptr, name, nullptr);  // kept for the life of the process
  if (md == nullptr) std::abort();                          // an OpenSSL without SHA-2: nothing can be checked
  return {md, name, size};
}
const Digest& digest_256() {
  static const Digest digest = fetch("SHA2-256", 32);
  return digest;
}
const Digest& digest_384() {
  static const Digest digest = fetch("SHA2-384", 48);
  return digest;
}
const Digest& digest_512() {
  static const Digest digest = fetch("SHA2-512", 64);
  return digest;
}

}  // namespace

const Digest& digest_of(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::rs256:
    case Algorithm::ps256:
    case Algorithm::es256:
      return digest_256();
    case Algorithm::rs384:
    case Algorithm::ps384:
    case Algorithm::es384:
      return digest_384();
    case Algorithm::rs512:
    case Algorithm::ps512:
    case Algorithm::es512:
    case Algorithm::eddsa:
      return digest_512();
  }
  std::unreachable();
}

void hash(const Digest& digest, ByteView data, std::uint8_t* out) {
  thread_local const MdCtxPtr context(EVP_MD_CTX_new());
  // These fail only for want of memory, and no answer is safe without a digest.
  if (context == nullptr || EVP_DigestInit_ex2(context.get(), digest.md, nullptr) != 1 ||
      EVP_DigestUpdate(context.get(), data.data(), data.size()) != 1 ||
      EVP_DigestFinal_ex(context.get(), out, nullptr) != 1)
    std::abort();
}

Sha256 sha256(ByteView data) {
  Sha256 digest;
  hash(digest_256(), data, digest.data());
  return digest;
}

std::string sha256_hex(std::string_view text) { return to_hex(sha256(text)); }

std::size_t Sha256Hash::operator()(const Sha256& digest) const {
  std::size_t value;
  std::memcpy(&value, digest.data(), sizeof value);
  return value;
}

}  // namespace watchword::crypto
