#include "access/identity_headers.h"

#include <algorithm>
#include <array>

namespace watchword::access {
namespace {

// Of the header fields that name another method, path or host than the one that was decided on, too.
constexpr auto kNames = std::to_array<std::string_view>({"authorization",
                                                         "cf-connecting-ip",
                                                         "client-ip",
                                                         "dpop",
                                                         "expect",
                                                         "forwarded",
                                                         "proxy",
                                                         "proxy-authorization",
                                                         "traceparent",
                                                         "tracestate",
                                                         "true-client-ip",
                                                         "watchword-assertion",
                                                         "x-access-token",
                                                         "x-cluster-client-ip",
                                                         "x-email",
                                                         "x-host",
                                                         "x-id-token",
                                                         "x-jwt-assertion",
                                                         "x-method-override",
                                                         "x-original-host",
                                                         "x-original-method",
                                                         "x-original-uri",
                                                         "x-original-url",
                                                         "x-override-url",
                                                         "x-real-ip",
                                                         "x-request-id",
                                                         "x-rewrite-url",
                                                         "x-scope-orgid",
                                                         "x-user"});
constexpr auto kPrefixes = std::to_array<std::string_view>(
    {"cf-access-",      "client-cert",     "impersonate-", "oidc-",        "remote-",          "ssl-client-",
     "tailscale-user-", "x-amzn-mtls-",    "x-amzn-oidc-", "x-appengine-", "x-arr-clientcert", "x-auth-request-",
     "x-auth-user",     "x-authenticated", "x-authentik-", "x-client-",    "x-consumer-",      "x-credential-",
     "x-endpoint-api-", "x-envoy-",        "x-forwarded-", "x-goog-iap-",  "x-http-method",    "x-ms-client-",
     "x-ms-token-",     "x-pomerium-",     "x-remote-",    "x-ssl-",       "x-teleport-",      "x-tls-client-",
     "x-user-",         "x-watchword-",    "x-webauth-"});

}  // namespace

bool is_identity_header(std::string_view name) {
  return name.find('_') != std::string_view::npos || std::ranges::find(kNames, name) != kNames.end() ||
         std::ranges::any_of(kPrefixes, [&](std::string_view prefix) {
           // Most differ in the first letter: starts_with alone takes at least a third longer for each header.
           return !name.empty() && name.front() == prefix.front() && name.starts_with(prefix);
         });
}

std::span<const std::string_view> identity_headers() { return kNames; }
std::span<const std::string_view> identity_header_prefixes() { return kPrefixes; }

}  // namespace watchword::access
