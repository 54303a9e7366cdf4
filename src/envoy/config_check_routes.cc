// Of each route: that somebody is asked, about which resource, and that the client does not choose where it leads.
#include <algorithm>

#include "envoy/check_request.h"
#include "envoy/config_check_parts.h"
#include "envoy/ext_proc_message.h"

namespace watchword::envoy {
namespace {

struct RouteCheck {
  const std::string& authorization;
  const std::vector<std::string>& guards;
  const Clusters& clusters;
  Findings& findings;
};

// What a level (route, virtual host, all routes) says of a filter; null: nothing.
const Json* setting(const Json& level, const std::string& filter) {
  return at(level, {"typed_per_filter_config", filter});
}

// What a level says of a guard, without the wrapper that may be around it. Null: not to be seen through.
const Json* unwrapped(const Json& config) {
  const Json* inner = is_type(config, "FilterConfig") ? config.find("config") : &config;
  if (inner == nullptr) return &config;
  const bool known = is_type(*inner, "ExtAuthzPerRoute") || is_type(*inner, "ExtProcPerRoute") ||
                     is_type(*inner, "HeaderMutationPerRoute");
  return known ? inner : nullptr;
}

const Json* part_of(const Json* config, std::string_view part) {
  const Json* inner = config != nullptr ? unwrapped(*config) : nullptr;
  return inner == nullptr ? nullptr : inner->find(part);
}

// The nearest level that says something of a filter decides whether it runs.
void check_guards(const RouteCheck& check, std::initializer_list<const Json*> levels, const std::string& where) {
  for (const auto& guard : check.guards) {
    bool off = false;
    for (const Json* level : levels) {
      const Json* said = setting(*level, guard);
      if (said == nullptr) continue;
      const Json* inner = unwrapped(*said);
      if (inner == nullptr)
        check.findings.add(where, "a setting of the filter " + guard + " of an unknown type",
                           "ExtProcPerRoute, ExtAuthzPerRoute, HeaderMutationPerRoute or FilterConfig");
      off = is_true(said->find("disabled")) || (inner != nullptr && is_true(inner->find("disabled")));
    }
    if (off) check.findings.add(where, "the filter " + guard + " is switched off", "on, where a backend is reached");
  }
}

// Envoy evaluates what stands between '%', also what a client sends: no resource has such a name.
bool is_resource_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

bool is_named(const RouteCheck& check, std::string_view name, const std::string& where) {
  if (!name.empty() && !is_resource_name(name))
    check.findings.add(where, "the resource '" + std::string(name) + "', which is no name", "the name of a resource",
                       "the client might choose what is decided on");
  return !name.empty();
}

bool names_resource(const RouteCheck& check, const Json* settings, const std::string& where) {
  if (settings == nullptr) return false;
  if (settings->find("grpc_service") != nullptr || settings->find("http_service") != nullptr)
    check.findings.add(where, "another service is asked", "the filter's own");
  const Json* extensions = settings->find("context_extensions");
  return extensions != nullptr && is_named(check, extensions->string_or(kResourceExtension, ""), where);
}

bool overrides_name_resource(const RouteCheck& check, const Json* overrides, const std::string& where) {
  if (overrides == nullptr) return false;
  if (!only_names_resource(*overrides))
    check.findings.add(where, "another ext_proc than the listener's", "overrides.grpc_initial_metadata alone");
  const auto names = metadata_of(*overrides, kResourceMetadata);
  if (names.size() > 1) check.findings.add(where, "several resources", "one " + std::string(kResourceMetadata));
  return std::ranges::count_if(names, [&](const auto& name) { return is_named(check, name, where); }) > 0;
}

void check_question(const RouteCheck& check, std::initializer_list<const Json*> levels, const std::string& where) {
  bool named = false;
  for (const Json* level : levels) {
    const Json* said = setting(*level, check.authorization);
    named |= names_resource(check, part_of(said, "check_settings"), where);
    named |= overrides_name_resource(check, part_of(said, "overrides"), where);
  }
  if (!named)
    check.findings.add(where, "nothing says which resource this is",
                       "overrides: {grpc_initial_metadata: [{key: " + std::string(kResourceMetadata) +
                           ", value: NAME}]}; for ext_authz context_extensions: {" + std::string(kResourceExtension) +
                           ": NAME}");
}

void check_cluster(const RouteCheck& check, const Json* name, const std::string& where) {
  if (name == nullptr || name->string() == nullptr) {
    check.findings.add(where, "a cluster that this file does not fix", "route.cluster or route.weighted_clusters",
                       "a header that the client sends may choose it");
    return;
  }
  const auto cluster = check.clusters.find(*name->string());
  if (cluster == check.clusters.end())
    check.findings.add(where, "the cluster '" + *name->string() + "' is not in this file", "one that is");
  else if (cluster->second->find("cluster_type") != nullptr ||
           is_enum(cluster->second->find("type"), "ORIGINAL_DST", 4))
    check.findings.add(where, "the cluster '" + *name->string() + "', whose address the request may choose",
                       "one with fixed endpoints");
}

// The path that was authorised is the one that the backend is to read, without the resource's prefix, on a host that
// this file names.
void check_rewrite(const RouteCheck& check, const Json& route, const Json& forward, const std::string& where) {
  for (const auto* key : {"regex_rewrite", "path_rewrite_policy", "path_rewrite"})
    if (forward.find(key) != nullptr)
      check.findings.add(where, std::string(key) + ", by which the backend may read another path", "prefix_rewrite");
  for (const auto* key : {"host_rewrite_header", "host_rewrite_path_regex", "host_rewrite"})
    if (forward.find(key) != nullptr)
      check.findings.add(where, std::string(key) + ", by which the request chooses the backend's host",
                         "auto_host_rewrite or host_rewrite_literal");
  const auto* rewrite = forward.find_string("prefix_rewrite");
  const Json* prefix = at(route, {"match", "prefix"});
  if (rewrite == nullptr || prefix == nullptr || prefix->string() == nullptr) return;
  if (prefix->string()->ends_with('/') != rewrite->ends_with('/'))
    check.findings.add(where, "the prefix '" + *prefix->string() + "' rewritten to '" + *rewrite + "'",
                       "both with a slash at the end, or neither", "the backend would read '//' or another name");
}

void check_route(const RouteCheck& check, const Json& all, const Json& host, const Json& route,
                 const std::string& where) {
  if (route.find("direct_response") != nullptr || route.find("redirect") != nullptr) return;
  const Json* forward = route.find("route");
  if (forward == nullptr) {
    check.findings.add(where, "an action that is none of these", "route, redirect or direct_response");
    return;
  }
  check_question(check, {&all, &host, &route}, where);
  check_rewrite(check, route, *forward, where);
  if (forward->find("upgrade_configs") != nullptr) check.findings.add(where, "upgrade_configs", "the listener's");
  for (const Json* level : {&all, &host, forward})
    for (const Json& mirror : items(level->find("request_mirror_policies")))
      check_cluster(check, mirror.find("cluster"), where + ", a mirror");
  const Json* weighted = forward->find("weighted_clusters");
  if (weighted == nullptr) {
    check_guards(check, {&all, &host, &route}, where);
    check_cluster(check, forward->find("cluster"), where);
    return;
  }
  for (const Json& one : items(weighted->find("clusters"))) {
    check_guards(check, {&all, &host, &route, &one}, where);
    check_question(check, {&all, &host, &route, &one}, where);
    check_cluster(check, one.find("name"), where);
  }
}

}  // namespace

void check_routes(const Json& manager, const std::string& authorization, const std::vector<std::string>& guards,
                  const Clusters& clusters, const std::string& listener, Findings& findings) {
  const RouteCheck check{authorization, guards, clusters, findings};
  const Json* all = manager.find("route_config");
  if (all == nullptr || all->find("vhds") != nullptr) {
    findings.add(listener, "routes that come from elsewhere", "route_config in this file",
                 "what is not in the file cannot be checked");
    return;
  }
  for (const Json& host : items(all->find("virtual_hosts"))) {
    const auto where = listener + ", host " + name_of(host);
    if (host.find("matcher") != nullptr) findings.add(where, "routes chosen by a matcher", "a list of routes");
    for (const Json& route : items(host.find("routes")))
      check_route(check, *all, host, route, where + ", route " + name_of(route));
  }
}

}  // namespace watchword::envoy
