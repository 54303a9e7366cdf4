// The whole gate, wired: reads from top to bottom as the list of what runs.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "access/assertion.h"
#include "access/flights.h"
#include "access/recorder.h"
#include "access/token_service.h"
#include "api/endpoints.h"
#include "audit/publisher.h"
#include "base/metrics.h"
#include "cli/gate_envoy.h"
#include "cli/live.h"
#include "cli/startup.h"
#include "cli/watch.h"
#include "gateway/proxy.h"
#include "http/server.h"
#include "store/store.h"

namespace watchword::cli {

class Gate {
 public:
  // Opens the store, loads keys and policy, restores sessions, then listens. Any failure starts nothing. `fetcher`,
  // `clock` and `random` outlive the gate.
  static std::expected<std::unique_ptr<Gate>, std::vector<Error>> start(Config config, http::Fetcher& fetcher,
                                                                        const Clock& clock, Random& random);
  ~Gate();  // drain() should come first

  // Loads the policy directory again. On failure the policy in force stays; readiness and a metric say so.
  std::expected<void, std::vector<Error>> reload_policy(std::string_view why);
  // Refuses new connections everywhere, lets requests end within one drain time, publishes the log.
  void drain();

  std::vector<api::Readiness> readiness() const;
  net::Address api_address() const { return api_->address(); }
  net::Address gateway_address() const { return gateway_->address(); }
  const Config& config() const { return config_; }
  std::string log_verifier_key() const { return log_verifier_key_; }

 private:
  Gate(Config config, const Clock& clock, Random& random);
  std::expected<void, std::vector<Error>> open(http::Fetcher& fetcher);
  Status open_state(crypto::SealingKey sealing);
  Status make_service(std::shared_ptr<const policy::Policy> policy);
  void make_ways_in(std::shared_ptr<const gateway::Routes> routes, std::vector<envoy::XdsNodeConfig> nodes);
  Status listen();
  Result<std::unique_ptr<http::Server>> serve(const net::Address& address, std::string_view name,
                                              http::Handler& handler, bool tls, const http::ServerLimits& limits);
  void add_endpoints();
  void maintain();
  void keep_certificates_fresh();
  Status record_life(audit::Event event);
  std::expected<void, std::vector<Error>> refuse_policy(std::vector<Error> errors, std::string_view why);
  void keep_policy_fresh(Time now);
  audit::Entry policy_entry(audit::Outcome outcome, std::string_view why);
  Status record_policy(const policy::Policy& loaded, std::string_view why);
  void show_refused(bool refused);
  void record_refused_policy(const Error& error, std::string_view why);

  Config config_;
  DirectoryWatch policy_files_;  // made before the first load: what changes after it is seen
  const Clock& clock_;
  Random& random_;
  Metrics metrics_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<crypto::SealingKey> sealing_;
  std::string log_verifier_key_;
  std::unique_ptr<audit::Publisher> publisher_;
  std::unique_ptr<access::SigningKeys> keys_;
  std::unique_ptr<issuer::Issuers> issuers_;
  std::unique_ptr<access::Recorder> recorder_;
  std::unique_ptr<access::AccessTokens> tokens_;
  access::SessionTable sessions_;
  std::unique_ptr<access::Dpop> dpop_;
  std::unique_ptr<access::Clients> clients_;
  std::shared_ptr<context::FactTable> facts_;
  std::unique_ptr<access::TokenService> service_;
  std::unique_ptr<access::Assertions> assertions_;

  std::mutex policy_mutex_;  // one reload at a time
  mutable std::mutex trouble_mutex_;
  std::vector<Error> policy_trouble_;  // of the last reload, while the policy before it stays in force
  Backoff policy_retry_;               // of the maintenance thread

  std::unique_ptr<net::LoopPool> loops_;
  std::unique_ptr<access::LiveFlights> flights_;
  std::unique_ptr<gateway::Proxy> proxy_;
  std::unique_ptr<EnvoyServer> envoy_;
  api::Router api_router_, admin_router_, metrics_router_;
  std::shared_ptr<net::TlsServerContext> tls_, ext_authz_tls_;
  std::unique_ptr<http::Server> api_, gateway_, admin_, metrics_server_;

  std::unique_ptr<LiveContext> live_;

  std::mutex stop_mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread maintenance_;
};

}  // namespace watchword::cli
