// The messages of Envoy's ext_proc filter, read and written: the same question as ext_authz asks, and the same answer,
// in other clothes. Sans-I/O. All that comes from the client through Envoy is hostile.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "envoy/check_reply.h"
#include "envoy/check_request.h"

namespace watchword::envoy {

// The call's metadata with which a route's configuration says which resource it leads to. Metadata of a call are
// Envoy's own: what its clients send arrives in messages.
inline constexpr std::string_view kResourceMetadata = "watchword-resource";
// What Envoy is to say of its client: request_attributes: ["source.address"].
inline constexpr std::string_view kClientAttribute = "source.address";
// Where the decision stands in Envoy's dynamic metadata: receiving_namespaces: {untyped: [...]}.
inline constexpr std::string_view kDecisionNamespace = "envoy.filters.http.ext_proc";

// A call's first message, about the request's headers, as the question that it is. request_invalid for what no ext_proc
// filter sends, and for one that would not do as it is told (observability_mode).
Result<CheckRequest> read_request_headers(std::string_view message, std::string_view resource);

enum class LaterMessage : std::uint8_t { response_trailers, other };
LaterMessage read_later(std::string_view message);  // `other`: nothing that was asked for

// Serialised envoy.service.ext_proc.v3.ProcessingResponse.
std::string pass_headers(const Allowed& allowed);
std::string pass_trailers();
// Before the response's head has gone to the client: the client gets `reply`. Afterwards its response ends there.
// Either way Envoy's log says the reason, as response code details `watchword:REASON`.
std::string end_with(const access::Refusal& refusal, const access::RefusalReply& reply, access::Speaks client);

}  // namespace watchword::envoy
