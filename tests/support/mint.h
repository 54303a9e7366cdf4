// An issuer for tests: a key, and tokens signed with it. Tests inside namespace watchword that include this must
// write gmock's names in full (::testing::HasSubstr).
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "crypto/key.h"
#include "jose/jwk.h"

namespace watchword::testing {

inline constexpr std::string_view kIssuerUrl = "https://gitlab.example.com";  // iss of gitlab_claims
inline constexpr std::string_view kAudience = "https://gate.example.com";     // aud of gitlab_claims

struct Issuer {
  // A new random key each time, of the type that `algorithm` needs.
  static Issuer make(crypto::Algorithm algorithm = crypto::Algorithm::es256, std::string kid = "key-1");
  // A compact JWS with the header {alg, kid, typ}; an empty kid or typ is left out.
  std::string mint(const Json& claims, std::string_view typ = "JWT") const;
  // The same with a payload and a header of any text, for what a strict minter would not write.
  std::string mint_raw(std::string_view header, std::string_view payload) const;
  jose::KeySet keys() const;
  std::string jwks() const;  // the document that the issuer would publish

  crypto::Algorithm algorithm;
  std::string kid;
  crypto::PrivateKey key;
};

// The payload of a job's ID token with every claim that GitLab documents: project acme/billing (42), protected branch
// main, environment production, job 4711 of pipeline 815, started by user jane. Issued at `now`, valid for an hour.
// Change what a test needs with Json::set.
Json gitlab_claims(Time now);

}  // namespace watchword::testing
