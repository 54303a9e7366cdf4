#include "support/mint.h"

#include <cstdlib>
#include <utility>

#include "base/encoding.h"
#include "jose/jws.h"

namespace watchword::testing {
namespace {

using crypto::Algorithm;
using crypto::KeyType;

KeyType type_for(Algorithm algorithm) {
  for (const KeyType type : {KeyType::rsa, KeyType::p256, KeyType::p384, KeyType::p521})
    if (crypto::fits(algorithm, type)) return type;
  return KeyType::ed25519;
}

}  // namespace

Issuer Issuer::make(Algorithm algorithm, std::string kid) {
  return {algorithm, std::move(kid), crypto::PrivateKey::generate(type_for(algorithm)).value()};
}

std::string Issuer::mint(const Json& claims, std::string_view typ) const {
  return jose::sign_jws(key, algorithm, {.typ = typ, .kid = kid}, claims.dump()).value();
}

std::string Issuer::mint_raw(std::string_view header, std::string_view payload) const {
  const std::string input = to_base64url(as_bytes(header)) + "." + to_base64url(as_bytes(payload));
  return input + "." + to_base64url(key.sign(algorithm, input).value());
}

jose::KeySet Issuer::keys() const {
  std::vector<jose::Jwk> keys;
  keys.push_back({kid, algorithm, key.public_key()});
  return jose::KeySet::of(std::move(keys));
}

std::string Issuer::jwks() const {
  return Json::object({{"keys", Json::array().push(jose::to_json(key.public_key(), kid, algorithm))}}).dump();
}

Json gitlab_claims(Time now) {
  const std::int64_t issued = to_unix(now);
  return Json::object({
      {"iss", kIssuerUrl},
      {"sub", "project_path:acme/billing:ref_type:branch:ref:main"},
      {"aud", kAudience},
      {"iat", issued},
      {"nbf", issued - 5},
      {"exp", issued + 3600},
      {"jti", "0b5e9f4c-5c7e-4bd1-8a4e-3f6d2a7c9e10"},
      {"project_id", "42"},
      {"project_path", "acme/billing"},
      {"namespace_id", "7"},
      {"namespace_path", "acme"},
      {"job_project_id", "42"},
      {"job_project_path", "acme/billing"},
      {"job_namespace_id", "7"},
      {"job_namespace_path", "acme"},
      {"user_id", "1001"},
      {"user_login", "jane"},
      {"user_email", "jane@example.com"},
      {"user_access_level", "maintainer"},
      {"user_identities", Json::array().push(Json::object({{"provider", "saml"}, {"extern_uid", "jane@example.com"}}))},
      {"groups_direct", Json::array().push("acme").push("acme/release-managers")},
      {"pipeline_id", "815"},
      {"pipeline_source", "push"},
      {"job_id", "4711"},
      {"job_source", "push"},
      {"job_config", Json::object({{"url", "https://gitlab.example.com/acme/policies/-/blob/main/policy.yml"},
                                   {"sha", "3f786850e387550fdab836ed7e6dc881de23001b"}})},
      {"ref", "main"},
      {"ref_type", "branch"},
      {"ref_path", "refs/heads/main"},
      {"ref_protected", "true"},
      {"environment", "production"},
      {"environment_protected", "true"},
      {"environment_action", "start"},
      {"deployment_tier", "production"},
      {"runner_id", 12},
      {"runner_environment", "self-hosted"},
      {"sha", "9f3c2d1e4b5a69788796a5b4c3d2e1f009182736"},
      {"ci_config_ref_uri", "gitlab.example.com/acme/billing//.gitlab-ci.yml@refs/heads/main"},
      {"ci_config_sha", "9f3c2d1e4b5a69788796a5b4c3d2e1f009182736"},
      {"project_visibility", "private"},
      {"target_audience", kAudience},
  });
}

}  // namespace watchword::testing
