// There is one implementation of Policy: its rules are not part of the door's interface, which no adapter may read.
#include "policy/rules.h"

#include <algorithm>

#include "policy/compiled_policy.h"

namespace watchword::policy {

Rules rules_of(const Policy& policy) {
  const auto& compiled = dynamic_cast<const CompiledPolicy&>(policy);
  return {compiled.roles(), compiled.deny_rules(), compiled.freezes()};
}

bool covers(const DenyRule& rule, std::string_view resource, std::string_view action) {
  return std::ranges::any_of(rule.permissions, [&](const DenyRule::Fence& fence) {
    return fence.resource.matches(resource) && fence.action.matches(action);
  });
}

ActionName action_of(const Policy& policy, std::uint32_t number) {
  const auto [resource, action] = dynamic_cast<const CompiledPolicy&>(policy).action(number);
  return {resource, action};
}

}  // namespace watchword::policy
