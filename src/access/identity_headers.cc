#include "access/identity_headers.h"

#include <algorithm>
#include <array>

namespace watchword::access {
namespace {

constexpr auto kNames = std::to_array<std::string_view>(
    {"authorization", "dpop", "expect", "forwarded", "proxy", "traceparent", "tracestate", "watchword-assertion",
     "x-email", "x-host", "x-jwt-assertion", "x-original-host", "x-original-url", "x-real-ip", "x-request-id",
     "x-rewrite-url", "x-scope-orgid", "x-user"});
constexpr auto kPrefixes = std::to_array<std::string_view>(
    {"cf-access-",      "impersonate-",     "remote-",       "ssl-client-",  "tailscale-user-", "x-amzn-oidc-",
     "x-auth-request-", "x-authenticated-", "x-client-",     "x-consumer-",  "x-credential-",   "x-endpoint-api-",
     "x-forwarded-",    "x-goog-iap-",      "x-http-method", "x-ms-client-", "x-ms-token-",     "x-pomerium-",
     "x-remote-",       "x-ssl-",           "x-watchword-",  "x-webauth-"});

}  // namespace

bool is_identity_header(std::string_view name) {
  return name.find('_') != std::string_view::npos || std::ranges::find(kNames, name) != kNames.end() ||
         std::ranges::any_of(kPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

std::span<const std::string_view> identity_headers() { return kNames; }

}  // namespace watchword::access
