// Transport sockets of clusters: TLS with the upstream's certificate verified, and the PROXY protocol around it.
#include <map>

#include "envoy/bootstrap_parts.h"

namespace watchword::envoy {
namespace {

// With a name for all, or one endpoint, there is one socket; else each endpoint must show a certificate of its own
// name.
bool has_one_name(const Backend& backend) {
  return !backend.tls() || !backend.target->server_name.empty() || backend.endpoints.size() == 1;
}

Json with_proxy_protocol(Json socket) {
  auto config = Json::object({{"config", Json::object({{"version", "V2"}})}, {"transport_socket", std::move(socket)}});
  return Json::object(
      {{"name", "envoy.transport_sockets.upstream_proxy_protocol"},
       {"typed_config",
        typed("extensions.transport_sockets.proxy_protocol.v3.ProxyProtocolUpstreamTransport", std::move(config))}});
}

Json socket_to(const Backend& backend, const std::string& name, const BootstrapOptions& options) {
  const auto& target = *backend.target;
  std::vector<std::string> alpn;
  if (target.upstream.protocol == policy::UpstreamProtocol::http2) alpn.emplace_back("h2");
  auto socket =
      backend.tls()
          ? upstream_tls(
                {target.ca_file.empty() ? options.ca_bundle : target.ca_file, authorities_secret(backend, options)},
                name,
                {target.client_certificate, target.client_key,
                 target.client_certificate.empty() ? std::string() : backend_secret(backend, options, "certificate")},
                alpn)
          : Json::object({{"name", "envoy.transport_sockets.raw_buffer"},
                          {"typed_config", typed("extensions.transport_sockets.raw_buffer.v3.RawBuffer")}});
  return target.upstream.proxy_protocol ? with_proxy_protocol(std::move(socket)) : socket;
}

}  // namespace

// The certificate must be for this very name: SNI alone verifies nothing.
Json upstream_tls(const Authorities& trusted, const std::string& name, const KeyPair& own,
                  const std::vector<std::string>& alpn) {
  auto san =
      Json::object({{"san_type", is_ip(name) ? "IP_ADDRESS" : "DNS"}, {"matcher", Json::object({{"exact", name}})}});
  auto common = common_tls(own, alpn);
  set_trust(common, trusted, Json::object({{"match_typed_subject_alt_names", Json::array().push(std::move(san))}}));
  auto context = Json::object({{"common_tls_context", std::move(common)}});
  if (!is_ip(name)) context.set("sni", name);
  return Json::object(
      {{"name", "envoy.transport_sockets.tls"},
       {"typed_config", typed("extensions.transport_sockets.tls.v3.UpstreamTlsContext", std::move(context))}});
}

void set_socket_metadata(Json& endpoint, const http::Origin& origin, const Backend& backend) {
  if (has_one_name(backend)) return;
  auto match = Json::object({{"envoy.transport_socket_match", Json::object({{"name", origin.address.host}})}});
  endpoint.set("metadata", Json::object({{"filter_metadata", std::move(match)}}));
}

void set_sockets(Json& cluster, const Backend& backend, const BootstrapOptions& options) {
  const auto& target = *backend.target;
  if (!backend.tls() && !target.upstream.proxy_protocol) return;
  if (has_one_name(backend)) {
    const auto& host = backend.endpoints.front().address.host;
    cluster.set("transport_socket",
                socket_to(backend, target.server_name.empty() ? host : target.server_name, options));
    return;
  }
  std::map<std::string, Json> by_name;
  for (const auto& origin : backend.endpoints) {
    const auto& name = origin.address.host;
    by_name[name] = Json::object({{"name", name},
                                  {"match", Json::object({{"name", name}})},
                                  {"transport_socket", socket_to(backend, name, options)}});
  }
  Json matches = Json::array();
  for (auto& [name, match] : by_name) matches.push(std::move(match));
  cluster.set("transport_socket_matches", std::move(matches));
  // Without it, an endpoint that none of these fits would be reached in plain.
  cluster.set("transport_socket", socket_to(backend, backend.endpoints.front().address.host, options));
}

}  // namespace watchword::envoy
