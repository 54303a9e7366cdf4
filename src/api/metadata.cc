#include "api/metadata.h"

#include <algorithm>
#include <vector>

#include "api/token_request.h"

namespace watchword::api {
namespace {

Json list(std::initializer_list<std::string_view> words) {
  Json all = Json::array();
  for (auto word : words) all.push(word);
  return all;
}

// What our tokens may be signed with at this moment; an old key may be of another algorithm than the active one.
Json signed_with(const access::KeyRing& ring) {
  std::vector<std::string_view> names{crypto::name(ring.algorithm)};
  for (const auto& key : ring.verify_with.keys()) {
    if (!key.algorithm) continue;
    auto name = crypto::name(*key.algorithm);
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  Json all = Json::array();
  for (auto name : names) all.push(name);
  return all;
}

}  // namespace

Json server_metadata(std::string_view url, const access::KeyRing& ring) {
  auto at = [&](std::string_view path) { return std::string(url) + std::string(path); };
  auto client_methods = list({"client_secret_basic", "private_key_jwt"});
  auto client_algorithms = list({"ES256", "ES384", "RS256", "PS256", "EdDSA"});
  return Json::object({
      {"issuer", url},
      {"jwks_uri", at("/.well-known/jwks.json")},
      {"token_endpoint", at("/oauth/token")},
      {"introspection_endpoint", at("/oauth/introspect")},
      {"revocation_endpoint", at("/oauth/revoke")},
      {"grant_types_supported", list({kExchangeGrant})},
      {"response_types_supported", Json::array()},
      {"subject_types_supported", list({"public"})},
      {"id_token_signing_alg_values_supported", signed_with(ring)},
      {"token_endpoint_auth_methods_supported", list({"none"})},
      {"introspection_endpoint_auth_methods_supported", client_methods},
      {"introspection_endpoint_auth_signing_alg_values_supported", client_algorithms},
      {"revocation_endpoint_auth_methods_supported", client_methods},
      {"revocation_endpoint_auth_signing_alg_values_supported", client_algorithms},
      {"dpop_signing_alg_values_supported",
       list({"ES256", "ES384", "ES512", "EdDSA", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512"})},
  });
}

}  // namespace watchword::api
