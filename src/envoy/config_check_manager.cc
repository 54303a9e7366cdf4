// Of one HTTP connection manager: what it makes of paths and headers, and its filters.
#include <algorithm>
#include <span>

#include "base/text.h"
#include "envoy/bootstrap_headers.h"
#include "envoy/config_check_parts.h"
#include "envoy/ext_proc_message.h"
#include "http/uri.h"

namespace watchword::envoy {
namespace {

const std::string kManager = ", connection manager";

void check_settings(const Json& manager, const std::string& where, Findings& findings) {
  for (const auto* key : {"use_remote_address", "normalize_path", "merge_slashes"})
    if (!is_true(manager.find(key))) findings.add(where, std::string(key) + " is not set", std::string(key) + ": true");
  if (!is_enum(manager.find("path_with_escaped_slashes_action"), "REJECT_REQUEST", 2))
    findings.add(where, "escaped slashes are not rejected", "path_with_escaped_slashes_action: REJECT_REQUEST",
                 "a backend may read another path than the one that was authorised");
  const Json* underscores = at(manager, {"common_http_protocol_options", "headers_with_underscores_action"});
  if (!is_enum(underscores, "REJECT_REQUEST", 1) && !is_enum(underscores, "DROP_HEADER", 2))
    findings.add(where, "header names with '_' get through",
                 "common_http_protocol_options.headers_with_underscores_action: REJECT_REQUEST",
                 "some backends read X_Watchword_Job as X-Watchword-Job");
}

// ext_proc holds what it lets through, so the gate ends a WebSocket as it ends any request.
void check_upgrades(const Json& manager, bool held, const std::string& where, Findings& findings) {
  if (manager.find("upgrade_configs") == nullptr) return;
  if (!held)
    findings.add(where, "upgrade_configs", "none, or ext_proc rather than ext_authz",
                 "behind ext_authz the gate cannot end a WebSocket or tunnel");
  for (const Json& one : items(manager.find("upgrade_configs")))
    if (one.string_or("upgrade_type", "") != "websocket" || one.find("filters") != nullptr)
      findings.add(where, "upgrade_configs with other protocols or filters than the listener's",
                   "upgrade_type: websocket alone");
}

void check_ext_authz(const Json& filter, const Json& config, const std::string& where, Findings& findings) {
  if (is_true(filter.find("disabled")) || is_true(filter.find("is_optional")))
    findings.add(where, "ext_authz is disabled or optional", "neither");
  if (is_true(config.find("failure_mode_allow")))
    findings.add(where, "failure_mode_allow: true", "false: no answer gives no access");
  for (const auto* key : {"filter_enabled", "filter_enabled_metadata", "shadow_mode"})
    if (const Json* value = config.find(key); value != nullptr && *value != Json(false))
      findings.add(where, std::string(key) + ", with which requests pass unasked", "not set");
  // What the gate does not see it decides without, and what it changes must come about.
  for (const auto* key : {"allowed_headers", "disallowed_headers", "decoder_header_mutation_rules"})
    if (config.find(key) != nullptr) findings.add(where, std::string(key) + " on ext_authz", "not set");
  if (is_true(config.find("clear_route_cache")))
    findings.add(where, "clear_route_cache: true, by which another route may be taken than was asked about", "not set");
  if (!is_enum(config.find("transport_api_version"), "V3", 2))
    findings.add(where, "ext_authz without its version", "transport_api_version: V3");
  if (!is_server_error(at(config, {"status_on_error", "code"})))
    findings.add(where, "an error of ext_authz looks like a denial", "status_on_error: {code: ServiceUnavailable}");
}

void check_service(const Json& config, const Clusters& clusters, const std::string& where, Findings& findings) {
  const Json* service = at(config, {"grpc_service", "envoy_grpc"});
  const auto* name = service != nullptr ? service->find_string("cluster_name") : nullptr;
  if (name == nullptr) {
    findings.add(where, "the gate is not asked by gRPC", "grpc_service.envoy_grpc.cluster_name");
    return;
  }
  if (!http::parse_authority(service->string_or("authority", *name)))
    findings.add(where, "the gate is asked under a name that is no host", "grpc_service.envoy_grpc.authority",
                 "without it Envoy takes the cluster's name");
  check_authorization_cluster(*name, clusters, where, findings);
  for (const Json& one : items(at(config, {"grpc_service", "initial_metadata"})))
    if (ascii_lower(one.string_or("key", "")) == kResourceMetadata)
      findings.add(where, std::string(kResourceMetadata) + " for all routes", "on each route its own");
}

// Lists of mutations that act on every request before the gate is asked; `end`: the filters from here on do not.
struct Removals {
  std::vector<const Json*> headers, trailers;
};
Removals removals_before(const Json& manager, const Json* end, std::vector<std::string>& guards) {
  Removals lists;
  for (const Json& one : items(manager.find("early_header_mutation_extensions")))
    if (const Json* list = at(one, {"typed_config", "mutations"}); list != nullptr) lists.headers.push_back(list);
  for (const Json& filter : items(manager.find("http_filters"))) {
    if (&filter == end) break;
    if (is_true(filter.find("disabled"))) continue;
    const Json* headers = at(filter, {"typed_config", "mutations", "request_mutations"});
    const Json* trailers = at(filter, {"typed_config", "mutations", "request_trailers_mutations"});
    if (headers != nullptr) lists.headers.push_back(headers);
    if (trailers != nullptr) lists.trailers.push_back(trailers);
    if (headers != nullptr || trailers != nullptr) guards.push_back(name_of(filter));
  }
  return lists;
}

std::string left_by(const std::vector<const Json*>& lists, std::span<const ForgedHeader> forged) {
  std::string missing;
  for (const auto& header : forged) {
    if (std::ranges::any_of(lists, [&](const Json* list) { return removes(*list, header); })) continue;
    missing += (missing.empty() ? "" : ", ") + std::string(header.name) + (header.prefix ? "*" : "");
  }
  return missing;
}

void check_forged(const Removals& lists, const std::string& where, Findings& findings) {
  const std::string fix = "'watchword envoy config' renders it";
  if (const auto missing = left_by(lists.headers, forged_headers()); !missing.empty())
    findings.add(where, "headers that clients may forge get through: " + missing,
                 "all of them removed before the gate is asked, by an early header mutation", fix);
  if (const auto missing = left_by(lists.trailers, forged_trailers()); !missing.empty())
    findings.add(where, "trailers that a backend may read as headers get through: " + missing,
                 "all of them removed, by request_trailers_mutations of a header mutation before the gate is asked",
                 fix);
}

}  // namespace

void check_manager(const Json& manager, const Clusters& clusters, const std::string& listener, Findings& findings) {
  const auto where = listener + kManager;
  check_settings(manager, where, findings);
  const auto& filters = items(manager.find("http_filters"));
  const auto is = [](const Json& filter, std::string_view type) {
    const Json* config = filter.find("typed_config");
    return config != nullptr && is_type(*config, type);
  };
  const auto first = [&](std::string_view type) {
    return std::ranges::find_if(filters, [&](const Json& filter) { return is(filter, type); });
  };
  const auto processes = first("ExternalProcessor");
  const bool held = processes != filters.end();
  const auto asks = held ? processes : first("ExtAuthz");
  check_upgrades(manager, held, where, findings);
  if (asks == filters.end()) {
    findings.add(where, "no filter that asks the gate: ext_proc, or ext_authz", "one before the router");
    return;
  }
  if (std::any_of(filters.begin(), asks, [&](const Json& filter) { return is(filter, "Router"); }))
    findings.add(where, "the gate is asked after the router", "before it");
  const Json& config = *asks->find("typed_config");
  held ? check_ext_proc(*asks, config, where, findings) : check_ext_authz(*asks, config, where, findings);
  check_service(config, clusters, where, findings);
  std::vector<std::string> guards{name_of(*asks)};
  check_forged(removals_before(manager, &*asks, guards), where, findings);
  check_later_filters(manager, &*asks, where, findings);
  check_routes(manager, name_of(*asks), guards, clusters, listener, findings);
}

}  // namespace watchword::envoy
