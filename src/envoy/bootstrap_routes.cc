// Virtual hosts and routes: a resource by its host, or by its prefix on the gate's own hosts; anything else, and what
// Envoy cannot do, is a 404 that it gives itself.
#include <algorithm>

#include "base/text.h"
#include "envoy/bootstrap_parts.h"
#include "envoy/ext_proc_message.h"
#include "http/problem.h"

namespace watchword::envoy {
namespace {

constexpr std::string_view kFilter = "envoy.filters.http.ext_proc";

Json per_route(Json settings) {
  return Json::object({{kFilter, typed("extensions.filters.http.ext_proc.v3.ExtProcPerRoute", std::move(settings))}});
}

// What the resource itself has to say of trailers: a client's are no credential that it injects, and answers go without
// those that it names.
Json own_trailers(const policy::HttpTarget& target) {
  const auto removals = [](const auto& names) {
    Json list = Json::array();
    for (const auto& name : names) list.push(Json::object({{"remove", name}}));
    return list;
  };
  std::vector<std::string> injected;
  for (const auto& header : target.inject) injected.push_back(ascii_lower(header.name));
  auto mutations = Json::object();
  if (!injected.empty()) mutations.set("request_trailers_mutations", removals(injected));
  if (const auto& names = target.remove_response_headers; !names.empty())
    mutations.set("response_trailers_mutations", removals(names));
  return mutations;
}

Json settings_of(const Backend& backend) {
  auto metadata = Json::array().push(Json::object({{"key", kResourceMetadata}, {"value", backend.resource->name()}}));
  auto settings =
      per_route(Json::object({{"overrides", Json::object({{"grpc_initial_metadata", std::move(metadata)}})}}));
  if (auto mutations = own_trailers(*backend.target); !mutations.members()->empty())
    settings.set(std::string(kTrailerFilter), typed("extensions.filters.http.header_mutation.v3.HeaderMutationPerRoute",
                                                    Json::object({{"mutations", std::move(mutations)}})));
  return settings;
}

// Nothing but the answer: no cluster, so nobody need be asked.
Json nowhere(std::string name, Json match) {
  auto body = http::problem(Error{Reason::host_unknown, {}, {}, {}, {}}, false).dump();
  const auto header = [](const char* key, const char* value) {
    return Json::object(
        {{"header", Json::object({{"key", key}, {"value", value}})}, {"append_action", "OVERWRITE_IF_EXISTS_OR_ADD"}});
  };
  Json headers = Json::array();
  headers.push(header("content-type", "application/problem+json"));
  headers.push(header("cache-control", "no-store"));
  return Json::object(
      {{"name", std::move(name)},
       {"match", std::move(match)},
       {"direct_response", Json::object({{"status", http::status_of(Reason::host_unknown)},
                                         {"body", Json::object({{"inline_string", std::move(body)}})}})},
       {"response_headers_to_add", std::move(headers)},
       {"typed_per_filter_config", per_route(Json::object({{"disabled", true}}))}});
}

Json unknown() { return nowhere("unknown", Json::object({{"prefix", "/"}})); }

// Only what the backend has not seen: nothing is done twice.
Json retry(const policy::HttpUpstream& upstream) {
  auto json = Json::object(
      {{"retry_on", "connect-failure,refused-stream"}, {"num_retries", static_cast<std::int64_t>(upstream.retries)}});
  if (upstream.endpoints.size() == 1) return json;
  auto other =
      Json::object({{"name", "envoy.retry_host_predicates.previous_hosts"},
                    {"typed_config", typed("extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate")}});
  return std::move(json.set("retry_host_predicate", Json::array().push(std::move(other))));
}

Json action_of(const Backend& backend, const BootstrapOptions& options) {
  const auto& target = *backend.target;
  auto json = Json::object({{"cluster", backend.cluster},
                            {"auto_host_rewrite", true},  // to the endpoint's `hostname`
                            // The whole answer may take as long as a stream may; silence may not.
                            {"timeout", "0s"},
                            {"idle_timeout", duration_json(std::max(target.response_time, target.idle_time))}});
  // A route's own time replaces the listener's, which it must not exceed.
  if (target.stream_time > Duration::zero())
    json.set("max_stream_duration",
             Json::object({{"max_stream_duration", duration_json(std::min(target.stream_time, options.stream_time))}}));
  if (target.upstream.retries > 0) json.set("retry_policy", retry(target.upstream));
  return json;
}

Json route(const Backend& backend, std::string name, Json match, const std::string& rewrite,
           const BootstrapOptions& options) {
  if (!backend.served()) return nowhere(std::move(name), std::move(match));
  auto action = action_of(backend, options);
  if (!rewrite.empty()) action.set("prefix_rewrite", rewrite);
  auto json = Json::object({{"name", std::move(name)},
                            {"match", std::move(match)},
                            {"route", std::move(action)},
                            {"typed_per_filter_config", settings_of(backend)}});
  if (const auto& removed = backend.target->remove_response_headers; !removed.empty()) {
    Json names = Json::array();
    for (const auto& header : removed) names.push(header);
    json.set("response_headers_to_remove", std::move(names));
  }
  return json;
}

Json virtual_host(std::string name, const std::vector<std::string>& domains, Json routes) {
  Json list = Json::array(), credentials = Json::array();
  for (const auto& domain : domains) list.push(domain);
  credentials.push("authorization").push("dpop");  // of the job: the gate has read them, the backend must not
  return Json::object({{"name", std::move(name)},
                       {"domains", std::move(list)},
                       {"request_headers_to_remove", std::move(credentials)},
                       {"routes", std::move(routes)}});
}

Json host_of(const Backend& backend, const BootstrapOptions& options) {
  Json routes = Json::array();
  routes.push(route(backend, backend.resource->name(), Json::object({{"prefix", "/"}}), {}, options));
  return virtual_host(backend.target->host, {backend.target->host}, std::move(routes));
}

// /billing and what is below /billing/, without that prefix; not /billing-old.
void push_prefix(const Backend& backend, const BootstrapOptions& options, Json& routes) {
  const auto& prefix = backend.target->prefix;
  routes.push(route(backend, backend.resource->name() + ":root", Json::object({{"path", prefix}}), "/", options));
  routes.push(route(backend, backend.resource->name(), Json::object({{"prefix", prefix + "/"}}), "/", options));
}

Json gate_host(std::vector<const Backend*> backends, const BootstrapOptions& options) {
  // The longest first, as Envoy takes the first route that matches.
  std::ranges::sort(backends, std::ranges::greater(), [](const Backend* one) {
    return std::pair(one->target->prefix.size(), std::string_view(one->target->prefix));
  });
  Json routes = Json::array();
  for (const auto* backend : backends) push_prefix(*backend, options, routes);
  routes.push(unknown());
  return virtual_host("watchword", options.hosts, std::move(routes));
}

}  // namespace

Json routes_json(const std::vector<Backend>& backends, const BootstrapOptions& options) {
  Json hosts = Json::array();
  std::vector<const Backend*> with_prefix;
  for (const auto& backend : backends)
    if (backend.target->prefix.empty())
      hosts.push(host_of(backend, options));
    else
      with_prefix.push_back(&backend);
  if (!with_prefix.empty() && !options.hosts.empty()) hosts.push(gate_host(with_prefix, options));
  hosts.push(virtual_host("unknown", {"*"}, Json::array().push(unknown())));
  return Json::object(
      {{"name", kRoutesName}, {"ignore_port_in_host_matching", true}, {"virtual_hosts", std::move(hosts)}});
}

}  // namespace watchword::envoy
