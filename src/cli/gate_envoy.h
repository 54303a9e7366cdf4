// What the gate is to Envoy: authorization, held calls, access logs and discovery, on one listener of their own.
#pragma once

#include <memory>
#include <vector>

#include "access/assertion.h"
#include "access/flights.h"
#include "access/token_service.h"
#include "base/json.h"
#include "cli/config.h"
#include "envoy/access_log_service.h"
#include "envoy/ext_authz.h"
#include "envoy/ext_proc.h"
#include "envoy/services.h"
#include "envoy/xds.h"
#include "http/server.h"

namespace watchword::cli {

// All that it is given outlives it. The loops that it listens on have stopped before it is destroyed.
class EnvoyServer {
 public:
  struct Parts {
    access::TokenService& service;
    access::Assertions& assertions;
    access::LiveFlights& flights;
  };
  EnvoyServer(const Config& config, const Parts& parts, std::vector<envoy::XdsNodeConfig> nodes);

  // Nothing without `listen.ext_authz`. tls: null where that is plain.
  Status listen(const std::vector<net::Loop*>& loops, std::shared_ptr<net::TlsServerContext> tls);
  http::Server* listener() const { return listener_.get(); }  // null: it does not listen
  void close() { listener_.reset(); }
  // Ends the calls that no request waits for, so that a drain need not either. Any thread.
  void end_idle_calls();

  void set_policy(const std::shared_ptr<const policy::Policy>& policy) { discovery_->set_policy(policy); }
  void keep_fresh() { discovery_->keep_fresh(); }  // of the files that Envoys are sent; at each tick
  Json health() const;                             // of the Envoys that the gate feeds (docs/openapi.yaml)

 private:
  const Config& config_;
  Metrics& metrics_;
  std::unique_ptr<envoy::ExtAuthz> ext_authz_;
  std::unique_ptr<envoy::ExtProc> ext_proc_;
  std::unique_ptr<envoy::AccessLogService> access_log_;
  std::unique_ptr<envoy::Discovery> discovery_;
  std::unique_ptr<envoy::Services> services_;
  std::unique_ptr<http::Server> listener_;
};

}  // namespace watchword::cli
