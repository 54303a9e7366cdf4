// Of the filter ext_proc: that it asks the gate about every request, takes its answer, and lets it end what runs.
#include <algorithm>
#include <array>
#include <utility>

#include "base/text.h"
#include "envoy/config_check_parts.h"

namespace watchword::envoy {
namespace {

bool is_mode(const Json* mode, std::string_view key, std::string_view name, int number) {
  return mode != nullptr && is_enum(mode->find(key), name, number);
}

void check_mode(const Json& config, const std::string& where, Findings& findings) {
  const Json* mode = config.find("processing_mode");
  if (is_mode(mode, "request_header_mode", "SKIP", 2))
    findings.add(where, "request_header_mode: SKIP, with which nobody is asked", "request_header_mode: SEND");
  if (!is_mode(mode, "response_trailer_mode", "SEND", 1))
    findings.add(where, "ext_proc lets go of a request once it is answered", "response_trailer_mode: SEND",
                 "what runs when a session ends would go on");
  if (!is_mode(mode, "response_header_mode", "SKIP", 2))
    findings.add(where, "the gate is shown the head of each response, and refuses it", "response_header_mode: SKIP");
  if (is_mode(mode, "request_trailer_mode", "SEND", 1))
    findings.add(where, "the gate is shown the trailers of each request, and refuses them",
                 "request_trailer_mode: SKIP");
  for (const auto* key : {"request_body_mode", "response_body_mode"})
    if (mode != nullptr && mode->find(key) != nullptr && !is_mode(mode, key, "NONE", 0))
      findings.add(where, "the gate is shown bodies, and refuses them", std::string(key) + ": NONE");
}

void check_mutations(const Json& config, const std::string& where, Findings& findings) {
  const Json* rules = config.find("mutation_rules");
  if (rules == nullptr || !is_true(rules->find("disallow_is_error")) || !is_true(rules->find("allow_envoy"))) {
    findings.add(where, "what the gate removes of a request's headers may stay",
                 "mutation_rules: {allow_envoy: true, disallow_is_error: true}");
    return;
  }
  for (const auto* key : {"disallow_system", "disallow_all", "allow_expression", "disallow_expression"})
    if (const Json* rule = rules->find(key); rule != nullptr && *rule != Json(false))
      findings.add(where, "mutation_rules." + std::string(key) + ", with which requests fail", "not set");
}

}  // namespace

void check_ext_proc(const Json& filter, const Json& config, const std::string& where, Findings& findings) {
  if (is_true(filter.find("disabled")) || is_true(filter.find("is_optional")))
    findings.add(where, "ext_proc is disabled or optional", "neither");
  if (is_true(config.find("failure_mode_allow")))
    findings.add(where, "failure_mode_allow: true", "false: no answer gives no access");
  // The gate's answer would not count.
  for (const auto* key : {"observability_mode", "disable_immediate_response"})
    if (is_true(config.find(key)))
      findings.add(where, std::string(key) + ": true, with which refused requests pass", "not set");
  for (const auto* key : {"forward_rules", "processing_request_modifier", "on_processing_response"})
    if (config.find(key) != nullptr) findings.add(where, std::string(key) + " on ext_proc", "not set");
  if (is_enum(config.find("route_cache_action"), "CLEAR", 1))
    findings.add(where, "route_cache_action: CLEAR, by which another route may be taken than was asked about",
                 "route_cache_action: RETAIN");
  if (const Json* code = at(config, {"status_on_error", "code"}); code != nullptr && !is_server_error(code))
    findings.add(where, "an error of ext_proc looks like a denial", "status_on_error: {code: ServiceUnavailable}");
  check_mode(config, where, findings);
  check_mutations(config, where, findings);
}

bool only_names_resource(const Json& overrides) {
  return overrides.members() == nullptr || std::ranges::all_of(*overrides.members(), [](const auto& one) {
           return one.first == "grpc_initial_metadata";
         });
}

std::vector<std::string> metadata_of(const Json& overrides, std::string_view key) {
  std::vector<std::string> values;
  for (const Json& one : items(overrides.find("grpc_initial_metadata")))
    if (ascii_lower(one.string_or("key", "")) == key) values.emplace_back(one.string_or("value", ""));
  return values;
}

}  // namespace watchword::envoy
