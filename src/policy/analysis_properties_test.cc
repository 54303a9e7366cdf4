// Whatever small policies are compared: what is said of a sample is so. rapidcheck prints its seed;
// RC_PARAMS="seed=..." runs the same again.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

#include "policy/analysis_test_util.h"

namespace watchword::policy::testing {
namespace {

std::string any_of(std::initializer_list<const char*> words) {
  return *rc::gen::elementOf(std::vector<std::string>(words.begin(), words.end()));
}
bool any_bool() { return *rc::gen::arbitrary<bool>(); }

std::string any_binding() {
  std::string claims = "project_path: " + any_of({"a/b", "a/c", "'a/*'", "'a/**'", "'re:a/[b-d]'", "[a/b, 'a/x*']"});
  if (any_bool()) claims += ", ref: " + any_of({"main", "'rel/*'", "'re:rel/[0-9]+'", "[main, dev]", "'*'"});
  if (any_bool()) claims += ", ref_protected: " + any_of({"true", "false"});
  if (any_bool()) claims += ", environment: " + any_of({"production", "staging", "'*'"});
  if (any_bool()) claims += ", forks: true";
  return "{ job: { issuer: gitlab, " + claims + " } }";
}

std::string any_condition() {
  return any_of({"context.merged(into = \"main\", sha = job.sha)", "job.ref == \"main\"", "job.ref_protected",
                 "has(job.environment) && job.environment != \"staging\"", "job.ref.startsWith(\"rel/\")",
                 "!context.frozen(environment = \"production\")", "job.ref == \"main\" || job.ref_protected"});
}

std::string any_permission() {
  const std::string name = any_of({"billing-api/read", "billing-api/write"});
  return any_bool() ? name : "{ permission: " + name + ", when: '" + any_condition() + "' }";
}

std::string any_role(int number) {
  std::vector<std::string> bindings, permissions;
  for (int i = *rc::gen::inRange(1, 3); i > 0; --i) bindings.push_back(any_binding());
  permissions.push_back(any_permission());
  return fmt::format("  r{}: {{ granted_to: [ {} ], allow: [ {} ], session: {{ ttl: {} }} }}\n", number,
                     fmt::join(bindings, ", "), fmt::join(permissions, ", "), any_of({"15m", "1h"}));
}

std::string any_deny_rule() {
  std::string out = "  - { permission: " + any_of({"'*/write'", "'*/*'", "billing-api/read"});
  if (any_bool()) out += ", to: { job: { environment: " + any_of({"production", "staging"}) + " } }";
  if (any_bool()) out += ", when: '" + any_condition() + "'";
  if (any_bool()) out += ", unless: '" + any_condition() + "'";
  return out + " }\n";
}

std::vector<std::string> any_lines(int most, const auto& make) {
  std::vector<std::string> out;
  for (int i = *rc::gen::inRange(0, most + 1); i > 0; --i) out.push_back(make(i));
  return out;
}

std::shared_ptr<const Policy> policy_with(const std::vector<std::string>& roles, const std::vector<std::string>& deny) {
  std::string text = kBillingApi;
  if (!roles.empty()) text += fmt::format("roles:\n{}", fmt::join(roles, ""));
  if (!deny.empty()) text += fmt::format("deny:\n{}", fmt::join(deny, ""));
  const auto policy = Policy::parse({{"p.yaml", text}});
  RC_ASSERT(policy.has_value());
  return *policy;
}

// Two that have some of their rules in common.
std::pair<std::shared_ptr<const Policy>, std::shared_ptr<const Policy>> two_policies() {
  auto roles = any_lines(3, any_role), deny = any_lines(2, [](int) { return any_deny_rule(); });
  const auto before = policy_with(roles, deny);
  if (!roles.empty() && any_bool()) roles.pop_back();
  if (!deny.empty() && any_bool()) deny.pop_back();
  if (any_bool()) roles.push_back(any_role(9));
  if (any_bool()) deny.push_back(any_deny_rule());
  return {before, policy_with(roles, deny)};
}

bool allows(const Policy& policy, const Scene& sample, const std::string& permission) {
  const auto slash = permission.find('/');
  return replay(policy, sample, permission.substr(0, slash), permission.substr(slash + 1)).outcome == Outcome::allow;
}

RC_GTEST_PROP(AnalysisProperties, SamplesOfWhoCanComeOutAsSaid, ()) {
  const auto policy = two_policies().second;
  for (const Way& way : who_can(*policy, "billing-api/*", {}, kNoon).value()) {
    if (!way.sample) continue;
    const bool allowed = allows(*policy, *way.sample, way.grant.action.text());
    RC_ASSERT(allowed == (way.answer.outcome == Outcome::allow));
    RC_ASSERT(way.shown == (allowed && gives(*policy, way.grant, *way.sample)));
  }
}

RC_GTEST_PROP(AnalysisProperties, AWayWithoutConditionsAndDenyRulesIsAlwaysShown, ()) {
  const auto policy = policy_with(any_lines(3, any_role), {});
  for (const Way& way : who_can(*policy, "billing-api/*", {}, kNoon).value())
    if (!way.grant.permission->when) RC_ASSERT(way.shown);
}

RC_GTEST_PROP(AnalysisProperties, SamplesOfADiffComeOutAsSaid, ()) {
  const auto [before, after] = two_policies();
  for (const Change& change : diff(*before, *after, {}, kNoon).changes) {
    if (!change.sample) continue;
    RC_ASSERT(change.grants != change.takes);
    for (const std::string& permission : change.permissions) {
      RC_ASSERT(allows(*before, *change.sample, permission) == change.takes);
      RC_ASSERT(allows(*after, *change.sample, permission) == change.grants);
    }
  }
}

RC_GTEST_PROP(AnalysisProperties, APolicyDoesNotDifferFromItself, ()) {
  auto roles = any_lines(3, any_role), deny = any_lines(2, [](int) { return any_deny_rule(); });
  const auto before = policy_with(roles, deny);
  std::ranges::reverse(roles);
  std::ranges::reverse(deny);
  if (!roles.empty()) roles.insert(roles.begin(), "  # said in another order\n");
  RC_ASSERT(diff(*before, *policy_with(roles, deny), {}, kNoon).changes.empty());
}

// What a change grants, its opposite takes.
RC_GTEST_PROP(AnalysisProperties, TheOppositeChangeTakesWhatIsGranted, ()) {
  const auto [before, after] = two_policies();
  const auto listed = [](const PolicyDiff& diff, bool turned) {
    std::multiset<std::string> out;
    for (const Change& change : diff.changes)
      out.insert(fmt::format("{} {} {} {} {} {}", name(change.kind), turned ? change.takes : change.grants,
                             turned ? change.grants : change.takes, change.shown, change.who,
                             fmt::join(change.permissions, ",")));
    return out;
  };
  RC_ASSERT(listed(diff(*before, *after, {}, kNoon), false) == listed(diff(*after, *before, {}, kNoon), true));
}

Scene any_scene() {
  const std::string environment = any_of({"", "production", "staging"});
  Scene scene;
  scene.issuer = "gitlab";
  scene.profile = {issuer::ProfileName::gitlab, {}};
  scene.claims = gitlab_claims({{"project_path", any_of({"a/b", "a/c", "a/d", "a/x/y"})},
                                {"ref", any_of({"main", "dev", "rel/1", "rel/x"})},
                                {"ref_protected", any_of({"true", "false"})},
                                {"environment", environment.empty() ? Json() : Json(environment)},
                                {"job_project_path", any_bool() ? Json("mallory/x") : Json()}});
  scene.facts.push(Json::object({{"fact", "merged"}, {"value", any_bool()}}));
  scene.at = kNoon;
  return scene;
}

// Nobody's rights differ in a way that the diff does not mention: asked for many who are not its own samples.
RC_GTEST_PROP(AnalysisProperties, WhereNothingIsFoundNobodySeesADifference, ()) {
  const auto [before, after] = two_policies();
  const PolicyDiff found = diff(*before, *after, {}, kNoon);
  for (int i = 0; i < 40; ++i) {
    const Scene scene = any_scene();
    for (const char* permission : {"billing-api/read", "billing-api/write"}) {
      const bool was = allows(*before, scene, permission), is = allows(*after, scene, permission);
      RC_ASSERT(was || !is || found.grants());
      RC_ASSERT(is || !was || found.takes());
    }
  }
}

}  // namespace
}  // namespace watchword::policy::testing
