#include "access/decide.h"

#include <algorithm>

#include "access/access_token.h"
#include "access/session.h"

namespace watchword::access {
namespace {

Decision refused(const Snapshot& snapshot, Reason reason, std::string found, std::string expected) {
  Decision decision;
  decision.refusal = Error{reason, std::move(found), std::move(expected), {}, {}};
  decision.policy_digest = snapshot.policy->digest();
  return decision;
}

std::string to_text(const Permission& permission) { return permission.resource + "/" + permission.action; }

std::string to_text(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : ", ") + word;
  return out;
}

// What the credential itself says, before any rule is asked.
std::optional<Decision> check_credential(const Snapshot& snapshot, const Session& session, const Grant& grant,
                                         const Asked& asked, Time now) {
  auto end = session.ended();
  if (end && *end != SessionEnd::expired)
    return refused(snapshot, Reason::session_ended, "session " + session.id() + " ended: " + std::string(name(*end)),
                   "an open session");
  // One that ended stays so, wherever the clock is moved.
  if (end || now >= session.expires())
    return refused(snapshot, Reason::session_expired,
                   "session " + session.id() + " ended at " + to_rfc3339(session.expires()), "a request before that");
  if (grant.revoked.load(std::memory_order_acquire))
    return refused(snapshot, Reason::token_revoked, "token " + grant.jti, "a token that was not revoked");
  if (now >= grant.expires)
    return refused(snapshot, Reason::token_expired, "expired at " + to_rfc3339(grant.expires), "a request before that");
  if (std::ranges::find(grant.audience, asked.resource) == grant.audience.end())
    return refused(snapshot, Reason::audience_mismatch, "a token for " + to_text(grant.audience),
                   std::string(asked.resource));
  const auto is_asked = [&](const Permission& one) {
    return one.resource == asked.resource && one.action == asked.action;
  };
  if (!grant.limit.empty() && std::ranges::none_of(grant.limit, is_asked))
    return refused(snapshot, Reason::scope_not_in_token,
                   to_text(Permission{std::string(asked.resource), std::string(asked.action)}),
                   "an action that the token was narrowed to");
  return std::nullopt;
}

}  // namespace

context::Scope scope_of(const issuer::Principal& principal) {
  context::Scope scope{principal.issuer, {}};
  if (const auto* machine = principal.machine()) {
    scope.project = machine->project;
    scope.project_id = machine->project_id;
    scope.job = machine->job;
    scope.pipeline = machine->pipeline;
    scope.ref = machine->ref;
    scope.sha = machine->sha;
    scope.job_project_id = machine->runs_in();
  }
  return scope;
}

Decision decide(const Snapshot& snapshot, const issuer::Principal& principal, const policy::Roles& roles,
                const Asked& asked, Time now) {
  context::Witness facts(*snapshot.facts, scope_of(principal));
  auto verdict = snapshot.policy->evaluate(
      {principal, roles, asked.resource, asked.action, asked.method, asked.path, asked.host, facts, now});
  Decision decision;
  decision.outcome = verdict.outcome;
  decision.role = verdict.role;
  decision.rule = verdict.rule;
  decision.policy_digest = snapshot.policy->digest();
  decision.facts = facts.take();
  if (!decision.allowed())
    decision.refusal =
        Error{verdict.reason, std::move(verdict.found), std::move(verdict.expected), {}, std::move(verdict.fix)};
  return decision;
}

Decision decide(const Snapshot& snapshot, const Session& session, const Grant& grant, const Asked& asked, Time now) {
  if (auto refusal = check_credential(snapshot, session, grant, asked, now)) return *std::move(refusal);
  auto roles = session.roles(snapshot.policy);
  // A reload may have made proof of possession mandatory since the token was handed out.
  if (roles->limits.proof == policy::Proof::dpop && grant.bound_key.empty())
    return refused(snapshot, Reason::dpop_required, "a bearer token", "a token bound to a DPoP key");
  return decide(snapshot, session.principal(), *roles, asked, now);
}

}  // namespace watchword::access
