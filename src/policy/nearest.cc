// Nearest: the rule that a denial is one step from.
#include <algorithm>

#include "policy/compiled_policy.h"

namespace watchword::policy {
namespace {

// Of a condition that only && puts together: the one part that does not hold. With || or a negated group, mending one
// part may not be enough, or not needed.
std::optional<Part> only_failing(const Condition& condition, const ConditionInput& input) {
  for (const std::string_view other : {"||", "?", "!("})
    if (condition.text().contains(other)) return std::nullopt;
  std::optional<Part> failing;
  for (Part& part : condition.explain(input)) {
    if (part.truth == Truth::yes) continue;
    if (failing || part.truth == Truth::error) return std::nullopt;
    failing = std::move(part);
  }
  return failing;
}

std::optional<NearMiss> near_permission(const Question& question, const Roles& roles, std::uint32_t action) {
  for (const Role* role : roles.all)
    for (const auto& [number, permission] : role->by_action) {
      if (number != action || !permission->when) continue;
      auto part = only_failing(*permission->when, input_of(question, permission->accept));
      if (part)
        return NearMiss{permission->place.rule, role->name, "when", std::move(part->note), std::move(part->text)};
    }
  return std::nullopt;
}

}  // namespace

CompiledPolicy::NearFence CompiledPolicy::near_fence(const Question& question, const Roles& roles,
                                                     std::uint32_t action) const {
  const ConditionInput input = input_of(question);
  std::vector<const DenyRule*> denying;
  for (const std::uint32_t number : fences_for(roles, action))
    if (conditions_of(deny_[number], input).truth != Truth::no) denying.push_back(&deny_[number]);
  if (denying.empty()) return {false, std::nullopt};
  if (denying.size() > 1 || roles.all.empty() || permitted(question, roles, action).outcome != Outcome::allow)
    return {true, std::nullopt};
  const DenyRule& rule = *denying.front();
  if (rule.unless) {
    auto part = only_failing(*rule.unless, input);
    if (!part) return {true, std::nullopt};
    return {true, NearMiss{rule.place.rule, "", "unless", std::move(part->note), std::move(part->text)}};
  }
  if (!rule.when) return {true, std::nullopt};
  Denial denial = conditions_of(rule, input);
  return {true, NearMiss{rule.place.rule, "", "when", std::move(denial.found), std::move(denial.expected)}};
}

bool CompiledPolicy::would_allow(const Question& question, const Roles& roles, const Role& role,
                                 std::optional<std::uint32_t> action) const {
  if (!action)
    return question.resource.empty() || std::ranges::any_of(role.permissions, [&](const Permission& permission) {
             return permission.resource == question.resource;
           });
  Roles with;
  with.all = {&role};
  with.fences = roles.fences;
  return permitted(question, with, *action).outcome == Outcome::allow;
}

std::optional<NearMiss> CompiledPolicy::near_binding(const Question& question, const Roles& roles,
                                                     std::optional<std::uint32_t> action, Told told) const {
  const auto near = [&](std::uint32_t id) -> std::optional<NearMiss> {
    const Role& role = roles_[bindings_[id].role];
    const Matcher& matcher = *bindings_[id].matcher;
    auto miss = single_miss(matcher, question.principal, told);
    if (!miss || std::ranges::find(roles.all, &role) != roles.all.end()) return std::nullopt;
    if (!would_allow(question, roles, role, action)) return std::nullopt;
    return NearMiss{matcher.place.rule, role.name, std::move(miss->part), std::move(miss->found),
                    std::move(miss->expected)};
  };
  if (told == Told::caller) {
    for (const std::uint32_t id : near_index_->around(question.principal))
      if (auto found = near(id)) return found;
  } else {
    for (std::uint32_t id = 0; id < bindings_.size(); ++id)
      if (auto found = near(id)) return found;
  }
  return std::nullopt;
}

std::optional<NearMiss> CompiledPolicy::nearest(const Question& question, Told told) const {
  std::optional<std::uint32_t> action;
  if (!question.resource.empty()) {
    const ResourceEntry* entry = find(question.resource);
    if (entry == nullptr) return std::nullopt;
    if (!question.action.empty()) {
      const auto at = entry->actions.find(question.action);
      if (at == entry->actions.end()) return std::nullopt;
      action = at->second;
    }
  }
  Roles own;
  const Roles& roles = roles_for(question, own);
  const PolicyFacts facts(freezes_, question.facts, question.now);
  const Question asked = with_facts(question, facts);
  if (action) {
    if (auto fence = near_fence(asked, roles, *action); fence.denied) return std::move(fence.miss);
    if (auto permission = near_permission(asked, roles, *action)) return permission;
  }
  return near_binding(asked, roles, action, told);
}

}  // namespace watchword::policy
