// Asymmetric keys and signatures over OpenSSL 3 EVP. A key is parsed once and then used from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/result.h"
#include "base/secret.h"

namespace watchword::crypto {

struct KeyHandle;  // OpenSSL's key and what was prepared from it (crypto/evp.h)

enum class KeyType : std::uint8_t { rsa, p256, p384, p521, ed25519 };

// JWS algorithms (RFC 7518 3.1, RFC 8037). There is no `none` and no HMAC: they cannot be named.
enum class Algorithm : std::uint8_t { rs256, rs384, rs512, ps256, ps384, ps512, es256, es384, es512, eddsa };

std::string_view name(Algorithm algorithm);                      // "RS256", ..., "EdDSA"
std::optional<Algorithm> algorithm_from_name(std::string_view);  // exact; "Ed25519" (RFC 9864 2.2) is EdDSA too
std::string_view name(KeyType type);                             // "RSA", "P-256", ..., "Ed25519"
bool fits(Algorithm algorithm, KeyType type);                    // RFC 7518 3.4: ES256 is P-256 only, and so on

class PublicKey {
 public:
  // All refuse weak or malformed keys with key_invalid: RSA 2048 to 8192 bits with an odd exponent of at least 65537
  // and less than 2^32 (RFC 8725 3.2 and NIST SP 800-56B), EC points that are not on the curve, wrong coordinate
  // lengths, Ed25519 points of small order (any message has a signature under them).
  static Result<PublicKey> from_rsa(ByteView modulus, ByteView exponent);   // big-endian, no leading zeros
  static Result<PublicKey> from_ec(KeyType curve, ByteView x, ByteView y);  // full-length coordinates
  static Result<PublicKey> from_ed25519(ByteView x);                        // 32 bytes
  static Result<PublicKey> from_pem(
      std::string_view pem);  // SubjectPublicKeyInfo; no explicit curves, no RSASSA-PSS keys

  KeyType type() const { return type_; }
  unsigned bits() const { return bits_; }  // of the modulus, or of the curve's field
  // ECDSA signatures are the fixed-length r || s of RFC 7518 3.4. False for any algorithm that does not fit the key.
  bool verify(Algorithm algorithm, std::string_view message, ByteView signature) const;

  struct Rsa {
    Bytes n, e;
  };
  struct Ec {
    Bytes x, y;
  };
  Rsa rsa() const;        // only for KeyType::rsa
  Ec ec() const;          // only for the curves
  Bytes ed25519() const;  // only for Ed25519
  std::string pem() const;

 private:
  friend class PrivateKey;
  PublicKey(std::shared_ptr<KeyHandle> key, KeyType type, unsigned bits)
      : key_(std::move(key)), type_(type), bits_(bits) {}
  static Result<PublicKey> adopt(std::shared_ptr<KeyHandle> key);  // the checks above, whatever the key came from
  std::shared_ptr<KeyHandle> key_;
  KeyType type_;
  unsigned bits_;
};

class PrivateKey {
 public:
  static Result<PrivateKey> generate(KeyType type, unsigned rsa_bits = 2048);  // from OpenSSL's own generator
  static Result<PrivateKey> from_ed25519_seed(ByteView seed);                  // 32 bytes (RFC 8032 5.1.5)
  static Result<PrivateKey> from_pkcs8_pem(std::string_view pem);              // the same limits as PublicKey

  KeyType type() const { return public_.type(); }
  const PublicKey& public_key() const { return public_; }
  // The signature in its JWS form. key_invalid when the algorithm does not fit the key.
  Result<Bytes> sign(Algorithm algorithm, std::string_view message) const;
  Secret pkcs8_pem() const;

 private:
  explicit PrivateKey(PublicKey key) : public_(std::move(key)) {}
  PublicKey public_;  // its handle holds the pair
};

}  // namespace watchword::crypto
