// Where Envoy tells of the requests that it carried.
#include "envoy/bootstrap_parts.h"
#include "envoy/ext_proc_message.h"

namespace watchword::envoy {
namespace {

// Fields of one line; `record` names the decision's entry in the audit log.
Json file_log(const BootstrapOptions& options) {
  auto fields = Json::object({
      {"start_time", "%START_TIME%"},
      {"method", "%REQ(:METHOD)%"},
      {"authority", "%REQ(:AUTHORITY)%"},
      {"path", "%REQ_WITHOUT_QUERY(X-ENVOY-ORIGINAL-PATH?:PATH)%"},  // queries may hold secrets
      {"protocol", "%PROTOCOL%"},
      {"status", "%RESPONSE_CODE%"},
      {"details", "%RESPONSE_CODE_DETAILS%"},
      {"flags", "%RESPONSE_FLAGS%"},
      {"received", "%BYTES_RECEIVED%"},
      {"sent", "%BYTES_SENT%"},
      {"duration", "%DURATION%"},
      {"client", "%DOWNSTREAM_REMOTE_ADDRESS%"},
      {"route", "%ROUTE_NAME%"},
      {"upstream", "%UPSTREAM_HOST%"},
      {"request_id", "%REQ(X-REQUEST-ID)%"},
      {"record", "%DYNAMIC_METADATA(" + std::string(kDecisionNamespace) + ":record)%"},
  });
  auto formatter =
      named("envoy.formatter.req_without_query", typed("extensions.formatter.req_without_query.v3.ReqWithoutQuery"));
  auto format =
      Json::object({{"json_format", std::move(fields)}, {"formatters", Json::array().push(std::move(formatter))}});
  auto config = Json::object({{"log_format", std::move(format)}});
  if (options.access_log.empty())
    return named("envoy.access_loggers.stdout",
                 typed("extensions.access_loggers.stream.v3.StdoutAccessLog", std::move(config)));
  config.set("path", options.access_log);
  return named("envoy.access_loggers.file",
               typed("extensions.access_loggers.file.v3.FileAccessLog", std::move(config)));
}

// The gate names the session with an allow only: what it has refused is on record already, and is not sent.
Json of_allowed_requests() {
  Json path = Json::array();
  path.push(Json::object({{"key", "session"}}));
  auto matcher = Json::object(
      {{"filter", kDecisionNamespace}, {"path", std::move(path)}, {"value", Json::object({{"present_match", true}})}});
  return Json::object({{"metadata_filter", Json::object({{"matcher", std::move(matcher)},  //
                                                         {"match_if_key_not_found", false}})}});
}

// To the gate, which puts it on record beside the decision.
Json gate_log() {
  auto common = Json::object({{"log_name", "watchword"},
                              {"grpc_service", gate_service()},
                              {"transport_api_version", "V3"},
                              {"buffer_flush_interval", "0.5s"},
                              {"buffer_size_bytes", 16 * 1024}});
  auto log = named("envoy.access_loggers.http_grpc", typed("extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
                                                           Json::object({{"common_config", std::move(common)}})));
  return std::move(log.set("filter", of_allowed_requests()));
}

}  // namespace

Json access_logs(const BootstrapOptions& options) { return Json::array().push(file_log(options)).push(gate_log()); }

}  // namespace watchword::envoy
