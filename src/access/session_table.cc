#include "access/session.h"
#include "access/session_document.h"

namespace watchword::access {

std::string SessionTable::job_key(std::string_view issuer, std::string_view job) {
  std::string key(issuer);  // an issuer's configured name holds no NUL
  key += '\0';
  key += job;
  return key;
}

std::shared_ptr<Session> SessionTable::find(std::string_view id) const {
  const auto& shard = by_id_[shard_of(id)];
  std::shared_lock lock(shard.mutex);
  auto found = shard.map.find(id);
  return found == shard.map.end() ? nullptr : found->second;
}

std::shared_ptr<Session> SessionTable::find_job(std::string_view issuer, std::string_view job) const {
  auto key = job_key(issuer, job);
  const auto& shard = by_job_[shard_of(key)];
  std::shared_lock lock(shard.mutex);
  auto found = shard.map.find(key);
  return found == shard.map.end() ? nullptr : found->second;
}

SessionTable::Lease SessionTable::find_or_insert(std::string_view issuer, std::string_view job,
                                                 const std::function<std::shared_ptr<Session>()>& fresh) {
  auto key = job_key(issuer, job);
  auto& shard = by_job_[shard_of(key)];
  std::unique_lock lock(shard.mutex);
  auto& place = shard.map[key];
  bool made = !place;
  if (made) {
    place = fresh();
    auto& ids = by_id_[shard_of(place->id())];
    std::unique_lock id_lock(ids.mutex);
    ids.map.emplace(place->id(), place);
  }
  place->openings_.fetch_add(1, std::memory_order_relaxed);
  return Lease(*this, place, made);
}

void SessionTable::settle(Session& session) {
  if (session.durable()) {  // it stays, whoever goes
    session.openings_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto key = job_key(session.principal().issuer, job_of(session.principal()));
  auto& shard = by_job_[shard_of(key)];
  std::unique_lock lock(shard.mutex);
  bool last = session.openings_.fetch_sub(1, std::memory_order_relaxed) == 1;
  if (last && !session.durable() && !session.ended()) erase(shard, key, session);
}

void SessionTable::insert(std::shared_ptr<Session> session) {
  const auto& principal = session->principal();
  auto inserted = find_or_insert(principal.issuer, job_of(principal), [&] { return session; });
}

void SessionTable::remove(const Session& session) {
  auto key = job_key(session.principal().issuer, job_of(session.principal()));
  auto& shard = by_job_[shard_of(key)];
  std::unique_lock lock(shard.mutex);
  erase(shard, key, session);
}

void SessionTable::erase(Shard& jobs, const std::string& key, const Session& session) {
  auto found = jobs.map.find(key);
  if (found == jobs.map.end() || found->second.get() != &session) return;
  auto keep_alive = found->second;
  jobs.map.erase(found);
  auto& ids = by_id_[shard_of(session.id())];
  std::unique_lock id_lock(ids.mutex);
  ids.map.erase(session.id());
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
    for (const auto& [id, session] : shard.map) visit(session);
  }
}

std::size_t SessionTable::size() const {
  std::size_t count = 0;
  for (const auto& shard : by_id_) {
    std::shared_lock lock(shard.mutex);
    count += shard.map.size();
  }
  return count;
}

}  // namespace watchword::access
