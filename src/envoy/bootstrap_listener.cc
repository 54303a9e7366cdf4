// The listener: TLS, the HTTP connection manager with its limits, and its filters.
#include "envoy/bootstrap_headers.h"
#include "envoy/bootstrap_parts.h"
#include "envoy/ext_proc_message.h"

namespace watchword::envoy {
namespace {

// With response_trailer_mode SEND Envoy keeps the call open until the response is over, and so lets the gate end it.
Json held_by_headers_and_trailers() {
  return Json::object({{"request_header_mode", "SEND"},
                       {"response_header_mode", "SKIP"},
                       {"request_body_mode", "NONE"},
                       {"response_body_mode", "NONE"},
                       {"request_trailer_mode", "SKIP"},
                       {"response_trailer_mode", "SEND"}});
}

// Without `authority` Envoy names the cluster, which is no host that the gate would take. No timeout of the call, which
// lasts as long as the request; the answer has its own.
Json ext_proc(const BootstrapOptions& options) {
  auto told = Json::object({{"untyped", Json::array().push(kDecisionNamespace)}});
  return named("envoy.filters.http.ext_proc",
               typed("extensions.filters.http.ext_proc.v3.ExternalProcessor",
                     Json::object({
                         {"grpc_service", gate_service()},
                         {"failure_mode_allow", false},
                         {"status_on_error", Json::object({{"code", "ServiceUnavailable"}})},
                         {"message_timeout", duration_json(options.authorization_time)},
                         {"processing_mode", held_by_headers_and_trailers()},
                         {"request_attributes", Json::array().push(kClientAttribute)},
                         {"metadata_options", Json::object({{"receiving_namespaces", std::move(told)}})},
                         // What the gate removes or sets comes about, or the request fails.
                         {"mutation_rules", Json::object({{"allow_envoy", true}, {"disallow_is_error", true}})},
                         {"route_cache_action", "RETAIN"},
                     })));
}

// The headers themselves are removed earlier, before Envoy adds its own. Routes add to what stands here.
Json without_forged_trailers() {
  auto mutations = Json::object({{"request_trailers_mutations", remove_all(forged_trailers())}});
  return named(kTrailerFilter, typed("extensions.filters.http.header_mutation.v3.HeaderMutation",
                                     Json::object({{"mutations", std::move(mutations)}})));
}

Json forged_early() {
  return named("envoy.http.early_header_mutation.header_mutation",
               typed("extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                     Json::object({{"mutations", remove_all(forged_headers())}})));
}

// So that other routes are no other listener, which would drain this one.
Json routes_from_gate() { return Json::object({{"route_config_name", kRoutesName}, {"config_source", from_gate()}}); }

Json connection_manager(const std::vector<Backend>& backends, const BootstrapOptions& options) {
  Json filters = Json::array();
  filters.push(without_forged_trailers());
  filters.push(ext_proc(options));
  filters.push(named("envoy.filters.http.router", typed("extensions.filters.http.router.v3.Router",
                                                        Json::object({{"suppress_envoy_headers", true}}))));
  auto common = Json::object({{"headers_with_underscores_action", "REJECT_REQUEST"},
                              {"max_headers_count", 100},
                              {"idle_timeout", "900s"},
                              {"max_stream_duration", duration_json(options.stream_time)}});
  return typed(
      "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
      Json::object({
          {"stat_prefix", "watchword"},
          {"server_name", "watchword"},
          {"use_remote_address", true},
          {"normalize_path", true},
          {"merge_slashes", true},
          {"path_with_escaped_slashes_action", "REJECT_REQUEST"},
          {"early_header_mutation_extensions", Json::array().push(forged_early())},
          {"common_http_protocol_options", std::move(common)},
          {"http2_protocol_options", http2_limits()},
          {"max_request_headers_kb", 32},
          {"request_headers_timeout", "10s"},
          {"stream_idle_timeout", "300s"},
          {"delayed_close_timeout", "0.1s"},  // of a connection whose stream was cut
          {"upgrade_configs", Json::array().push(Json::object({{"upgrade_type", "websocket"}}))},
          {"access_log", access_logs(options)},
          {"http_filters", std::move(filters)},
          {options.node ? "rds" : "route_config", options.node ? routes_from_gate() : routes_json(backends, options)},
      }));
}

Json downstream_tls(const BootstrapOptions& options) {
  const auto& files = *options.tls;
  auto common = common_tls({files.certificate, files.key, listener_secret(options, "certificate")}, {"h2", "http/1.1"});
  auto context = Json::object({});
  if (!files.client_ca.empty()) {
    set_trust(common, {files.client_ca, listener_secret(options, "client_ca")});
    context.set("require_client_certificate", true);
  }
  context.set("common_tls_context", std::move(common));
  return named("envoy.transport_sockets.tls",
               typed("extensions.transport_sockets.tls.v3.DownstreamTlsContext", std::move(context)));
}

}  // namespace

Json listener_json(const std::vector<Backend>& backends, const BootstrapOptions& options) {
  auto chain = Json::object({{"filters", Json::array().push(named("envoy.filters.network.http_connection_manager",
                                                                  connection_manager(backends, options)))}});
  if (options.tls) {
    chain.set("transport_socket", downstream_tls(options));
    chain.set("transport_socket_connect_timeout", "10s");
  }
  return Json::object({{"name", "watchword"},
                       {"address", address_json(options.listen)},
                       {"per_connection_buffer_limit_bytes", 32 * 1024},
                       {"filter_chains", Json::array().push(std::move(chain))}});
}

}  // namespace watchword::envoy
