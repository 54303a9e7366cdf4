// The door's answer as Envoy's ext_authz filter takes it.
#pragma once

#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/request_door.h"
#include "http/message.h"

namespace watchword::envoy {

// An allowed request: what Envoy changes of it before its backend sees it.
struct Allowed {
  std::string record, session, resource, action;
  http::Headers set;                // of which the client's own are overwritten
  std::vector<std::string> remove;  // besides always_removed(); none of them in `set`
  std::string target;               // path and query in plain spelling; empty where the client sent it so
};

// Those that only the gate may set, as it does in each `set`.
inline constexpr std::string_view kAssertion = "watchword-assertion", kTraceParent = "traceparent",
                                  kRequestId = "x-request-id", kForwardedHost = "x-forwarded-host";
// Removed from every request: the identity headers (access/identity_headers.h) but those above.
std::span<const std::string_view> always_removed();

// The serialised envoy.service.auth.v3.CheckResponse, as a gRPC message with its prefix.
std::string allowed_response(const Allowed& allowed);
// A denial, and only that: an error must never be told as one (the call itself fails then). `reply`: for the client.
std::string denied_response(const access::Refusal& refusal, const access::RefusalReply& reply);

// The HTTP form of allowed_response: 200, and the decision as x-watchword-* headers. `target` cannot be told.
http::ResponseHead allowed_head(const Allowed& allowed);

}  // namespace watchword::envoy
