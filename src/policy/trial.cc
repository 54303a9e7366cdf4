#include "policy/trial.h"

#include <algorithm>
#include <array>

#include "policy/compiled_policy.h"
#include "policy/http_resource.h"
#include "policy/meet.h"
#include "policy/pattern_samples.h"

namespace watchword::policy {
namespace {

constexpr int kMostRounds = 6;

bool allowed(const Policy& policy, const Grant& grant, const Scene& scene) {
  const auto answer = ask(policy, scene, grant.action.resource->name(), *grant.action.action);
  return answer && answer->outcome == Outcome::allow;
}

// A claim to another value, or away, so that the matcher does not match any more.
bool escape(Scene& scene, const Matcher& matcher, const Holds& holds) {
  const Scene before = scene;
  for (const ClaimTest& test : matcher.claims) {
    const ClaimSteps steps = steps_of(test.claim.text());
    const std::array<Json, 3> others{Json("other"), Json(true), Json(false)};
    for (const Json& other : others)
      if (set_claim(scene, steps, other) && holds(scene)) return true;
    scene = before;
    scene.claims = without_claim(before.claims, test.claim.text());
    if (principal_of(scene) && holds(scene)) return true;
    scene = before;
  }
  return false;
}

// The scene so changed that this deny rule lets it pass.
bool get_past(const DenyRule& rule, Scene& scene, const Holds& holds, const Effort& effort) {
  if (rule.unless && meet(rule.unless->text(), true, scene, holds)) return true;
  if (rule.when && meet(rule.when->text(), false, scene, holds)) return true;
  return std::ranges::any_of(
      rule.to, [&](const Matcher& matcher) { return !effort.exhausted() && escape(scene, matcher, holds); });
}

bool asks_request(const std::optional<Condition>& condition) {
  return condition && condition->text().contains("request");
}
bool asks_request(const Policy& policy, const Grant& grant) {
  return asks_request(grant.permission->when) || std::ranges::any_of(rules_of(policy).deny, [&](const DenyRule& rule) {
           return (asks_request(rule.when) || asks_request(rule.unless)) &&
                  covers(rule, grant.action.resource->name(), *grant.action.action);
         });
}

// The request that the scene has is one that the action covers. A scene without is one of the token endpoint.
bool fits_request(const Grant& grant, const Scene& scene) {
  const HttpTarget* http = grant.action.resource->http();
  if (scene.method.empty() || http == nullptr) return scene.method.empty();
  const std::string* action = grant.action.resource->action_for({scene.host, scene.method, scene.path});
  return action != nullptr && *action == *grant.action.action && (http->host.empty() || scene.host == http->host);
}

// A request that the action covers, where there is one other than a WebSocket.
void set_request(const Grant& grant, Scene& scene, Effort& effort) {
  const auto* http = dynamic_cast<const HttpResource*>(grant.action.resource);
  if (http == nullptr) return;
  Scene tried = scene;
  tried.host = http->http()->host.empty() ? "gate.example.com" : http->http()->host;
  for (const auto& rules : http->rules())
    for (const HttpRule& rule : rules)
      for (const Pattern& pattern : rule.paths)
        for (const std::string& path : samples_of(pattern, 2))
          for (const std::string& method : rule.methods) {
            if (!effort.spend()) return;
            tried.method = method == "*" ? "GET" : method;
            tried.path = path.starts_with('/') ? path : "/" + path;
            if (!fits_request(grant, tried)) continue;
            scene = std::move(tried);
            return;
          }
}

}  // namespace

bool gives(const Policy& policy, const Grant& grant, const Scene& scene) {
  const auto principal = principal_of(scene);
  if (!principal || !matches(*grant.binding, *principal)) return false;
  const issuer::Machine* machine = principal->machine();
  if (machine != nullptr && machine->fork && !grant.binding->forks) return false;
  if (!fits_request(grant, scene)) return false;
  if (!grant.permission->when) return true;
  const auto table = context::TableFacts::from_json(scene.facts, scene.at);
  if (!table) return false;
  const PolicyFacts facts(rules_of(policy).freezes, *table, scene.at);
  const Roles roles;
  const Question question{*principal,           roles,        grant.action.resource->name(),
                          *grant.action.action, scene.method, scene.path,
                          scene.host,           facts,        scene.at};
  return grant.permission->when->evaluate(input_of(question, grant.permission->accept)).truth == Truth::yes;
}

bool make_allowed(const Policy& policy, const Grant& grant, Scene& scene, Effort& effort) {
  if (scene.method.empty() && asks_request(policy, grant)) set_request(grant, scene, effort);
  const auto given = [&](const Scene& tried) { return effort.spend() && gives(policy, grant, tried); };
  for (int round = 0; round < kMostRounds; ++round) {
    if (!given(scene) && (!grant.permission->when || !meet(grant.permission->when->text(), true, scene, given)))
      return false;
    const auto answer = ask(policy, scene, grant.action.resource->name(), *grant.action.action);
    if (!answer) return false;
    if (answer->outcome == Outcome::allow) return true;
    const auto passed = [&](const Scene& tried) {
      if (!effort.spend()) return false;
      const auto next = ask(policy, tried, grant.action.resource->name(), *grant.action.action);
      return next && (next->outcome == Outcome::allow || next->rule != answer->rule) && given(tried);
    };
    const auto rules = deny_rules_at(policy, answer->rule);
    if (std::ranges::none_of(rules, [&](const DenyRule* rule) { return get_past(*rule, scene, passed, effort); }))
      return false;
  }
  return given(scene) && allowed(policy, grant, scene);
}

std::vector<const DenyRule*> deny_rules_at(const Policy& policy, std::string_view rule) {
  std::vector<const DenyRule*> out;
  for (const DenyRule& one : rules_of(policy).deny)
    if (one.place.rule == rule) out.push_back(&one);
  return out;
}

}  // namespace watchword::policy
