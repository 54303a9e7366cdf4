#include "envoy/config_check.h"

#include "envoy/config_check_parts.h"

namespace watchword::envoy {
namespace {

std::string snake_case(const std::string& key) {
  std::string out;
  for (const char c : key)
    if (c >= 'A' && c <= 'Z') {
      out += '_';
      out += static_cast<char>(c - 'A' + 'a');
    } else {
      out += c;
    }
  return out;
}

// The members of these are not fields: their names stay as they are.
bool is_map(std::string_view key) {
  return key == "typed_per_filter_config" || key == "typed_extension_protocol_options" || key == "context_extensions";
}

// One spelling for each field.
Json with_snake_case(const Json& value, Findings& findings, bool map = false) {
  if (const auto* list = value.array_items(); list != nullptr) {
    Json out = Json::array();
    for (const Json& item : *list) out.push(with_snake_case(item, findings));
    return out;
  }
  const auto* members = value.members();
  if (members == nullptr) return value;
  Json out = Json::object();
  for (const auto& [key, member] : *members) {
    const auto plain = map ? key : snake_case(key);
    if (plain != key && value.find(plain) != nullptr)
      findings.add({}, "the member '" + key + "' beside '" + plain + "'", "one of the two");
    out.set(plain, with_snake_case(member, findings, !map && is_map(plain)));
  }
  return out;
}

void check_admin(const Json& bootstrap, Findings& findings) {
  const Json* address = at(bootstrap, {"admin", "address"});
  if (address != nullptr && !only_here(address))
    findings.add("admin", "an address that others reach", "a Unix socket or a loopback address",
                 "whoever reaches it reads all configuration and stops Envoy");
}

void check_address(const Json* address, const Json& chain, const std::string& where, Findings& findings) {
  if (chain.find("transport_socket") == nullptr && !only_here(address))
    findings.add(where, "an address that others reach, without TLS", "a transport_socket with a certificate");
}

void check_chain(const Json& listener, const Json& chain, const Clusters& clusters, Findings& findings) {
  const auto where = "listener " + name_of(listener);
  check_address(listener.find("address"), chain, where, findings);
  for (const Json& more : items(listener.find("additional_addresses")))
    check_address(more.find("address"), chain, where, findings);
  bool managed = false;
  for (const Json& filter : items(chain.find("filters"))) {
    const Json* config = filter.find("typed_config");
    if (config == nullptr || !is_type(*config, "HttpConnectionManager")) continue;
    managed = true;
    check_manager(*config, clusters, where, findings);
  }
  if (!managed)
    findings.add(where, "a filter chain without HTTP connection manager", "one, with ext_proc in it",
                 "what other filters let through, nobody authorises");
}

void check_listeners(const Json& bootstrap, const Clusters& clusters, Findings& findings) {
  const auto& listeners = items(at(bootstrap, {"static_resources", "listeners"}));
  if (listeners.empty()) findings.add("static_resources", "no listener", "at least one");
  for (const Json& listener : listeners) {
    const auto& chains = items(listener.find("filter_chains"));
    const Json* fallback = listener.find("default_filter_chain");
    for (const Json& chain : chains) check_chain(listener, chain, clusters, findings);
    if (fallback != nullptr) check_chain(listener, *fallback, clusters, findings);
    if (chains.empty() && fallback == nullptr)
      findings.add("listener " + name_of(listener), "no filter chain", "at least one");
  }
}

}  // namespace

std::vector<Error> check_bootstrap(const Json& given) {
  Findings findings;
  const Json bootstrap = with_snake_case(given, findings);
  if (bootstrap.find("dynamic_resources") != nullptr)
    findings.add("dynamic_resources", "listeners or clusters that come from elsewhere", "all of them in this file",
                 "what is not in the file cannot be checked");
  check_admin(bootstrap, findings);
  Clusters clusters;
  for (const Json& cluster : items(at(bootstrap, {"static_resources", "clusters"}))) {
    clusters.emplace(name_of(cluster), &cluster);
    check_upstream_tls(cluster, findings);
    check_upstream_filters(cluster, findings);
  }
  check_listeners(bootstrap, clusters, findings);
  return findings.take();
}

}  // namespace watchword::envoy
