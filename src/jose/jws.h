// Compact JWS (RFC 7515 7.1): taken apart without trust, and signed.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/encoding.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "crypto/key.h"

namespace watchword::jose {

inline constexpr std::size_t kMaxTokenBytes = 16'384;

// A well-formed token that nobody has verified. It has no accessor for its claims: only Verifier opens them.
// Moves, and does not copy.
class UnverifiedToken {
 public:
  // token_malformed, token_too_large, algorithm_not_allowed (none, HMAC, unknown), critical_header_unknown.
  static Result<UnverifiedToken> parse(std::string_view compact);

  crypto::Algorithm algorithm() const { return algorithm_; }
  std::string_view kid() const { return kid_; }   // may be empty
  std::string_view typ() const { return typ_; }   // lower case, without a leading "application/"; may be empty
  const Json& header() const { return header_; }  // for DPoP's "jwk"
  // The iss claim, to choose whose keys to try. It is a hint and must not be believed. Empty when there is none.
  std::string_view issuer_hint() const { return issuer_hint_; }

 private:
  friend class Verifier;
  UnverifiedToken() = default;
  crypto::Algorithm algorithm_{};
  std::string_view signing_input() const { return compact_.reveal().substr(0, signed_size_); }

  std::string kid_, typ_, issuer_hint_;
  Secret compact_;
  std::size_t signed_size_ = 0;  // of "header.payload", the start of compact_
  std::string signature_;        // decoded
  Json header_, claims_;
};

// What to put beside alg in the header. Empty members are left out.
struct JwsHeader {
  std::string_view typ = {};
  std::string_view kid = {};
  const Json* jwk = nullptr;  // DPoP
};
// header.payload.signature. `payload` is signed as it is. key_invalid when the algorithm does not fit the key.
Result<std::string> sign_jws(const crypto::PrivateKey& key, crypto::Algorithm algorithm, const JwsHeader& header,
                             std::string_view payload);

}  // namespace watchword::jose
