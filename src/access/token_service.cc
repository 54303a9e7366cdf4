#include "access/token_service.h"

#include "access/nearest.h"
#include "base/text.h"

namespace watchword::access {
namespace {

Counter& exchange_counter(Metrics& metrics, std::string_view decision) {
  return metrics.counter("watchword_exchanges", "Token exchanges by decision", {{"decision", std::string(decision)}});
}

context::FactQuestion question_of(const Session& session, const context::Seen& seen) {
  const auto scope = scope_of(session.principal());
  return {.issuer = std::string(scope.issuer),
          .project_id = std::string(context::about_job(seen.name) ? scope.job_project_id : scope.project_id),
          .job = std::string(scope.job),
          .pipeline = std::string(scope.pipeline),
          .ref = std::string(scope.ref),
          .sha = std::string(scope.sha),
          .name = seen.name,
          .arguments = seen.arguments};
}

}  // namespace

TokenService::TokenService(Parts parts, std::shared_ptr<const policy::Policy> policy,
                           std::shared_ptr<const context::Facts> facts)
    : parts_(std::move(parts)),
      policy_(std::move(policy)),
      facts_(std::move(facts)),
      exchanges_allowed_(exchange_counter(parts_.metrics, "allow")),
      exchanges_denied_(exchange_counter(parts_.metrics, "deny")),
      exchanges_failed_(exchange_counter(parts_.metrics, "error")) {}

Snapshot TokenService::snapshot() const { return {policy_.get(), facts_.get()}; }

void TokenService::set_policy(std::shared_ptr<const policy::Policy> policy) {
  policy_.set(std::move(policy));
  rights_changed();
}

void TokenService::rights_changed() const {
  if (watcher_) watcher_->rights_changed();
}

net::Task<Decision> TokenService::decide_now(const Session& session, const Grant& grant, Asked asked) {
  auto snapshot = this->snapshot();
  auto decision = decide(snapshot, session, grant, asked, parts_.clock.now());
  for (int i = 0; reconciler_ && i < kAskings && decision.lacks_facts(); ++i) {
    bool learned = false;
    for (const auto& seen : decision.facts)
      if (!seen.fact || seen.fact->past_limit) learned |= co_await reconciler_->ask(question_of(session, seen));
    if (!learned) break;
    snapshot = this->snapshot();
    decision = decide(snapshot, session, grant, asked, parts_.clock.now());
  }
  add_nearest(decision, snapshot, session, grant, asked, parts_.clock.now());
  co_return decision;
}

Result<TokenService::Presented> TokenService::present(const std::string* authorization, const DpopRequest& dpop,
                                                      Time now) {
  if (!authorization) return fail(Reason::token_missing, "no Authorization header", "Authorization: Bearer or DPoP");
  auto space = authorization->find(' ');
  auto scheme = std::string_view(*authorization).substr(0, space);
  bool bearer = ascii_iequals(scheme, "bearer"), bound = ascii_iequals(scheme, "dpop");
  if (space == std::string::npos || (!bearer && !bound))
    return fail(Reason::token_missing, "another authorization scheme", "Authorization: Bearer or DPoP");
  auto token = std::string_view(*authorization).substr(space + 1);

  WW_TRY(auto grant, parts_.tokens.read(token, now));
  // RFC 9449 7.1: a bound token must not be taken as a bearer token, nor the other way round.
  if (bound != !grant->bound_key.empty())
    return fail(bound ? Reason::dpop_invalid : Reason::dpop_required,
                bound ? "DPoP with a bearer token" : "Bearer with a bound token",
                bound ? "Authorization: Bearer" : "Authorization: DPoP with a proof");
  if (bound) {
    auto request = dpop;
    request.access_token = token;
    WW_TRY(auto key, parts_.dpop.verify(request, now));
    if (key != grant->bound_key) return fail(Reason::dpop_key_mismatch, "key " + key, "key " + grant->bound_key);
  }
  auto session = parts_.sessions.find(grant->session);
  if (!session) return fail(Reason::session_unknown, "session " + grant->session, "an open session");
  return Presented{std::move(grant), std::move(session)};
}

Status TokenService::restore() {
  Status restored;
  auto now = parts_.clock.now();
  WW_CHECK(parts_.store.each_session_in_memory(now, [&](const store::SessionRow& row) {
    auto session = Session::from_row(row);
    if (session)
      parts_.sessions.insert(*std::move(session));
    else
      restored = std::unexpected(std::move(session).error());
  }));
  WW_CHECK(std::move(restored));
  WW_TRY(auto revocations, parts_.store.revocations(now));
  for (const auto& revocation : revocations) parts_.tokens.revoke(revocation.jti, revocation.expires);
  return {};
}

}  // namespace watchword::access
