#include "access/nearest.h"

#include <algorithm>

#include "access/access_token.h"
#include "access/session.h"
#include "context/witness.h"

namespace watchword::access {
namespace {

constexpr std::size_t kLongestList = 200;  // bytes of the permissions that are listed

// What rules answer.
constexpr Reason kByRule[] = {Reason::no_binding,     Reason::fork_not_admitted, Reason::not_permitted,
                              Reason::denied_by_rule, Reason::context_not_met,   Reason::context_unknown};

constexpr std::string_view kProject[] = {"project_path", "namespace_path", "repository", "repository_owner"};

std::string fix_for(const policy::NearMiss& near) {
  const auto of_role = near.role.empty() ? near.rule : near.rule + " (role " + near.role + ")";
  if (near.part == "when" || near.part == "unless")
    return "meet " + near.expected + ", the one part that fails of " + of_role;
  if (near.part == "scope" || near.part == "audience")
    return "exchange again with " + near.expected + " in '" + near.part + "': " + of_role + " allows it";
  if (near.part == "forks") return "run the job in the project itself, or add 'forks: true' to " + of_role;
  if (std::ranges::find(kProject, near.part) != std::end(kProject))
    return "write " + near.part + " as the CI system does, " + near.found + ", in " + of_role;
  const auto asked_by = ", as " + of_role + " asks for; or change that binding";
  if (near.part == "ref_protected" && near.expected == "true")
    return "run the job on a protected ref, or protect this one" + asked_by;
  if (near.part == "ref") return "run the job on " + near.expected + asked_by;
  if (near.part == "environment") return "run the job with 'environment: " + near.expected + "'" + asked_by;
  return "run the job with " + near.part + " " + near.expected + asked_by;
}

void set_nearest(Decision& decision, policy::NearMiss near) {
  if (decision.refusal->fix.empty()) decision.refusal->fix = fix_for(near);
  decision.nearest = std::move(near);
}

std::string listed(const Grant& grant, bool scope) {
  std::string out;
  const auto add = [&](const std::string& word) {
    if (out.size() < kLongestList) out += (out.empty() ? "" : ", ") + word;
  };
  if (scope)
    for (const auto& one : grant.limit) add(one.resource + "/" + one.action);
  else
    for (const auto& one : grant.audience) add(one);
  return out;
}

}  // namespace

void add_nearest(Decision& decision, const Snapshot& snapshot, const issuer::Principal& principal,
                 const policy::Roles& roles, const Asked& asked, Time now, policy::Told told) {
  if (decision.allowed() || !decision.refusal) return;
  if (std::ranges::find(kByRule, decision.refusal->reason) == std::end(kByRule)) return;
  const context::Witness facts(*snapshot.facts, scope_of(principal));
  auto near = snapshot.policy->nearest(
      {principal, roles, asked.resource, asked.action, asked.method, asked.path, asked.host, facts, now}, told);
  if (near) set_nearest(decision, *std::move(near));
}

void add_nearest(Decision& decision, const Snapshot& snapshot, const Session& session, const Grant& grant,
                 const Asked& asked, Time now) {
  if (decision.allowed() || !decision.refusal) return;
  const auto& principal = session.principal();
  const auto roles = session.roles(snapshot.policy);
  const auto reason = decision.refusal->reason;
  const bool scope = reason == Reason::scope_not_in_token;
  if (!scope && reason != Reason::audience_mismatch)
    return add_nearest(decision, snapshot, principal, *roles, asked, now);
  const auto by_policy = decide(snapshot, principal, *roles, asked, now);
  if (!by_policy.allowed()) return;
  std::string wanted(asked.resource);
  if (scope) wanted += "/" + std::string(asked.action);
  set_nearest(decision,
              {by_policy.rule, by_policy.role, scope ? "scope" : "audience", listed(grant, scope), std::move(wanted)});
}

Json to_json(const policy::NearMiss& nearest) {
  auto json = Json::object(
      {{"rule", nearest.rule}, {"part", nearest.part}, {"found", nearest.found}, {"expected", nearest.expected}});
  if (!nearest.role.empty()) json.set("role", nearest.role);
  return json;
}

}  // namespace watchword::access
