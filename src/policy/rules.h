// A policy's rules as its files write them, for those who analyse a policy rather than ask it.
#pragma once

#include <vector>

#include "policy/document.h"
#include "policy/policy.h"

namespace watchword::policy {

// All views live as long as the policy.
struct Rules {
  const std::vector<Role>& roles;
  const std::vector<DenyRule>& deny;
  const std::vector<FreezeWindow>& freezes;
};
Rules rules_of(const Policy& policy);

// Whether one of the rule's permissions covers the action.
bool covers(const DenyRule& rule, std::string_view resource, std::string_view action);

// The action of a number in Role::by_action.
struct ActionName {
  const Resource* resource;
  const std::string* action;
  std::string text() const { return resource->name() + "/" + *action; }
};
ActionName action_of(const Policy& policy, std::uint32_t number);

}  // namespace watchword::policy
