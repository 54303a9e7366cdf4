// Verification of JWTs (RFC 7519, 8725). Pure: keys, expectations and the time go in, a VerifiedToken or a reason comes
// out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "jose/jwk.h"
#include "jose/jws.h"

namespace watchword::jose {

// What a token must be. An empty issuer or audience list is a configuration error and never "anything".
struct Expectations {
  std::string issuer;                            // exact
  std::vector<std::string> audiences;            // one of the token's aud must equal one of these
  std::vector<crypto::Algorithm> algorithms;     // the issuer's allow-list
  std::vector<std::string> types = {"jwt", ""};  // accepted typ, lower case; "" means absent
  Duration skew = std::chrono::seconds(60);
  std::optional<Duration> max_age;  // since iat, which is then mandatory
};

// Proof that a token was verified: only Verifier makes one.
class VerifiedToken {
 public:
  const Json& claims() const& { return claims_; }
  Json claims() && { return std::move(claims_); }
  std::string_view issuer() const { return issuer_; }
  std::string_view subject() const { return subject_; }  // may be empty
  Time expires() const { return expires_; }
  std::optional<Time> issued() const { return issued_; }
  const std::string& sha256() const { return sha256_; }  // lower-case hex of the compact token

 private:
  friend class Verifier;
  VerifiedToken() = default;
  Json claims_;
  std::string issuer_, subject_, sha256_;
  Time expires_;
  std::optional<Time> issued_;
};

// One step of a verification, for `watchword token verify`, which says check by check what holds.
struct Check {
  std::string name;  // "signature", "audience", ...
  std::optional<Error> failure;
  std::string detail;  // what held, for example the kid and algorithm
};

class Verifier {
 public:
  // config_invalid for an empty issuer, list of audiences or algorithms, an empty audience, a negative skew or max_age.
  static Result<Verifier> make(Expectations expectations);
  const Expectations& expectations() const { return expectations_; }

  // Threads: any. The checks in order: type, algorithm, key (key_unknown: the caller may refetch), algorithm against
  // key, signature, iss, aud, exp, nbf, iat, age. The first that fails is the answer.
  Result<VerifiedToken> verify(UnverifiedToken token, const KeySet& keys, Time now) const;
  // A token without kid is tried against the set's only fitting key; several fitting keys are ambiguous (key_unknown).

  // All checks, whatever fails. Claims checks follow only a good signature.
  std::vector<Check> explain(const UnverifiedToken& token, const KeySet& keys, Time now) const;

  // For DPoP proofs and other self-contained tokens: signature by exactly this key and nothing else is checked.
  static Result<Json> verify_signature_only(UnverifiedToken token, const crypto::PublicKey& key);

 private:
  explicit Verifier(Expectations expectations) : expectations_(std::move(expectations)) {}
  Status check_type(const UnverifiedToken& token) const;
  Status check_algorithm(const UnverifiedToken& token) const;
  static Status check_signature(const UnverifiedToken& token, const crypto::PublicKey& key);
  Expectations expectations_;
};

// The aud claim as a list: a string or an array of strings (RFC 7519 4.1.3). audience_missing, claim_invalid.
Result<std::vector<std::string_view>> audiences_of(const Json& claims);

}  // namespace watchword::jose
