#include "cli/gate_envoy.h"

#include <filesystem>
#include <utility>

#include "base/file.h"
#include "cli/envoy_health.h"

namespace watchword::cli {

EnvoyServer::EnvoyServer(const Config& config, const Parts& parts, std::vector<envoy::XdsNodeConfig> nodes)
    : config_(config), metrics_(parts.service.parts().metrics) {
  auto& [service, assertions, flights] = parts;
  const auto& shared = service.parts();
  ext_authz_ = envoy::ExtAuthz::make(service, assertions, config.request_records, config.ext_authz_form);
  ext_proc_ = envoy::ExtProc::make(service, assertions, flights, config.request_records);
  access_log_ = envoy::AccessLogService::make(service, config.request_records);
  discovery_ = envoy::Discovery::make(std::move(nodes), shared.recorder, metrics_, shared.random);
  discovery_->set_policy(service.snapshot().policy);
  std::vector<envoy::Service> services{{envoy::Discovery::kPath, discovery_.get()},
                                       {envoy::kAccessLog, access_log_.get()},
                                       {envoy::kProcess, ext_proc_.get()},
                                       {"/", ext_authz_.get()}};
  // gRPC answers with 200 whatever it says, and in the HTTP form 200 is an allow.
  if (config.ext_authz_form == envoy::CheckForm::http) services.erase(services.begin(), services.end() - 1);
  services_ = std::make_unique<envoy::Services>(std::move(services));
}

// Envoy runs as another user, of the gate's group, and asks about all its requests on few connections.
Status EnvoyServer::listen(const std::vector<net::Loop*>& loops, std::shared_ptr<net::TlsServerContext> tls) {
  if (!config_.ext_authz) return {};
  const auto& socket = config_.ext_authz->unix_path;
  if (!socket.empty()) WW_CHECK(make_directories(std::filesystem::path(socket).parent_path().string()));
  http::Server::Options options{.address = *config_.ext_authz,
                                .tls = std::move(tls),
                                // A call is silent for as long as the request that it holds runs, and then reset.
                                .limits = {.call_idle_time = std::chrono::years(1),
                                           .requests_per_connection = 100'000'000,
                                           .streams_per_connection = 1000,
                                           .resets_end_calls = true,
                                           .connections_per_address = 50'000},
                                .unix_mode = 0660,
                                .metrics = &metrics_,
                                .name = "ext_authz"};
  WW_TRY(listener_, http::Server::start(loops, options, *services_));
  return {};
}

void EnvoyServer::end_idle_calls() {
  access_log_->stop();
  discovery_->stop();
}

Json EnvoyServer::health() const { return envoy_health(discovery_->health()); }

}  // namespace watchword::cli
