// Signing and verifying. ECDSA signatures are r || s in JOSE (RFC 7518 3.4) and DER in OpenSSL.
#include <tuple>

#include "crypto/evp.h"

namespace watchword::crypto {
namespace {

constexpr std::size_t kMaxDigest = 64;
constexpr std::size_t kMaxDerSignature = 160;  // P-521: two integers of 67 bytes, their headers and one more

bool is_ecdsa(KeyType type) { return type == KeyType::p256 || type == KeyType::p384 || type == KeyType::p521; }
std::size_t coordinate_size(unsigned bits) { return (bits + 7) / 8; }

// The length of the DER form, or 0. OpenSSL itself refuses r or s outside 1..n-1.
std::size_t to_der(ByteView fixed, std::size_t half, std::array<std::uint8_t, kMaxDerSignature>& out) {
  const int size = static_cast<int>(half);
  BnPtr r(BN_bin2bn(fixed.data(), size, nullptr));
  BnPtr s(BN_bin2bn(fixed.data() + half, size, nullptr));
  const EcdsaSigPtr pair(ECDSA_SIG_new());
  if (!r || !s || !pair || ECDSA_SIG_set0(pair.get(), r.get(), s.get()) != 1) return 0;
  std::ignore = r.release();  // `pair` owns them now
  std::ignore = s.release();
  unsigned char* cursor = out.data();
  const int length = i2d_ECDSA_SIG(pair.get(), &cursor);
  return length < 0 ? 0 : static_cast<std::size_t>(length);
}

bool to_fixed(ByteView der, std::size_t half, Bytes& out) {
  const unsigned char* cursor = der.data();
  const EcdsaSigPtr pair(d2i_ECDSA_SIG(nullptr, &cursor, static_cast<long>(der.size())));
  if (!pair) return false;
  const int size = static_cast<int>(half);
  out.resize(2 * half);
  return BN_bn2binpad(ECDSA_SIG_get0_r(pair.get()), out.data(), size) == size &&
         BN_bn2binpad(ECDSA_SIG_get0_s(pair.get()), out.data() + half, size) == size;
}

bool verify_ed25519(EVP_PKEY* key, ByteView message, ByteView signature) {
  const MdCtxPtr context(EVP_MD_CTX_new());
  return context && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(), message.size()) == 1;
}

bool sign_ed25519(EVP_PKEY* key, ByteView message, Bytes& out) {
  std::size_t size = 64;
  out.resize(size);
  const MdCtxPtr context(EVP_MD_CTX_new());
  return context && EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, key) == 1 &&
         EVP_DigestSign(context.get(), out.data(), &size, message.data(), message.size()) == 1 && size == out.size();
}

bool sign_digest(KeyHandle& key, Algorithm algorithm, ByteView digest, Bytes& out) {
  const PkeyCtxPtr context = key.context(Use::sign, algorithm);
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key.pkey.get()));
  out.resize(size);
  if (!context || EVP_PKEY_sign(context.get(), out.data(), &size, digest.data(), digest.size()) != 1) return false;
  out.resize(size);
  return true;
}

}  // namespace

bool PublicKey::verify(Algorithm algorithm, std::string_view message, ByteView signature) const {
  if (!fits(algorithm, type_)) return false;
  const ErrorQueueGuard guard;
  if (type_ == KeyType::ed25519)
    return signature.size() == 64 && verify_ed25519(key_->pkey.get(), as_bytes(message), signature);

  std::array<std::uint8_t, kMaxDerSignature> der;
  if (is_ecdsa(type_)) {
    const std::size_t half = coordinate_size(bits_);
    if (signature.size() != 2 * half) return false;
    signature = {der.data(), to_der(signature, half, der)};
  } else if (signature.size() != coordinate_size(bits_)) {
    return false;
  }
  const Digest& digest = digest_of(algorithm);
  std::array<std::uint8_t, kMaxDigest> hashed;
  hash(digest, as_bytes(message), hashed.data());
  const PkeyCtxPtr context = key_->context(Use::verify, algorithm);
  return context && EVP_PKEY_verify(context.get(), signature.data(), signature.size(), hashed.data(), digest.size) == 1;
}

Result<Bytes> PrivateKey::sign(Algorithm algorithm, std::string_view message) const {
  if (!fits(algorithm, type()))
    return bad_key("a " + std::string(name(type())) + " key", "a key for " + std::string(name(algorithm)));
  const ErrorQueueGuard guard;
  KeyHandle& key = *public_.key_;
  Bytes out;
  if (type() == KeyType::ed25519) {
    if (!sign_ed25519(key.pkey.get(), as_bytes(message), out)) return fail(Reason::internal, "Ed25519 signing failed");
    return out;
  }
  const Digest& digest = digest_of(algorithm);
  std::array<std::uint8_t, kMaxDigest> hashed;
  hash(digest, as_bytes(message), hashed.data());
  Bytes raw;
  if (!sign_digest(key, algorithm, {hashed.data(), digest.size}, raw))
    return fail(Reason::internal, "signing with " + std::string(name(algorithm)) + " failed");
  if (!is_ecdsa(type())) return raw;
  if (!to_fixed(raw, coordinate_size(public_.bits()), out)) return fail(Reason::internal, "OpenSSL's signature is odd");
  return out;
}

}  // namespace watchword::crypto
