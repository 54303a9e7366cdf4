#include "access/token_service.h"

#include "access/session_document.h"
#include "base/text.h"

namespace watchword::access {
namespace {

Counter& exchange_counter(Metrics& metrics, std::string_view decision) {
  return metrics.counter("watchword_exchanges", "Token exchanges by decision", {{"decision", std::string(decision)}});
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

audit::Entry TokenService::end_entry(const Session& session, SessionEnd why) const {
  auto entry = parts_.recorder.start(audit::Event::session_ended);
  Recorder::describe(entry, session);
  entry.outcome = audit::Outcome::allow;
  entry.detail = Json::object({{"end", name(why)}});
  return entry;
}

net::Task<Status> TokenService::end_session(std::shared_ptr<Session> session, SessionEnd why, std::string words,
                                            Origin origin) {
  // In memory first: from here on every door refuses, whatever the store does.
  bool first = session->end(why, parts_.clock.now());
  if (!first && session->end_recorded()) co_return Status{};
  auto entry = end_entry(*session, *session->ended());
  entry.why = std::move(words);
  entry.request_id = origin.request_id;
  entry.trace = origin.trace;
  entry.peer = origin.peer;
  std::vector<store::Change> changes;
  changes.push_back(store::PutSession{session->to_row()});
  auto status = co_await parts_.recorder.commit(std::move(entry), std::move(changes));
  if (status) session->set_end_recorded();
  co_return status;
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

Status TokenService::sweep(Time now) {
  parts_.tokens.forget_expired(now);
  constexpr std::size_t kBatch = 256;
  auto due = parts_.sessions.sweep(now);
  for (std::size_t from = 0; from < due.size(); from += kBatch) {
    auto some = std::span(due).subspan(from, std::min(kBatch, due.size() - from));
    store::Batch batch;
    for (const auto& session : some) {
      session->end(SessionEnd::expired, now);
      batch.changes.push_back(store::PutSession{session->to_row()});
      batch.entries.push_back(audit::to_canonical(end_entry(*session, *session->ended())));
    }
    WW_CHECK(parts_.store.commit_and_wait(std::move(batch)));
    for (const auto& session : some) session->set_end_recorded();
  }
  return {};
}

}  // namespace watchword::access
