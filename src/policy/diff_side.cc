#include "policy/diff_side.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/containment.h"
#include "policy/meet.h"
#include "policy/words.h"

namespace watchword::policy {
namespace {

constexpr std::size_t kMostAlternatives = 64, kMostAttempts = 32;

std::vector<Right> rights_of(const Policy& policy, const Role& role) {
  std::vector<Right> out;
  for (const auto& [number, permission] : role.by_action) {
    const ActionName action = action_of(policy, number);
    std::string name = action.text();
    std::string key = fmt::format("{}\x1f{}\x1f{}", name, canonical(permission->when), permission->accept.count());
    out.push_back({std::move(name), std::move(key), action, permission});
  }
  std::ranges::sort(out, {}, &Right::key);
  return out;
}

bool allows(const Policy& policy, const ActionName& action, const Scene& scene) {
  const auto answer = ask(policy, scene, action.resource->name(), *action.action);
  return answer && answer->outcome == Outcome::allow;
}

// Of a scene that both sides allow: the condition under which the other side does so is broken.
bool break_condition(const Side& allowing, const Side& denying, const ActionName& action, Scene& scene,
                     Effort& effort) {
  const auto answer = ask(denying.policy, scene, action.resource->name(), *action.action);
  const auto holds = [&](const Scene& tried) { return effort.spend() && differs(allowing, denying, action, tried); };
  const auto role = denying.roles_by_name.find(answer ? answer->role : std::string());
  if (role == denying.roles_by_name.end()) return false;
  return std::ranges::any_of(denying.rights_of(*role->second), [&](const Right& right) {
    return right.name == action.text() && right.permission->when &&
           meet(right.permission->when->text(), false, scene, holds);
  });
}

// Somebody whom the alternative matches, and the bindings of the other side that match him.
std::optional<std::vector<std::uint32_t>> bindings_meeting(const Matcher& one, const Side& side,
                                                           const std::vector<ConfiguredIssuer>& issuers, Time at) {
  for (const auto& [bearing, variation] : attempts(one, kBearings)) {
    const auto scene = scene_of(one, issuers, bearing, variation, at);
    const auto principal = scene ? principal_of(*scene) : std::nullopt;
    if (principal) return side.index->matching(*principal);
  }
  return std::nullopt;
}

// Why the scene shows nothing.
std::string obstacle_of(const Side& side, const ActionName& action, const Scene& scene) {
  const auto answer = ask(side.policy, scene, action.resource->name(), *action.action).value_or(Answer{});
  if (answer.outcome == Outcome::allow) return fmt::format("those who were tried are allowed by {} too", answer.rule);
  return fmt::format("those who were tried are refused: {} {}", name(answer.reason), answer.rule);
}

}  // namespace

Side::Side(const Policy& of) : policy(of), rules(rules_of(of)) {
  std::vector<const Matcher*> matchers;
  for (const Role& role : rules.roles) {
    roles_by_name.emplace(role.name, &role);
    rights.emplace(&role, policy::rights_of(policy, role));
    for (const Matcher& matcher : role.bindings) {
      bindings.push_back({&role, &matcher});
      matchers.push_back(&matcher);
      auto& roles = roles_by_key[keys.emplace_back(canonical(matcher))];
      if (roles.empty() || roles.back() != &role) roles.push_back(&role);
    }
  }
  index = std::make_unique<MatcherIndex>(std::move(matchers));
}

const RoleList& Side::roles_of(const std::string& key) const {
  static const RoleList kNone;
  const auto at = roles_by_key.find(key);
  return at == roles_by_key.end() ? kNone : at->second;
}

bool Side::covers(const Matcher& inner, const Right& right, const std::vector<std::uint32_t>& found) const {
  return std::ranges::any_of(found, [&](std::uint32_t id) {
    const auto& [role, matcher] = bindings[id];
    const auto as_much = [&](const Right& one) {
      return one.name == right.name && (!one.permission->when || one.key == right.key);
    };
    return contains(*matcher, inner) && std::ranges::any_of(rights_of(*role), as_much);
  });
}

bool differs(const Side& allowing, const Side& denying, const ActionName& action, const Scene& scene) {
  return allows(allowing.policy, action, scene) && !allows(denying.policy, action, scene);
}

Shown shown(const Side& allowing, const Side& denying, const ActionName& action, Scene scene) {
  const auto answer = [&](const Side& side) {
    return ask(side.policy, scene, action.resource->name(), *action.action).value_or(Answer{});
  };
  Answer before = answer(allowing), after = answer(denying);
  return {action.text(), std::move(scene), std::move(before), std::move(after)};
}

Judged judge(const Side& allowing, const Side& denying, const Grant& grant, const Right& right,
             const std::vector<ConfiguredIssuer>& issuers, Time at, Effort& effort) {
  Judged out;
  for (const Matcher& one : alternatives(*grant.binding)) {
    if (!effort.spend()) {
      out.finding = Finding::may;
      out.obstacle = "not tried, as so much differs";
      return out;
    }
    const auto found = bindings_meeting(one, denying, issuers, at);
    if (found && denying.covers(one, right, *found)) continue;
    out.finding = Finding::may;
    const Grant alternative{grant.role, &one, grant.permission, grant.action};
    for (const auto& [bearing, variation] : attempts(one, kMostAttempts)) {
      if (!effort.spend()) break;
      auto scene = scene_of(one, issuers, bearing, variation, at);
      if (!scene) continue;
      const bool given = make_allowed(allowing.policy, alternative, *scene, effort);
      if (given && (differs(allowing, denying, grant.action, *scene) ||
                    break_condition(allowing, denying, grant.action, *scene, effort)))
        return {Finding::shown, shown(allowing, denying, grant.action, *std::move(scene)), {}};
      out.obstacle = obstacle_of(given ? denying : allowing, grant.action, *scene);
    }
  }
  return out;
}

std::vector<Matcher> alternatives(const Matcher& matcher) {
  std::size_t count = 1;
  for (const ClaimTest& test : matcher.claims) {
    if (test.any_of.empty() || test.any_of.size() > kMostAlternatives / count) return {matcher};
    count *= test.any_of.size();
  }
  std::vector<Matcher> out;
  for (std::size_t number = 0; number < count; ++number) {
    Matcher& one = out.emplace_back(matcher);
    std::size_t left = number;
    for (ClaimTest& test : one.claims) {
      const std::size_t size = test.any_of.size();
      test.any_of = {test.any_of[left % size]};
      left /= size;
    }
  }
  return out;
}

}  // namespace watchword::policy
