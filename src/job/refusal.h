// The gate's own words among the answers that pass: its refusals, and its demand for another nonce.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "job/gate_client.h"

namespace watchword::job {

// Whether its body may tell a refusal (RFC 9457).
bool is_problem(const http::ResponseHead& head);
// A refusal with a reason that a gate has; nullopt: it is somebody else's.
std::optional<Reply> refusal_in(int status, std::string_view problem);
// The same for an answer to a gRPC call without messages (http/grpc.h); the body has what its details do.
std::optional<Reply> grpc_refusal_in(const http::ResponseHead& head);

// The nonce with which a refused request is to be repeated (RFC 9449 9); null: it was not refused for that.
const std::string* nonce_demanded(const http::ResponseHead& head);

}  // namespace watchword::job
