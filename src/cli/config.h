// watchword.yaml: how the gate runs. docs/configuration.md is its manual.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "access/clients.h"
#include "access/dpop.h"
#include "access/request_door.h"
#include "access/signing_keys.h"
#include "base/log.h"
#include "base/result.h"
#include "cli/commands.h"
#include "context/fact_table.h"
#include "context/reconciler.h"
#include "envoy/bootstrap.h"
#include "envoy/ext_authz.h"
#include "http/server.h"
#include "issuer/issuers.h"
#include "net/stream.h"
#include "net/tls.h"
#include "policy/misfits.h"

namespace watchword::cli {

// How the CI system behind an issuer says what happens to its jobs, and where it is asked.
struct LiveSource {
  std::string issuer, url;
  std::vector<std::string> webhook_secrets;  // secret references; empty: it sends no events here
  std::string api_token;                     // secret reference; empty: it is not asked
  http::FetchOptions fetch;
};

// An Envoy that takes its configuration from the gate.
struct EnvoyNode {
  std::string name;
  std::string certificate;  // DNS name in its client certificate; empty: it comes by the Unix socket
  envoy::XdsForm form = envoy::XdsForm::delta;
  EnvoyOptions options;  // how what it gets is rendered; paths are absolute
};

struct Config {
  std::string url;          // https://gate.acme.dev; http only on loopback. Issuer of our tokens
  std::string gateway_url;  // an origin: where jobs find the gateway, or the Envoy before it
  net::Address api, gateway;
  std::optional<net::Address> metrics;    // plain HTTP, for a scraper; else /metrics is on the api's address
  net::Address admin;                     // a Unix socket
  std::optional<net::Address> ext_authz;  // for Envoy alone: a Unix socket, loopback, or TLS with clients' CA
  std::string ext_authz_client_ca;        // empty: plain
  envoy::CheckForm ext_authz_form = envoy::CheckForm::grpc;
  std::vector<EnvoyNode> envoy_nodes;
  std::optional<net::TlsServerContext::Files> tls;  // mandatory unless every address is loopback
  std::string store;                                // sqlite:///var/lib/watchword/state.db
  std::string policy_directory;
  std::string sealing_key;  // secret reference: file:, env: or credential:
  std::string log_directory, log_origin;
  bool log_public = false;  // the entries under /log/, for whoever reaches the api
  std::vector<issuer::IssuerConfig> issuers;
  std::vector<LiveSource> live_sources;  // of issuers with webhook_secret or api_token
  context::FactLimits facts;
  context::ReconcilerOptions reconcile;
  std::vector<access::Client> clients;
  access::SigningConfig signing;
  access::Dpop::Options dpop;
  access::RequestRecords request_records = access::RequestRecords::batch;
  http::ServerLimits limits;             // of the api and the gateway
  std::vector<std::string> dns_servers;  // for names of upstreams; empty: those of /etc/resolv.conf
  unsigned threads = 0;                  // 0: one per core
  Duration drain = std::chrono::seconds(20);
  log::Level log_level = log::Level::info;
};

// What the policy's bindings are held against (policy::misfits).
std::vector<policy::ConfiguredIssuer> configured_issuers(const Config& config);

// Relative paths are taken from the file's folder. All errors, each with file:line:column.
std::expected<Config, std::vector<Error>> load_config(const std::string& path);
std::expected<Config, std::vector<Error>> parse_config(const std::string& name, const std::string& text,
                                                       const std::string& folder);

}  // namespace watchword::cli
