// How sessions end: refused in memory first, then told to those who hold streams open, then put on record.
#include <algorithm>
#include <span>

#include "access/token_service.h"
#include "base/log.h"

namespace watchword::access {
namespace {

constexpr std::size_t kEndsPerBatch = 256;

void set_recorded(Session& session, PendingEnds& pending) {
  session.set_end_recorded();
  pending.forget(session.id());
}

}  // namespace

bool TokenService::end_in_memory(const std::shared_ptr<Session>& session, SessionEnd why, const EndNote& note) {
  if (session->ended()) return false;
  if (!pending_ends_->end(*session, why, parts_.clock.now(), note)) return false;
  if (const auto* machine = session->principal().machine()) job_tokens_.drop(session->principal().issuer, machine->job);
  if (watcher_) watcher_->session_ended(session);
  return true;
}

void TokenService::add_end(store::Batch& batch, const Session& session) const {
  auto note = pending_ends_->of(session.id());
  auto entry = parts_.recorder.start(audit::Event::session_ended, note.origin);
  Recorder::describe(entry, session);
  entry.outcome = audit::Outcome::allow;
  entry.detail = Json::object({{"end", name(*session.ended())}});
  entry.why = std::move(note.words);
  batch.changes.emplace_back(store::PutSession{session.to_row()});
  batch.entries.push_back(audit::to_canonical(entry));
}

net::Task<Status> TokenService::end_session(std::shared_ptr<Session> session, SessionEnd why, std::string words,
                                            Origin origin) {
  std::vector<std::shared_ptr<Session>> one;
  one.push_back(std::move(session));
  return end_sessions(std::move(one), why, std::move(words), std::move(origin));
}

net::Task<Status> TokenService::end_sessions(std::vector<std::shared_ptr<Session>> sessions, SessionEnd why,
                                             std::string words, Origin origin) {
  for (const auto& session : sessions) end_in_memory(session, why, {words, origin});
  std::erase_if(sessions, [](const auto& session) { return session->end_recorded(); });
  for (std::size_t from = 0; from < sessions.size(); from += kEndsPerBatch) {
    const auto some = std::span(sessions).subspan(from, std::min(kEndsPerBatch, sessions.size() - from));
    store::Batch batch;
    for (const auto& session : some) add_end(batch, *session);
    WW_CO_CHECK(co_await parts_.recorder.commit(std::move(batch)));
    for (const auto& session : some) set_recorded(*session, *pending_ends_);
  }
  co_return Status{};
}

void TokenService::end_job(std::string_view issuer, std::string_view project_id, std::string_view job) {
  auto session = parts_.sessions.find_job(issuer, job);
  const auto* machine = session ? session->principal().machine() : nullptr;
  if (!machine || machine->runs_in() != project_id || !session->limits().ends_with_job) return;
  if (!end_in_memory(session, SessionEnd::job_ended, {})) return;
  store::Batch batch;
  add_end(batch, *session);
  parts_.store.commit(std::move(batch), [session, pending = pending_ends_](Result<std::uint64_t> index) {
    if (index)
      set_recorded(*session, *pending);
    else
      log::error("the end of a job's session is not on record yet", index.error());
  });
}

Status TokenService::sweep(Time now) {
  parts_.tokens.forget_expired(now);
  auto due = parts_.sessions.sweep(now);
  for (std::size_t from = 0; from < due.size(); from += kEndsPerBatch) {
    auto some = std::span(due).subspan(from, std::min(kEndsPerBatch, due.size() - from));
    store::Batch batch;
    for (const auto& session : some) {
      end_in_memory(session, SessionEnd::expired, {});
      add_end(batch, *session);
    }
    WW_CHECK(parts_.store.commit_and_wait(std::move(batch)));
    for (const auto& session : some) set_recorded(*session, *pending_ends_);
  }
  return {};
}

}  // namespace watchword::access
