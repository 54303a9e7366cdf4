// Where Envoy tells of the requests that it carried.
#include "envoy/bootstrap_parts.h"

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
      {"record", "%DYNAMIC_METADATA(envoy.filters.http.ext_authz:record)%"},
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

}  // namespace

Json access_logs(const BootstrapOptions& options) { return Json::array().push(file_log(options)); }

}  // namespace watchword::envoy
