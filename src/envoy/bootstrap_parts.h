// The pieces of a bootstrap, for bootstrap*.cc only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "envoy/bootstrap.h"
#include "http/client.h"

namespace watchword::envoy {

// A resource that is rendered.
struct Backend {
  const policy::Resource* resource;
  const policy::HttpTarget* target;
  std::vector<http::Origin> endpoints;  // at least one, all of one scheme
  std::string cluster;                  // its cluster's name
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
// The certificates of a TLS side, with the oldest version that is spoken.
Json common_tls(const std::string& certificate, const std::string& key, const std::vector<std::string>& alpn);

// Of a cluster whose certificate must be for `name`.
Json upstream_tls(const std::string& ca_file, const std::string& name, const std::string& certificate,
                  const std::string& key, const std::vector<std::string>& alpn);

Json access_logs(const BootstrapOptions& options);  // of the HTTP connection manager
Json listener_json(const std::vector<Backend>& backends, const BootstrapOptions& options);
Json routes_json(const std::vector<Backend>& backends, const BootstrapOptions& options);
Json authorization_cluster(const BootstrapOptions& options);
Json backend_cluster(const Backend& backend, const BootstrapOptions& options);
// The cluster's transport sockets, and which of them an endpoint takes.
void set_sockets(Json& cluster, const Backend& backend, const BootstrapOptions& options);
void set_socket_metadata(Json& endpoint, const http::Origin& origin, const Backend& backend);

}  // namespace watchword::envoy
