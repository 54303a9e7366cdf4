// What a change of a policy grants and takes away. Pure.
//
// Rules are compared by what they say, wherever they stand: moved, renamed, reordered and commented is unchanged. Of
// what differs, whatever provably lies within the other side is unchanged too. For the rest people and jobs are made up
// to whom the difference matters (policy/trial.h): found, they show it; not found, it is said that it may matter.
//
// Cost: linear in both policies, and for what differs a bounded number of trials, each a few decisions. What differs is
// looked up by the principals of its trials, never compared with every other rule.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "policy/policy.h"
#include "policy/scene.h"
#include "policy/trial.h"

namespace watchword::policy {

struct Change {
  enum class Kind : std::uint8_t { access, condition, deny_rule, session, resource, freeze };
  Kind kind = Kind::access;
  bool grants = false, takes = false;  // neither: rights stay as they are
  bool shown = false;                  // the sample, or what `what` quotes, shows it; else it only may be so
  std::string who;                     // whom it concerns, in words; of a resource its name
  std::vector<std::string> permissions = {};
  std::string what;                  // in words; where not `shown`, why that was not found
  std::string where;                 // "policy/billing.yaml:14", after the change or, for what is gone, before
  std::optional<Scene> sample = {};  // all of `permissions` are decided for it as below
  std::optional<Answer> before = {}, after = {};
};
std::string_view name(Change::Kind kind);

struct PolicyDiff {
  std::vector<Change> changes;  // in the order of the kinds, then of the files
  bool exhausted = false;       // so much differs that not all of it was tried as thoroughly as the rest

  bool grants() const;  // some change does, or may
  bool takes() const;
};
// `patience`: of whoever waits; the tries are bounded without it, but what one takes is up to the policies' conditions.
PolicyDiff diff(const Policy& before, const Policy& after, const std::vector<ConfiguredIssuer>& issuers, Time at,
                Patience patience = {});

}  // namespace watchword::policy
