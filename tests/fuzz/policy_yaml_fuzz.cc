// Policy files: any text loads or is refused with its place; what loads decides consistently with its explanation.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "context/facts.h"
#include "issuer/profile.h"
#include "policy/policy.h"
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
  for (const policy::Resource* resource : (*policy)->resources())
    for (const std::string& action : resource->actions()) check_question(**policy, roles, resource->name(), action);
  if (const auto tests = policy::run_tests(**policy, "f.yaml", text); !tests) check_places(tests.error());
  return 0;
}
