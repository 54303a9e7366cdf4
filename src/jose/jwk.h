// JSON Web Keys and key sets (RFC 7517, 8037), read with the suspicion that a public document deserves.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "crypto/key.h"

namespace watchword::jose {

// A public key for verifying signatures, with what its publisher says it may be used for.
struct Jwk {
  std::string kid;                             // empty when the publisher gave none
  std::optional<crypto::Algorithm> algorithm;  // "alg": when present, the only one allowed
  crypto::PublicKey key;
};

// Refuses (key_invalid): private or symmetric members, kty/crv/alg that contradict each other, use other than "sig",
// key_ops without "verify", values that are not strict base64url.
Result<Jwk> parse_jwk(const Json& json);
// The public members, kid, use "sig" and alg.
Json to_json(const crypto::PublicKey& key, std::string_view kid, crypto::Algorithm algorithm);
// RFC 7638 thumbprint, base64url of SHA-256.
std::string thumbprint(const crypto::PublicKey& key);

// An immutable key set; keys are parsed once, found by kid in O(log n). Share by shared_ptr<const KeySet>.
class KeySet {
 public:
  // key_set_invalid when the document is not a key set, is beyond `max_keys`, or has two usable keys of one kid.
  // Keys of other types or uses are skipped and counted (RFC 7517 5), so that an issuer may publish more than we use.
  static Result<KeySet> parse(std::string_view document, std::size_t max_keys = 100);
  static KeySet of(std::vector<Jwk> keys);  // for keys of our own, each with its own kid

  const Jwk* find(std::string_view kid) const;  // null when unknown, and for the empty kid
  const std::vector<Jwk>& keys() const { return keys_; }
  std::size_t skipped() const { return skipped_; }

 private:
  std::vector<Jwk> keys_;  // sorted by kid
  std::size_t skipped_ = 0;
};

}  // namespace watchword::jose
