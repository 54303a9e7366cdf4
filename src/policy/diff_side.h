// One side of a comparison, indexed for it; and the search for those to whom the sides differ.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "policy/matcher_index.h"
#include "policy/policy_diff.h"
#include "policy/rules.h"
#include "policy/trial.h"

namespace watchword::policy {

// What a role allows. Rights with the same key are the same, in whatever policy.
struct Right {
  std::string name, key;  // "billing-api/write"; and with the condition
  ActionName action;
  const Permission* permission;
};

using RoleList = std::vector<const Role*>;

struct Side {
  explicit Side(const Policy& of);
  struct Binding {
    const Role* role;
    const Matcher* matcher;
  };
  // Whether a binding that certainly matches all that `inner` does holds such a right, or one without condition.
  // `found`: the bindings that match somebody of `inner`.
  bool covers(const Matcher& inner, const Right& right, const std::vector<std::uint32_t>& found) const;
  const RoleList& roles_of(const std::string& key) const;  // of a binding; empty where there is none such
  const std::vector<Right>& rights_of(const Role& role) const { return rights.at(&role); }

  const Policy& policy;
  Rules rules;
  std::vector<Binding> bindings;  // in the policy's order
  std::unique_ptr<MatcherIndex> index;
  std::vector<std::string> keys;  // canonical(Matcher), of the binding at the same position
  std::unordered_map<std::string, RoleList> roles_by_key;
  std::unordered_map<std::string_view, const Role*> roles_by_name;
  std::unordered_map<const Role*, std::vector<Right>> rights;  // sorted by key
};

struct Shown {
  std::string action;
  Scene scene;
  Answer before, after;  // `before` is of the side that allows
};
// Somebody whom `allows` allows the action and `denies` does not.
bool differs(const Side& allows, const Side& denies, const ActionName& action, const Scene& scene);
Shown shown(const Side& allows, const Side& denies, const ActionName& action, Scene scene);
enum class Finding : std::uint8_t { nothing, may, shown };
struct Judged {
  Finding finding = Finding::nothing;
  std::optional<Shown> example = {};
  std::string obstacle = {};  // of `may`: what became of the last one who was tried
};
// Whether the grant, of the side that allows, lets somebody through whom the other side refuses.
Judged judge(const Side& allows, const Side& denies, const Grant& grant, const Right& right,
             const std::vector<ConfiguredIssuer>& issuers, Time at, Effort& effort);

// The matcher with one wanted value for each claim, in all combinations; itself where those are too many.
std::vector<Matcher> alternatives(const Matcher& matcher);

struct Comparison {
  const Side &before, &after;
  const std::vector<ConfiguredIssuer>& issuers;
  Time at;
  Effort& effort;
};
// The parts of diff().
void diff_access(const Comparison& sides, std::vector<Change>& out);  // and conditions
void diff_sessions(const Comparison& sides, std::vector<Change>& out);
void diff_deny_rules(const Comparison& sides, std::vector<Change>& out);
void diff_resources(const Comparison& sides, std::vector<Change>& out);
void diff_freezes(const Comparison& sides, std::vector<Change>& out);

}  // namespace watchword::policy
