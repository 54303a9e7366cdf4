#include "access/session.h"

namespace watchword::access {

namespace {

auto is_of(std::string_view issuer, std::string_view job) {
  return [=](const Session& one) { return one.job() == job && one.principal().issuer == issuer; };
}

}  // namespace

std::size_t SessionTable::hash_of(std::string_view issuer, std::string_view job) {
  return hash_of(job) * 31 + hash_of(issuer);
}

std::shared_ptr<Session> SessionTable::find(std::string_view id) const {
  const auto hash = hash_of(id);
  const auto& shard = by_id_[hash % kShards];
  std::shared_lock lock(shard.mutex);
  return shard.sessions.find(hash, [&](const Session& one) { return one.id() == id; });
}

std::shared_ptr<Session> SessionTable::find_job(std::string_view issuer, std::string_view job) const {
  const auto hash = hash_of(issuer, job);
  const auto& shard = by_job_[hash % kShards];
  std::shared_lock lock(shard.mutex);
  return shard.sessions.find(hash, is_of(issuer, job));
}

SessionTable::Lease SessionTable::find_or_insert(std::string_view issuer, std::string_view job,
                                                 const std::function<std::shared_ptr<Session>()>& fresh) {
  const auto hash = hash_of(issuer, job);
  auto& shard = by_job_[hash % kShards];
  std::unique_lock lock(shard.mutex);
  auto session = shard.sessions.find(hash, is_of(issuer, job));
  const bool made = !session;
  if (made) {
    session = fresh();  // may move away what the views refer to
    shard.sessions.insert(hash, session);
    const auto id_hash = hash_of(session->id());
    auto& ids = by_id_[id_hash % kShards];
    std::unique_lock id_lock(ids.mutex);
    ids.sessions.insert(id_hash, session);
  }
  session->openings_.fetch_add(1, std::memory_order_relaxed);
  return Lease(*this, std::move(session), made);
}

void SessionTable::settle(Session& session) {
  if (session.durable()) {  // it stays, whoever goes
    session.openings_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  const auto hash = hash_of_job(session);
  auto& shard = by_job_[hash % kShards];
  std::unique_lock lock(shard.mutex);
  bool last = session.openings_.fetch_sub(1, std::memory_order_relaxed) == 1;
  if (last && !session.durable() && !session.ended()) erase(shard, hash, session);
}

void SessionTable::insert(std::shared_ptr<Session> session) {
  auto inserted = find_or_insert(session->principal().issuer, session->job(), [&] { return session; });
}

void SessionTable::remove(const Session& session) {
  const auto hash = hash_of_job(session);
  auto& shard = by_job_[hash % kShards];
  std::unique_lock lock(shard.mutex);
  erase(shard, hash, session);
}

void SessionTable::erase(Shard& jobs, std::size_t hash, const Session& session) {
  const auto keep_alive = jobs.sessions.find(hash, [&](const Session& one) { return &one == &session; });
  if (!keep_alive) return;
  jobs.sessions.erase(hash, session);
  const auto id_hash = hash_of(session.id());
  auto& ids = by_id_[id_hash % kShards];
  std::unique_lock id_lock(ids.mutex);
  ids.sessions.erase(id_hash, session);
}

std::vector<std::shared_ptr<Session>> SessionTable::sweep(Time now) {
  std::vector<std::shared_ptr<Session>> reached, over;
  each([&](const std::shared_ptr<Session>& session) {
    bool ended = session->ended().has_value();
    bool unrecorded = ended && !session->end_recorded() && now >= session->ended_at() + kRecordAgainAfter;
    if (unrecorded || (!ended && now >= session->expires())) reached.push_back(session);
    if (ended && session->end_recorded() && now >= session->forget_at()) over.push_back(session);
  });
  for (const auto& session : over) remove(*session);
  return reached;
}

void SessionTable::each(const std::function<void(const std::shared_ptr<Session>&)>& visit) const {
  for (const auto& shard : by_id_) {
    std::shared_lock lock(shard.mutex);
    shard.sessions.each(visit);
  }
}

std::size_t SessionTable::size() const {
  std::size_t count = 0;
  for (const auto& shard : by_id_) {
    std::shared_lock lock(shard.mutex);
    count += shard.sessions.size();
  }
  return count;
}

}  // namespace watchword::access
