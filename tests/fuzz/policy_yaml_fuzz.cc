// Policy files: any text loads or is refused with its place; what loads decides consistently with its explanation.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "context/facts.h"
#include "issuer/profile.h"
#include "policy/policy.h"
#include "policy/target.h"
#include "policy/tcp_resource.h"
#include "policy/testing.h"
#include "policy/yaml/node.h"

namespace {

using namespace watchword;

void require(bool holds) {
  if (!holds) std::abort();
}

const issuer::Principal& principal() {
  static const issuer::Principal kPrincipal = [] {
    const auto claims = parse_json(
        R"({"sub":"s","project_id":"42","project_path":"acme/billing","namespace_id":"7","namespace_path":"acme",)"
        R"("pipeline_id":"1","job_id":"2","ref":"main","ref_type":"branch","ref_protected":"true","sha":"9f3c2d1",)"
        R"("environment":"production"})");
    return *issuer::imagine_principal(*claims, "gitlab", {issuer::ProfileName::gitlab, {}});
  }();
  return kPrincipal;
}

void check_places(const std::vector<Error>& errors) {
  require(!errors.empty());
  for (const Error& error : errors)
    require(error.where.starts_with("f.yaml:") && !error.found.empty() && !error.expected.empty());
}

// JSON is YAML: the tree's JSON reads back as the same tree, unless it holds what the reader refuses to look at.
void check_tree(const std::string& text) {
  const auto node = yaml::read("f.yaml", text, Reason::policy_invalid);
  if (!node) return check_places(node.error());
  const auto json = yaml::to_json(*node);
  if (!json) return;
  const auto again = yaml::read("f.yaml", json->dump(), Reason::policy_invalid);
  if (!again) return;
  const auto json_again = yaml::to_json(*again);
  require(json_again && json_again->dump() == json->dump());
}

void check_question(const policy::Policy& policy, const policy::Roles& roles, const std::string& resource,
                    const std::string& action) {
  const context::TableFacts facts;
  const policy::Question question{principal(), roles, resource, action, "GET", "/v1/x", "", facts, from_unix(0)};
  const auto verdict = policy.evaluate(question);
  bool bound = false, permitted = false, fenced = false;
  for (const auto& line : policy.explain(question)) {
    if (line.kind == "deny") fenced |= line.matched;
    if (line.kind == "binding") bound |= line.matched;
    if (line.kind == "permission") permitted |= line.matched && line.role == verdict.role;
  }
  if (verdict.outcome == policy::Outcome::allow)
    require(bound && permitted && !fenced && !verdict.role.empty() && !verdict.rule.empty());
  if (fenced) require(verdict.outcome != policy::Outcome::allow);
}

// A resource is reached by requests or by a tunnel, and by what it says of itself.
void check_way_in(const policy::Policy& policy, const policy::Resource& resource) {
  require((resource.http() == nullptr) != (resource.tcp() == nullptr));
  if (const auto* tcp = resource.tcp()) {
    const auto tunnel = policy::find_tunnel(policy, resource.name() + ":" + std::to_string(tcp->port));
    require(tunnel && tunnel->resource == &resource && *tunnel->action == "connect");
    return;
  }
  const std::string& host = resource.http()->host;
  for (const char* protocol : {"", "websocket"})
    for (const char* path : {"/v1/x", "/acme.v1.Billing/Get"}) {
      const auto target = policy::find_target(policy, {host, "GET", resource.http()->prefix + path, protocol});
      const bool found = target && target->resource == &resource;
      require(target && (found || host.empty()));  // another's prefix may be longer
      require(!found || target->path == path);
      if (target->action == nullptr) continue;
      const auto& actions = target->resource->actions();
      require(std::find(actions.begin(), actions.end(), *target->action) != actions.end());
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  check_tree(text);
  const auto policy = policy::Policy::parse({{"f.yaml", text}});
  if (!policy) {
    check_places(policy.error());
    return 0;
  }
  const policy::Roles roles = (*policy)->roles_of(principal());
  for (const policy::Resource* resource : (*policy)->resources()) {
    check_way_in(**policy, *resource);
    for (const std::string& action : resource->actions()) check_question(**policy, roles, resource->name(), action);
  }
  if (const auto tests = policy::run_tests(**policy, "f.yaml", text); !tests) check_places(tests.error());
  return 0;
}
