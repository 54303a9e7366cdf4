#include "policy/policy_diff.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "policy/diff_side.h"

namespace watchword::policy {

namespace {

constexpr std::size_t kMostTries = 50'000;
constexpr std::array<std::string_view, 6> kKinds{"access", "condition", "deny_rule", "session", "resource", "freeze"};

}  // namespace

std::string_view name(Change::Kind kind) { return kKinds.at(static_cast<std::size_t>(kind)); }

bool PolicyDiff::grants() const { return std::ranges::any_of(changes, &Change::grants); }
bool PolicyDiff::takes() const { return std::ranges::any_of(changes, &Change::takes); }

PolicyDiff diff(const Policy& before, const Policy& after, const std::vector<ConfiguredIssuer>& issuers, Time at,
                Patience patience) {
  PolicyDiff out;
  if (before.digest() == after.digest()) return out;
  const Side old_side(before), new_side(after);
  Effort effort(kMostTries, std::move(patience));
  const Comparison sides{old_side, new_side, issuers, at, effort};
  std::vector<Change> found;
  diff_access(sides, found);
  diff_sessions(sides, found);
  diff_deny_rules(sides, found);
  diff_resources(sides, found);
  diff_freezes(sides, found);
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind)
    std::ranges::copy_if(found, std::back_inserter(out.changes),
                         [&](const Change& change) { return change.kind == static_cast<Change::Kind>(kind); });
  out.exhausted = effort.exhausted();
  return out;
}

}  // namespace watchword::policy
