// The pieces of a bootstrap, for bootstrap*.cc only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "envoy/bootstrap.h"
#include "http/client.h"

namespace watchword::envoy {

inline constexpr std::string_view kRoutesName = "watchword";  // of the RouteConfiguration
inline constexpr std::string_view kTrailerFilter = "envoy.filters.http.header_mutation";

// A resource that is rendered, or whose place leads nowhere.
struct Backend {
  const policy::Resource* resource;
  const policy::HttpTarget* target;
  std::vector<http::Origin> endpoints;  // all of one scheme; none: Envoy cannot do what it says
  std::string cluster;                  // its cluster's name
  bool served() const { return !endpoints.empty(); }
  bool tls() const { return endpoints.front().scheme == "https"; }
};

// A message inside an Any: TYPE without the common beginning, "extensions.filters.http.router.v3.Router".
Json typed(std::string_view type, Json message = Json::object());
Json named(std::string_view name, Json config);  // an extension: its name and its typed_config
Json duration_json(Duration time);               // "1.5s"
Json address_json(const net::Address& address);  // config.core.v3.Address
bool is_ip(const std::string& host);             // without brackets
Json file_json(const std::string& path);         // config.core.v3.DataSource
Json http2_limits();                             // for clients and upstreams alike
Json from_gate();                                // config.core.v3.ConfigSource: the stream that all comes by
Json gate_service();                             // config.core.v3.GrpcService: the gate

// What a TLS side shows: PEM files (none: empty), or the secret of that name.
struct KeyPair {
  std::string certificate, key;
  std::string secret = {};
};
// Whom it trusts: a PEM file, or the secret of that name.
struct Authorities {
  std::string file;
  std::string secret = {};
};
// With the oldest version that is spoken.
Json common_tls(const KeyPair& own, const std::vector<std::string>& alpn);
// `context`: further fields of the CertificateValidationContext.
void set_trust(Json& common_tls, const Authorities& trusted, Json context = Json::object());

// Of a cluster whose certificate must be for `name`.
Json upstream_tls(const Authorities& trusted, const std::string& name, const KeyPair& own,
                  const std::vector<std::string>& alpn);

// node_secrets.cc: the names of secrets, empty where all stands in a file.
std::string listener_secret(const BootstrapOptions& options, std::string_view part);  // "certificate", "client_ca"
std::string backend_secret(const Backend& backend, const BootstrapOptions& options, std::string_view part);
std::string authorities_secret(const Backend& backend, const BootstrapOptions& options);
Json injectors(const Backend& backend);  // upstream HTTP filters; empty: none
std::vector<SecretSource> secrets_of(const std::vector<Backend>& backends, const BootstrapOptions& options);

Json access_logs(const BootstrapOptions& options);  // of the HTTP connection manager
Json listener_json(const std::vector<Backend>& backends, const BootstrapOptions& options);
Json routes_json(const std::vector<Backend>& backends, const BootstrapOptions& options);
Json authorization_cluster(const BootstrapOptions& options);
Json backend_cluster(const Backend& backend, const BootstrapOptions& options);
// The cluster's transport sockets, and which of them an endpoint takes.
void set_sockets(Json& cluster, const Backend& backend, const BootstrapOptions& options);
void set_socket_metadata(Json& endpoint, const http::Origin& origin, const Backend& backend);

}  // namespace watchword::envoy
