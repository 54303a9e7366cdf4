// Where a request comes from: its id, its trace and its peer, for its record and for what is passed on.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/random.h"
#include "http/message.h"
#include "net/stream.h"

namespace watchword::access {

// How a request came, for its record.
struct Origin {
  std::string request_id, trace, peer;
  bool sampled = false;  // the caller records its trace
};

// W3C Trace Context 1, section 3.2.
struct TraceParent {
  std::string trace_id;   // 32 lower-case hex digits, not all zero
  std::string parent_id;  // 16, not all zero
  bool sampled = false;
};
// Strict: lower case only, no version ff; later versions are read as far as version 00 goes. nullopt else.
std::optional<TraceParent> parse_traceparent(std::string_view text);

// request_id: X-Request-Id when it is at most 128 of [A-Za-z0-9._-], else a random one. trace: the trace id of a valid
// traceparent, else a new one. peer: "192.0.2.7:1234", or "unix:uid=1000". None of these is to be believed.
Origin origin_of(const http::RequestHead& request, const net::Peer& peer, Random& random);
// The traceparent to pass on: the origin's trace, and a new span of it.
std::string traceparent_of(const Origin& origin, Random& random);

}  // namespace watchword::access
