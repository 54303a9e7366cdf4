// Envoy's ext_authz filter: one more adapter of the door. Envoy stands before the backends and asks for each request;
// this answers as the built-in proxy would. It knows no rule.
#pragma once

#include <memory>

#include "access/assertion.h"
#include "access/request_door.h"
#include "access/token_service.h"
#include "http/handler.h"

namespace watchword::envoy {

// Answers envoy.service.auth.v3.Authorization/Check over gRPC, and its HTTP form at /authz/RESOURCE + the client's
// path. Allow, deny, or a failure of the question itself (grpc-status, 5xx), which Envoy must not take for an allow.
// For Envoy alone: whoever asks gets the assertion that backends believe. Any loop; the parts outlive it.
class ExtAuthz : public http::Handler {
 public:
  static std::unique_ptr<ExtAuthz> make(access::TokenService& service, access::Assertions& assertions,
                                        access::RequestRecords records);
};

}  // namespace watchword::envoy
