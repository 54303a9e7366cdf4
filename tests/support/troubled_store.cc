#include <thread>

#include "support/gate_fixture.h"

namespace watchword::testing {
namespace {

// From another thread, as a store's writer does.
void refuse(store::Store::Done done) {
  std::thread([&] { done(watchword::fail(Reason::store_unavailable, "no space left on device")); }).join();
}

}  // namespace

void TroubledStore::fail(bool failing) {
  std::lock_guard lock(mutex_);
  failing_ = failing;
}

void TroubledStore::hold() {
  std::lock_guard lock(mutex_);
  holding_ = true;
}

void TroubledStore::release(bool let_through) {
  Waiting next;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.empty()) return;
    next = std::move(waiting_.front());
    waiting_.pop_front();
  }
  if (let_through)
    real_->commit(std::move(next.batch), std::move(next.done));
  else
    refuse(std::move(next.done));
}

void TroubledStore::release_all() {
  {
    std::lock_guard lock(mutex_);
    holding_ = false;
  }
  while (held() > 0) release(true);
}

std::size_t TroubledStore::held() const {
  std::lock_guard lock(mutex_);
  return waiting_.size();
}

void TroubledStore::commit(store::Batch batch, Done done) {
  std::unique_lock lock(mutex_);
  if (holding_) {
    waiting_.push_back({std::move(batch), std::move(done)});
    return;
  }
  bool failing = failing_;
  lock.unlock();
  if (failing)
    refuse(std::move(done));
  else
    real_->commit(std::move(batch), std::move(done));
}

Result<std::vector<store::SessionRow>> TroubledStore::sessions(const store::SessionQuery& query) {
  return real_->sessions(query);
}
Result<std::optional<store::SessionRow>> TroubledStore::session(std::string_view id) { return real_->session(id); }
Status TroubledStore::each_fact(Time now, const std::function<void(store::FactRow)>& each) {
  return real_->each_fact(now, each);
}

Result<std::vector<store::Delivery>> TroubledStore::deliveries(Time now) { return real_->deliveries(now); }

Status TroubledStore::each_session_in_memory(Time now, const std::function<void(store::SessionRow)>& each) {
  return real_->each_session_in_memory(now, each);
}
Result<std::vector<store::KeyRow>> TroubledStore::keys() { return real_->keys(); }
Result<std::vector<store::Revocation>> TroubledStore::revocations(Time now) { return real_->revocations(now); }
Result<std::optional<std::string>> TroubledStore::meta(std::string_view name) { return real_->meta(name); }
Result<std::uint64_t> TroubledStore::log_size() { return real_->log_size(); }
Result<std::vector<std::string>> TroubledStore::log_entries(std::uint64_t from, std::size_t at_most) {
  return real_->log_entries(from, at_most);
}
std::size_t TroubledStore::backlog() const { return real_->backlog(); }
void TroubledStore::on_grown(std::function<void(std::uint64_t)> callback) { real_->on_grown(std::move(callback)); }

}  // namespace watchword::testing
