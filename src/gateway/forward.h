// What crosses the proxy: the request head as the backend gets it, the response head as the client gets it.
#pragma once

#include <string>
#include <string_view>

#include "gateway/routes.h"
#include "http/message.h"
#include "net/stream.h"

namespace watchword::gateway {

// Who the backend is told is calling.
struct Introduction {
  std::string assertion, traceparent, request_id;
};

// Removed: hop-by-hop headers (RFC 9110 7.6.1), the job's credential, every header with which backends are told an
// identity, and names with '_' (CGI-like backends read them as '-'). `target`: the normalised path and the query.
http::RequestHead to_upstream(const http::RequestHead& request, const net::Peer& peer, std::string target,
                              const Route& route, const Introduction& introduction);
http::ResponseHead to_client(const http::ResponseHead& response);
void remove_hop_by_hop(http::Headers& headers);

}  // namespace watchword::gateway
