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
  Permission wanted{std::string(asked.resource), std::string(asked.action)};
  if (!grant.limit.empty() && std::ranges::find(grant.limit, wanted) == grant.limit.end())
    return refused(snapshot, Reason::scope_not_in_token, to_text(wanted), "an action that the token was narrowed to");
  return std::nullopt;
}

}  // namespace

Decision decide(const Snapshot& snapshot, const issuer::Principal& principal, const policy::Roles& roles,
                const Asked& asked, Time now) {
  auto verdict = snapshot.policy->evaluate(
      {principal, roles, asked.resource, asked.action, asked.method, asked.path, asked.host, *snapshot.facts, now});
  Decision decision;
  decision.outcome = verdict.outcome;
  decision.role = verdict.role;
  decision.rule = verdict.rule;
  decision.policy_digest = snapshot.policy->digest();
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
