#include "gateway/forward.h"

#include <algorithm>

#include "access/identity_headers.h"
#include "gateway/redact.h"
#include "http/grpc.h"
#include "http/hop_by_hop.h"

namespace watchword::gateway {
namespace {

// Of the job, or of the gate's own; neither may come from the client, as a header or as a trailer.
bool is_reserved(std::string_view name, const Route& route) {
  return access::is_identity_header(name) ||
         std::ranges::any_of(route.inject, [&](const Route::Injected& injected) { return injected.name == name; });
}

// So that the answer can be read through.
void ask_for_plain_answer(http::Headers& headers) {
  for (const auto* name : {"range", "if-range", "grpc-accept-encoding", "connect-accept-encoding"})
    headers.remove(name);
  headers.set("accept-encoding", "identity");
}

}  // namespace

http::RequestHead to_upstream(http::RequestHead request, const net::Peer& peer, std::string target, const Route& route,
                              const Introduction& introduction) {
  http::RequestHead head{request.method, route.origin.scheme, route.origin.authority, std::move(target),
                         std::move(request.headers)};
  head.protocol = std::move(request.protocol);
  http::remove_hop_by_hop(head.headers);
  if (http::is_grpc(head.headers)) head.headers.add("te", "trailers");
  head.headers.remove_if([&](const http::Header& header) { return is_reserved(header.name, route); });
  if (!route.redact.empty()) ask_for_plain_answer(head.headers);
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
  if (piece && passed->flight) WW_CO_CHECK(passed->flight->pass(passed->flight->bytes_up, piece->size()));
  if (piece && piece->empty()) {
    passed->trailers = body.trailers();
    http::remove_hop_by_hop(passed->trailers);
    passed->trailers.remove_if([&](const http::Header& header) { return is_reserved(header.name, *passed->route); });
  }
  co_return piece;
}

http::ResponseHead to_client(http::ResponseHead response, const Route& route) {
  response.headers = trailers_to_client(std::move(response.headers), route);
  return response;
}

http::Headers trailers_to_client(http::Headers trailers, const Route& route) {
  http::remove_hop_by_hop(trailers);
  const auto drop = [&](const http::Header& header) {
    return std::ranges::find(route.remove, header.name) != route.remove.end();
  };
  if (!route.remove.empty()) trailers.remove_if(drop);
  if (route.redact.empty()) return trailers;
  http::Headers masked;
  for (const auto& header : trailers) masked.add(header.name, redacted(header.value, route.redact));
  return masked;
}

}  // namespace watchword::gateway
