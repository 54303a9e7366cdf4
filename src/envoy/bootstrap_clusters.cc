// Clusters: the gate's ext_authz, and one for each resource.
#include <algorithm>

#include "envoy/bootstrap_parts.h"

namespace watchword::envoy {
namespace {

constexpr std::string_view kHttpOptions = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

Json endpoint(const net::Address& address, const std::string& authority) {
  auto json = Json::object({{"address", address_json(address)}});
  if (!authority.empty())
    json.set("hostname", authority).set("health_check_config", Json::object({{"hostname", authority}}));
  return Json::object({{"endpoint", std::move(json)}});
}

Json breakers(std::int64_t connections, std::int64_t pending, std::int64_t requests) {
  auto threshold = Json::object({{"max_connections", connections},
                                 {"max_pending_requests", pending},
                                 {"max_requests", requests},
                                 {"max_retries", 16}});
  return Json::object({{"thresholds", Json::array().push(std::move(threshold))}});
}

bool needs_no_name(const net::Address& address) {
  return !address.unix_path.empty() || address.host == "localhost" || is_ip(address.host);
}

Json cluster(const std::string& name, Json endpoints, Duration connect_time, Json protocol) {
  auto group = Json::object({{"lb_endpoints", std::move(endpoints)}});
  auto assignment = Json::object({{"cluster_name", name}, {"endpoints", Json::array().push(std::move(group))}});
  auto options = typed("extensions.upstreams.http.v3.HttpProtocolOptions", std::move(protocol));
  return Json::object({{"name", name},
                       {"connect_timeout", duration_json(connect_time)},
                       {"per_connection_buffer_limit_bytes", 32 * 1024},
                       {"load_assignment", std::move(assignment)},
                       {"typed_extension_protocol_options", Json::object({{kHttpOptions, std::move(options)}})}});
}

Json protocol_of(const Backend& backend, const BootstrapOptions& options) {
  using enum policy::UpstreamProtocol;
  auto wanted = backend.target->upstream.protocol;
  if (wanted == http2_where_offered && !backend.tls()) wanted = http1;  // only TLS offers anything
  auto versions = Json::object();
  if (wanted != http2) versions.set("http_protocol_options", Json::object());
  if (wanted != http1) versions.set("http2_protocol_options", http2_limits());
  auto json =
      Json::object({{wanted == http2_where_offered ? "auto_config" : "explicit_http_config", std::move(versions)},
                    {"common_http_protocol_options", Json::object({{"idle_timeout", "60s"}})}});
  if (options.node && !backend.target->inject.empty()) json.set("http_filters", injectors(backend));
  return json;
}

Json health_check(const policy::HttpUpstream::Health& health) {
  return Json::object({{"interval", duration_json(health.every)},
                       {"timeout", duration_json(health.timeout)},
                       {"healthy_threshold", static_cast<std::int64_t>(health.healthy)},
                       {"unhealthy_threshold", static_cast<std::int64_t>(health.unhealthy)},
                       {"http_health_check", Json::object({{"path", health.path}})}});
}

// By what Envoy itself saw of an endpoint (refused, reset, timed out): an answer with 500 is an answer.
Json ejection(const policy::HttpUpstream& upstream) {
  return Json::object({{"split_external_local_origin_errors", true},
                       {"consecutive_local_origin_failure", static_cast<std::int64_t>(upstream.eject_after)},
                       {"base_ejection_time", duration_json(upstream.eject_time)},
                       {"max_ejection_percent", 100},
                       {"enforcing_consecutive_5xx", 0},
                       {"enforcing_success_rate", 0},
                       {"enforcing_local_origin_success_rate", 0}});
}

void set_spread(Json& json, const Backend& backend) {
  const auto& upstream = backend.target->upstream;
  json.set("lb_policy", upstream.balance == policy::Balance::least_requests ? "LEAST_REQUEST" : "ROUND_ROBIN");
  if (upstream.health) json.set("health_checks", Json::array().push(health_check(*upstream.health)));
  json.set("outlier_detection", ejection(upstream));
  // Below one percent: when no endpoint at all is in rotation, all count as if they were.
  json.set("common_lb_config", Json::object({{"healthy_panic_threshold", Json::object({{"value", 1}})}}));
  const auto most = static_cast<std::int64_t>(upstream.max_requests);
  json.set("circuit_breakers", breakers(most, most, most));
  const bool literal =
      std::ranges::all_of(backend.endpoints, [](const http::Origin& one) { return needs_no_name(one.address); });
  json.set("type", literal ? "STATIC" : "STRICT_DNS");
  if (literal) return;
  json.set("dns_refresh_rate", duration_json(upstream.resolve_every));
  json.set("dns_lookup_family", "V4_PREFERRED");  // the default takes no IPv4 address where there is one of IPv6
}

}  // namespace

Json authorization_cluster(const BootstrapOptions& options) {
  // Few connections carry all calls; a gate that is gone is noticed by the keepalive.
  auto http2 = http2_limits();
  http2.set("max_concurrent_streams", 500);  // the gate takes twice as many: it may still be busy with one that is over
  // Clients that leave in crowds reset as many calls at once. Envoy's default of 1000 frames would take that for a
  // flood of its own and close the connection, and with it all calls that run.
  http2.set("max_outbound_frames", 200'000).set("max_outbound_control_frames", 100'000);
  http2.set("connection_keepalive", Json::object({{"interval", "10s"}, {"timeout", "2s"}}));
  auto protocol =
      Json::object({{"explicit_http_config", Json::object({{"http2_protocol_options", std::move(http2)}})}});
  auto json = cluster(std::string(kAuthorizationCluster), Json::array().push(endpoint(options.ext_authz, {})),
                      std::chrono::seconds(1), std::move(protocol));
  json.set("type", needs_no_name(options.ext_authz) ? "STATIC" : "STRICT_DNS");
  json.set("circuit_breakers", breakers(256, 10'000, 100'000));  // a call for each request that runs
  if (options.gate_tls)
    json.set("transport_socket", upstream_tls({options.gate_tls->ca_file}, options.gate_tls->server_name,
                                              {options.gate_tls->certificate, options.gate_tls->key}, {"h2"}));
  return json;
}

Json backend_cluster(const Backend& backend, const BootstrapOptions& options) {
  Json endpoints = Json::array();
  for (const auto& origin : backend.endpoints) {
    auto one = endpoint(origin.address, origin.authority);
    set_socket_metadata(one, origin, backend);
    endpoints.push(std::move(one));
  }
  auto json =
      cluster(backend.cluster, std::move(endpoints), backend.target->connect_time, protocol_of(backend, options));
  set_spread(json, backend);
  set_sockets(json, backend, options);
  return json;
}

}  // namespace watchword::envoy
