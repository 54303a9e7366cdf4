// THE DOOR. Every way in asks this one function; adapters translate their protocol into the question and the answer
// back. Pure over snapshots: no I/O, no clock of its own, no lock.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "context/witness.h"
#include "issuer/principal.h"
#include "policy/policy.h"

namespace watchword::access {

class Session;

// What is in force at this moment. Both are immutable; whoever decides holds them until the answer is out.
struct Snapshot {
  std::shared_ptr<const policy::Policy> policy;
  std::shared_ptr<const context::Facts> facts;
};

struct Permission {
  std::string resource, action;
  bool operator==(const Permission&) const = default;
  auto operator<=>(const Permission&) const = default;
};

struct Asked {
  std::string_view resource, action;
  std::string_view method, path, host;  // of a proxied request; empty elsewhere. path is normalised
};

// Three-state: allow, deny with a reason, or error with a cause. Neither of the last two gives access.
struct Decision {
  policy::Outcome outcome = policy::Outcome::deny;
  std::optional<Error> refusal;  // set unless allowed: reason, found, expected, fix
  std::string role, rule;        // the role and the policy line (file:line) that decided
  std::string policy_digest;
  std::vector<context::Seen> facts;         // what it rests on, and what it lacked
  std::optional<policy::NearMiss> nearest;  // of a denial, once add_nearest was asked (access/nearest.h)
  bool allowed() const { return outcome == policy::Outcome::allow; }
  // The CI system may know better: a fact is missing, or an old one counts only because the permission accepts it.
  bool lacks_facts() const {
    return (refusal && refusal->reason == Reason::context_unknown) ||
           std::ranges::any_of(facts, [](const auto& seen) { return seen.fact && seen.fact->past_limit; });
  }
};

// Who asks, as facts are kept. Views into the principal.
context::Scope scope_of(const issuer::Principal& principal);

// For a principal that has no session yet (the token endpoint, policy explain).
Decision decide(const Snapshot& snapshot, const issuer::Principal& principal, const policy::Roles& roles,
                const Asked& asked, Time now);

// For a credential presented at a way in: first the session (open, in its time), then the credential's own limits
// (audience, narrowed scope), then policy and context as they are now.
struct Grant;
Decision decide(const Snapshot& snapshot, const Session& session, const Grant& grant, const Asked& asked, Time now);

}  // namespace watchword::access
