#include "envoy/bootstrap_headers.h"

#include <algorithm>
#include <array>

namespace watchword::envoy {
namespace {

// `authorization` and `dpop` are missing on purpose: the gate must read them. It has them removed with its answer, and
// the virtual hosts remove them once more.
constexpr auto kForged = std::to_array<ForgedHeader>({
    {"cf-access-", true},
    {"forwarded"},
    {"impersonate-", true},
    {"proxy"},
    {"remote-", true},
    {"ssl-client-", true},
    {"tailscale-user-", true},
    {"watchword-", true},
    {"x-amzn-oidc-", true},
    {"x-auth-request-", true},
    {"x-authenticated-", true},
    {"x-client-", true},
    {"x-consumer-", true},
    {"x-credential-", true},
    {"x-email"},
    {"x-endpoint-api-", true},
    {"x-envoy-", true},
    {"x-forwarded-", true},
    {"x-goog-iap-", true},
    {"x-host"},
    {"x-http-method", true},
    {"x-jwt-assertion"},
    {"x-ms-client-", true},
    {"x-ms-token-", true},
    {"x-original-host"},
    {"x-original-url"},
    {"x-pomerium-", true},
    {"x-real-ip"},
    {"x-remote-", true},
    {"x-request-id"},
    {"x-rewrite-url"},
    {"x-scope-orgid"},
    {"x-ssl-", true},
    {"x-user"},
    {"x-watchword-", true},
    {"x-webauth-", true},
});

// Header names are compared in lower case by Envoy, whatever the client sent.
bool covers(const Json& mutation, const ForgedHeader& header) {
  if (mutation.find_string("remove") != nullptr)
    return !header.prefix && *mutation.find_string("remove") == header.name;
  const Json* match = mutation.find("remove_on_match");
  const Json* key = match != nullptr ? match->find("key_matcher") : nullptr;
  if (key == nullptr) return false;
  if (const auto* prefix = key->find_string("prefix"); prefix != nullptr) return header.name.starts_with(*prefix);
  const auto* exact = key->find_string("exact");
  return exact != nullptr && !header.prefix && *exact == header.name;
}

}  // namespace

std::span<const ForgedHeader> forged_headers() { return kForged; }

Json remove_forged_headers() {
  Json list = Json::array();
  for (const auto& header : kForged) {
    auto key = Json::object({{header.prefix ? "prefix" : "exact", header.name}});
    list.push(Json::object({{"remove_on_match", Json::object({{"key_matcher", std::move(key)}})}}));
  }
  return list;
}

bool removes(const Json& mutations, const ForgedHeader& header) {
  return mutations.array_items() != nullptr &&
         std::ranges::any_of(*mutations.array_items(), [&](const Json& one) { return covers(one, header); });
}

}  // namespace watchword::envoy
