// Policies and their bootstraps, for the tests of bootstrap* and config_check*.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "base/text.h"
#include "envoy/bootstrap.h"
#include "envoy/config_check_parts.h"

namespace watchword::envoy::testing {

inline std::shared_ptr<const policy::Policy> policy_of(const std::string& text) {
  auto policy = policy::Policy::parse({{"p.yaml", text}});
  if (policy) return *policy;
  for (const Error& error : policy.error()) ADD_FAILURE() << to_string(error);
  return *policy::Policy::parse({});
}

// `http`: what a resource says besides upstream and host, "name: {http: {...}}" by name.
inline std::string resources(std::initializer_list<std::pair<std::string, std::string>> http) {
  std::string text = "resources:\n";
  for (const auto& [name, body] : http)
    text += "  " + name + ":\n    http: {" + body + "}\n    actions: {all: {methods: ['*']}}\n";
  return text;
}

inline const std::string kBilling =
    resources({{"billing-api", "upstream: https://billing.internal, host: billing.test"}});

inline BootstrapOptions loopback_options() {
  return {.listen = {.host = "127.0.0.1", .port = 10000},
          .admin = {.unix_path = "/run/envoy/admin.sock"},
          .ext_authz = {.unix_path = "/run/watchword/ext_authz.sock"},
          .hosts = {"gate.test"},
          .ca_bundle = "/etc/ssl/certs/ca-certificates.crt",
          .authorization_time = std::chrono::seconds(5),
          .stream_time = std::chrono::minutes(15),
          .heap_bytes = 1 << 30,
          .connections = 50'000};
}

inline Json bootstrap_of(const std::string& policy, const BootstrapOptions& options = loopback_options()) {
  auto json = render_bootstrap(*policy_of(policy), options);
  if (json) return *std::move(json);
  for (const Error& error : json.error()) ADD_FAILURE() << to_string(error);
  return {};
}

// The errors of a rendering that must fail, one line each.
inline std::vector<std::string> refusals_of(const std::string& policy, const BootstrapOptions& options) {
  auto json = render_bootstrap(*policy_of(policy), options);
  std::vector<std::string> lines;
  if (json) return lines;
  for (const Error& error : json.error()) lines.push_back(error.where + ": " + to_string(error));
  return lines;
}

// The value at "static_resources/clusters/1/name": members by name, items by position. Null when there is none.
inline const Json* find_at(const Json& json, std::string_view path) {
  const Json* value = &json;
  for (const auto key : split(path, '/')) {
    if (value == nullptr) return nullptr;
    if (const auto* list = value->array_items(); list != nullptr) {
      const auto index = static_cast<std::size_t>(std::stoul(std::string(key)));
      value = index < list->size() ? &(*list)[index] : nullptr;
    } else {
      value = value->find(key);
    }
  }
  return value;
}
inline std::string dump_at(const Json& json, std::string_view path) {
  const Json* value = find_at(json, path);
  return value == nullptr ? "absent" : value->dump();
}

// A copy with the value at `path` replaced; null takes a member away.
inline Json with(const Json& json, std::string_view path, const Json& value) {
  if (path.empty()) return value;
  const auto slash = path.find('/');
  const auto key = path.substr(0, slash);
  const auto rest = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  if (const auto* list = json.array_items(); list != nullptr) {
    Json out = Json::array();
    for (std::size_t i = 0; i < list->size(); ++i)
      if (std::to_string(i) != key)
        out.push((*list)[i]);
      else if (!(rest.empty() && value.is_null()))
        out.push(with((*list)[i], rest, value));
    return out;
  }
  Json out = Json::object();
  if (const auto* members = json.members(); members != nullptr)
    for (const auto& [name, member] : *members)
      if (name != key) out.set(name, member);
  const Json* old = json.find(key);
  auto changed = with(old != nullptr ? *old : Json::object(), rest, value);
  if (!changed.is_null()) out.set(key, std::move(changed));
  return out;
}

inline const std::string kListener = "static_resources/listeners/0";
inline const std::string kManager = kListener + "/filter_chains/0/filters/0/typed_config";
inline const std::string kHosts = kManager + "/route_config/virtual_hosts";
inline const std::string kExtProc = kManager + "/http_filters/1";  // after the one for trailers
inline const std::string kAuthorization = "static_resources/clusters/0";
inline const std::string kBackend = "static_resources/clusters/1";

}  // namespace watchword::envoy::testing
