// Trying what a policy says it allows: from a binding and a permission to somebody who really comes through.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "policy/rules.h"
#include "policy/scene.h"

namespace watchword::policy {

// One way to an action: a binding of a role, and its permission for it. Views into the policy.
struct Grant {
  const Role* role;
  const Matcher* binding;
  const Permission* permission;
  ActionName action;
};

// Whether the grant gives the action in the scene, deny rules aside: its binding matches (and admits forks, if the
// scene is one's) and its condition holds.
bool gives(const Policy& policy, const Grant& grant, const Scene& scene);

// Whether the search may go on, as far as whoever waits for it is concerned. Empty: for ever.
using Patience = std::function<bool()>;

// How much may still be tried: each scene that is made up or put to a policy takes one. Policies that are compared may
// be a stranger's, who would like the search to last.
class Effort {
 public:
  explicit Effort(std::size_t tries, Patience patience = {}) : left_(tries), patience_(std::move(patience)) {}
  bool spend() {
    if (left_ > 0 && patience_ && !patience_()) left_ = 0;
    exhausted_ = exhausted_ || left_ == 0;
    if (left_ > 0) --left_;
    return !exhausted_;
  }
  bool exhausted() const { return exhausted_; }  // something was left out

 private:
  std::size_t left_;
  Patience patience_;
  bool exhausted_ = false;
};

// Changes the scene until the grant gives the action and the policy allows it: meets the condition, and gets out of the
// way of deny rules. False where that was not found; the scene is then as far as it came.
bool make_allowed(const Policy& policy, const Grant& grant, Scene& scene, Effort& effort);

// The deny rules that stand at this place; several can stand in one line.
std::vector<const DenyRule*> deny_rules_at(const Policy& policy, std::string_view rule);

}  // namespace watchword::policy
