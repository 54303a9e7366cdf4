#include "gateway/forward.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchword::gateway {
namespace {

constexpr std::array<std::string_view, 9> kHopByHop = {
    "connection",        "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer",
    "transfer-encoding", "upgrade"};

// Headers with which proxies tell backends who calls. Only this gate may, so a client's are never passed on.
constexpr auto kIdentity = std::to_array<std::string_view>(
    {"authorization", "dpop", "expect", "forwarded", "proxy", "traceparent", "tracestate", "watchword-assertion",
     "x-email", "x-host", "x-jwt-assertion", "x-original-host", "x-original-url", "x-real-ip", "x-request-id",
     "x-rewrite-url", "x-scope-orgid", "x-user"});
constexpr auto kIdentityPrefixes = std::to_array<std::string_view>(
    {"cf-access-",      "impersonate-",     "remote-",       "ssl-client-",  "tailscale-user-", "x-amzn-oidc-",
     "x-auth-request-", "x-authenticated-", "x-client-",     "x-consumer-",  "x-credential-",   "x-endpoint-api-",
     "x-forwarded-",    "x-goog-iap-",      "x-http-method", "x-ms-client-", "x-ms-token-",     "x-pomerium-",
     "x-remote-",       "x-ssl-",           "x-watchword-",  "x-webauth-"});

bool is_identity(std::string_view name) {
  return name.find('_') != std::string_view::npos || std::ranges::find(kIdentity, name) != kIdentity.end() ||
         std::ranges::any_of(kIdentityPrefixes, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

// Of the job, or of the gate's own; neither may come from the client, as a header or as a trailer.
bool is_reserved(std::string_view name, const Route& route) {
  return is_identity(name) ||
         std::ranges::any_of(route.inject, [&](const Route::Injected& injected) { return injected.name == name; });
}

}  // namespace

void remove_hop_by_hop(http::Headers& headers) {
  std::vector<std::string> named;
  for (const auto& header : headers)
    if (header.name == "connection")
      for (auto token : split(header.value, ',')) named.push_back(ascii_lower(trim(token)));
  headers.remove_if([&](const http::Header& header) {
    return std::ranges::find(kHopByHop, header.name) != kHopByHop.end() ||
           std::ranges::find(named, header.name) != named.end();
  });
}

http::RequestHead to_upstream(http::RequestHead request, const net::Peer& peer, std::string target, const Route& route,
                              const Introduction& introduction) {
  http::RequestHead head{request.method, route.origin.scheme, route.origin.authority, std::move(target),
                         std::move(request.headers)};
  remove_hop_by_hop(head.headers);
  head.headers.remove_if([&](const http::Header& header) { return is_reserved(header.name, route); });
  if (!peer.address.empty()) head.headers.add("x-forwarded-for", peer.address);
  head.headers.add("x-forwarded-host", request.authority);
  head.headers.add("x-forwarded-proto", request.scheme);
  head.headers.add("x-request-id", introduction.request_id);
  head.headers.add("traceparent", introduction.traceparent);
  head.headers.add("watchword-assertion", introduction.assertion);
  for (const auto& injected : route.inject) head.headers.add(injected.name, std::string(injected.value.reveal()));
  return head;
}

net::Task<Result<std::string_view>> UpstreamBody::next(http::Body& body, std::shared_ptr<Passed> passed) {
  auto piece = co_await body.next();
  if (piece) passed->bytes += piece->size();
  if (piece && piece->empty()) {
    passed->trailers = body.trailers();
    remove_hop_by_hop(passed->trailers);
    passed->trailers.remove_if([&](const http::Header& header) { return is_reserved(header.name, *passed->route); });
  }
  co_return piece;
}

http::ResponseHead to_client(http::ResponseHead response) {
  remove_hop_by_hop(response.headers);
  return response;
}

}  // namespace watchword::gateway
