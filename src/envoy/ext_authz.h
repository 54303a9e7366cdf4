// Envoy's ext_authz filter: one more adapter of the door. Envoy stands before the backends and asks for each request;
// this answers as the built-in proxy would. It knows no rule.
#pragma once

#include <cstdint>
#include <memory>

#include "access/assertion.h"
#include "access/request_door.h"
#include "access/token_service.h"
#include "http/handler.h"

namespace watchword::envoy {

// How Envoy asks: envoy.service.auth.v3.Authorization/Check over gRPC, or in its HTTP form at /authz/RESOURCE + the
// client's path. Never both at one address: to gRPC a status of 200 says nothing, to the HTTP form it is an allow.
enum class CheckForm : std::uint8_t { grpc, http };

// Allow, deny, or a failure of the question itself (grpc-status, 5xx), which Envoy must not take for an allow.
// For Envoy alone: whoever asks gets the assertion that backends believe. Any loop; the parts outlive it.
class ExtAuthz : public http::Handler {
 public:
  static std::unique_ptr<ExtAuthz> make(access::TokenService& service, access::Assertions& assertions,
                                        access::RequestRecords records, CheckForm form);
};

}  // namespace watchword::envoy
