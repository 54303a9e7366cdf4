#include "envoy/bootstrap.h"

#include <algorithm>
#include <array>
#include <set>

#include "envoy/bootstrap_parts.h"

namespace watchword::envoy {
namespace {

using Errors = std::vector<Error>;

Error about(const policy::Resource& resource, std::string found, std::string expected, std::string fix = {}) {
  return {Reason::config_invalid, std::move(found), std::move(expected), "resource " + resource.name(), std::move(fix)};
}

void check_resource(const policy::Resource& resource, const policy::HttpTarget& target, bool node, Errors& errors) {
  const std::string leave = "leave this resource to the built-in gateway, and name the others with " +
                            std::string(node ? "'resources' of the node" : "--resource");
  if (!target.inject.empty() && !node)
    errors.push_back(about(resource, "inject: a credential that the gate adds",
                           "none: it would stand in Envoy's file for all to read",
                           leave + ", or have Envoy take it from the gate (docs/envoy-xds.md)"));
  if (target.redact)
    errors.push_back(about(resource, "redact: answers that are read through", "none: Envoy cannot", leave));
  if (target.allow_ambiguous_paths)
    errors.push_back(about(resource, "ambiguous_paths: allow",
                           "refuse: Envoy normalises or rejects such paths for its whole listener", leave));
}

std::vector<http::Origin> endpoints_of(const policy::Resource& resource, const policy::HttpTarget& target,
                                       Errors& errors) {
  std::vector<http::Origin> origins;
  for (const auto& url : target.upstream.endpoints)
    if (auto origin = http::parse_origin(url); origin)
      origins.push_back(*std::move(origin));
    else
      errors.push_back(about(resource, origin.error().found, origin.error().expected));
  return origins;
}

std::vector<Backend> backends_of(const policy::Policy& policy, const BootstrapOptions& options, Errors& errors) {
  std::vector<Backend> backends;
  std::set<std::string> named(options.resources.begin(), options.resources.end());
  for (const auto* resource : policy.resources()) {
    const bool chosen = options.resources.empty() || named.contains(resource->name());
    if (!chosen || resource->http() == nullptr) continue;
    named.erase(resource->name());
    const auto& target = *resource->http();
    const auto before = errors.size();
    check_resource(*resource, target, options.node.has_value(), errors);
    auto endpoints = endpoints_of(*resource, target, errors);
    if (errors.size() > before) endpoints.clear();
    backends.push_back({resource, &target, std::move(endpoints), "resource/" + resource->name()});
  }
  if (options.node) named.clear();  // the policy of a gate that runs may lose and gain resources
  for (const auto& name : named)
    errors.push_back({Reason::config_invalid, "'" + name + "'", "an HTTP resource of the policy", "--resource", {}});
  std::ranges::sort(backends, {}, [](const Backend& one) { return one.resource->name(); });
  return backends;
}

// A host that a resource has for its own leads nowhere else: the built-in gateway reads the policy so too.
std::vector<std::string> own_hosts(const policy::Policy& policy, const BootstrapOptions& options) {
  auto hosts = options.hosts;
  for (const auto* resource : policy.resources())
    if (resource->http() != nullptr) std::erase(hosts, resource->http()->host);
  std::ranges::sort(hosts);
  hosts.erase(std::ranges::unique(hosts).begin(), hosts.end());
  return hosts;
}

void check_addresses(const BootstrapOptions& options, Errors& errors) {
  const auto refuse = [&](const char* where, const net::Address& address, const char* expected) {
    errors.push_back({Reason::config_invalid, net::to_string(address), expected, where, {}});
  };
  const auto can_listen = [](const net::Address& address) {
    return address.host.empty() || address.host == "localhost" || is_ip(address.host);
  };
  if (!can_listen(options.listen)) refuse("--listen", options.listen, "an IP address to listen on, not a name");
  if (!options.tls && !options.listen.loopback())
    refuse("--listen", options.listen, "a certificate for the listener, or a loopback address: tokens come in here");
  if (!can_listen(options.admin) || !options.admin.loopback())
    refuse("--admin", options.admin, "a Unix socket or a loopback address: whoever reaches it rules Envoy");
  if (!options.gate_tls && !options.ext_authz.loopback())
    refuse("listen.ext_authz", options.ext_authz, "TLS, a Unix socket or a loopback address: tokens are sent there");
  if (options.ext_authz.unix_path.empty() && (options.ext_authz.host.empty() || options.ext_authz.port == 0))
    refuse("listen.ext_authz", options.ext_authz, "an address that Envoy can connect to");
}

Json overload_manager(const BootstrapOptions& options) {
  const auto monitor = [](const char* name, Json config) {
    return Json::object(
        {{"name", std::string("envoy.resource_monitors.") + name}, {"typed_config", std::move(config)}});
  };
  const auto above = [](const char* action, double share) {
    auto trigger =
        Json::object({{"name", "envoy.resource_monitors.fixed_heap"}, {"threshold", Json::object({{"value", share}})}});
    return Json::object({{"name", std::string("envoy.overload_actions.") + action},
                         {"triggers", Json::array().push(std::move(trigger))}});
  };
  auto heap = typed("extensions.resource_monitors.fixed_heap.v3.FixedHeapConfig",
                    Json::object({{"max_heap_size_bytes", options.heap_bytes}}));
  auto connections = typed("extensions.resource_monitors.downstream_connections.v3.DownstreamConnectionsConfig",
                           Json::object({{"max_active_downstream_connections", options.connections}}));
  Json monitors = Json::array(), actions = Json::array();
  monitors.push(monitor("fixed_heap", std::move(heap)));
  monitors.push(monitor("global_downstream_max_connections", std::move(connections)));
  actions.push(above("disable_http_keepalive", 0.9));
  actions.push(above("shrink_heap", 0.95));
  actions.push(above("stop_accepting_requests", 0.98));
  return Json::object(
      {{"refresh_interval", "0.25s"}, {"resource_monitors", std::move(monitors)}, {"actions", std::move(actions)}});
}

Json admin_json(const net::Address& address) {
  auto json = address_json(address);
  if (!address.unix_path.empty())
    json = Json::object({{"pipe", Json::object({{"path", address.unix_path}, {"mode", 0600}})}});
  return Json::object({{"address", std::move(json)}});
}

// Of the policy, what both ways of delivery hold.
struct Parts {
  BootstrapOptions options;  // with the hosts that are left to the gate
  std::vector<Backend> backends;
};

Parts parts_of(const policy::Policy& policy, const BootstrapOptions& options, Errors& errors) {
  Parts parts{options, backends_of(policy, options, errors)};
  parts.options.hosts = own_hosts(policy, options);
  for (const auto& backend : parts.backends)
    if (!backend.target->prefix.empty() && parts.options.hosts.empty())
      errors.push_back(about(*backend.resource, "a path prefix, and no host of the gate that no resource has",
                             "--host with a name of the gate's own"));
  return parts;
}

// What every Envoy's file holds, however it gets the rest.
Json frame(const BootstrapOptions& options) {
  return Json::object({{"admin", admin_json(options.admin)}, {"overload_manager", overload_manager(options)}});
}

Json stream_to_gate(const BootstrapOptions& options) {
  return Json::object({{"api_type", options.node->form == XdsForm::delta ? "DELTA_GRPC" : "GRPC"},
                       {"transport_api_version", "V3"},
                       {"set_node_on_first_message_only", true},
                       {"grpc_services", Json::array().push(gate_service())}});
}

}  // namespace

std::expected<Json, Errors> render_bootstrap(const policy::Policy& policy, const BootstrapOptions& options) {
  Errors errors;
  check_addresses(options, errors);
  const auto parts = parts_of(policy, options, errors);
  if (parts.backends.empty() && errors.empty())
    errors.push_back({Reason::config_invalid, "no HTTP resource", "at least one", {}, {}});
  if (!errors.empty()) return std::unexpected(std::move(errors));

  Json clusters = Json::array();
  clusters.push(authorization_cluster(options));
  for (const auto& backend : parts.backends) clusters.push(backend_cluster(backend, options));
  Json listeners = Json::array();
  listeners.push(listener_json(parts.backends, parts.options));
  return std::move(frame(options).set(
      "static_resources", Json::object({{"listeners", std::move(listeners)}, {"clusters", std::move(clusters)}})));
}

std::expected<Json, Errors> render_node_bootstrap(const BootstrapOptions& options) {
  Errors errors;
  check_addresses(options, errors);
  if (!errors.empty()) return std::unexpected(std::move(errors));
  auto clusters = Json::array().push(authorization_cluster(options));
  auto sources =
      Json::object({{"ads_config", stream_to_gate(options)}, {"lds_config", from_gate()}, {"cds_config", from_gate()}});
  return std::move(frame(options)
                       .set("node", Json::object({{"id", options.node->name}, {"cluster", "watchword"}}))
                       .set("static_resources", Json::object({{"clusters", std::move(clusters)}}))
                       .set("dynamic_resources", std::move(sources)));
}

std::expected<NodeParts, Errors> render_node(const policy::Policy& policy, const BootstrapOptions& options) {
  Errors errors;
  check_addresses(options, errors);
  if (!errors.empty()) return std::unexpected(std::move(errors));
  const auto parts = parts_of(policy, options, errors);
  NodeParts rendered{.listener = listener_json(parts.backends, parts.options),
                     .routes = routes_json(parts.backends, parts.options),
                     .left_out = std::move(errors)};
  for (const auto& backend : parts.backends)
    if (backend.served()) rendered.clusters.push_back(backend_cluster(backend, options));
  rendered.secrets = secrets_of(parts.backends, options);
  return rendered;
}

}  // namespace watchword::envoy
