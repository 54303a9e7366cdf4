// The gRPC services that Envoy calls, on one listener. For Envoy alone: whoever may call here is trusted to be one.
#pragma once

#include <string_view>
#include <vector>

#include "http/handler.h"

namespace watchword::envoy {

struct Service {
  std::string_view path;  // of a method, "/envoy.service.auth.v3.Authorization/Check", or what its paths begin with
  http::Handler* handler;
};

// Hands each call to its service by the first path that fits, and anything else to the last of them. Any loop.
class Services final : public http::Handler {
 public:
  explicit Services(std::vector<Service> services) : services_(std::move(services)) {}
  net::Task<void> handle(http::Exchange& exchange) override;

 private:
  std::vector<Service> services_;
};

}  // namespace watchword::envoy
