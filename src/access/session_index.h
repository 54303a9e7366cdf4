// Where the sessions of one shard of the table are: a hash table with open addressing, so that finding a session among
// a million fetches its slot from memory and then the session itself. Their keys are the sessions' own.
#pragma once

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace watchword::access {

class Session;

// Not synchronised. The lowest six bits of a hash choose the shard; here the others count.
class SessionIndex {
 public:
  // The session of that hash for which `is` holds, or null.
  template <class Is>
  std::shared_ptr<Session> find(std::size_t hash, const Is& is) const {
    if (slots_.empty()) return nullptr;
    for (std::size_t i = home(hash); slots_[i].session; i = next(i))
      if (slots_[i].hash == hash && is(*slots_[i].session)) return slots_[i].session;
    return nullptr;
  }

  void insert(std::size_t hash, std::shared_ptr<Session> session) {  // one that is not in it
    if ((size_ + 1) * 4 > slots_.size() * 3) grow();
    put({hash, std::move(session)});
    ++size_;
  }

  void erase(std::size_t hash, const Session& session) {
    if (slots_.empty()) return;
    std::size_t gap = home(hash);
    while (slots_[gap].session.get() != &session) {
      if (!slots_[gap].session) return;
      gap = next(gap);
    }
    slots_[gap] = {};
    --size_;
    // A search ends at the first gap: what was put off by the one that is gone moves up.
    for (std::size_t i = next(gap); slots_[i].session; i = next(i)) {
      if (distance(home(slots_[i].hash), i) < distance(gap, i)) continue;
      slots_[gap] = std::exchange(slots_[i], {});
      gap = i;
    }
  }

  template <class Visit>
  void each(const Visit& visit) const {
    for (const Slot& slot : slots_)
      if (slot.session) visit(slot.session);
  }
  std::size_t size() const { return size_; }

 private:
  struct Slot {
    std::size_t hash = 0;
    std::shared_ptr<Session> session;
  };
  std::size_t home(std::size_t hash) const { return (hash >> 6) & (slots_.size() - 1); }
  std::size_t next(std::size_t i) const { return (i + 1) & (slots_.size() - 1); }
  std::size_t distance(std::size_t from, std::size_t to) const { return (to - from) & (slots_.size() - 1); }

  void put(Slot slot) {
    std::size_t i = home(slot.hash);
    while (slots_[i].session) i = next(i);
    slots_[i] = std::move(slot);
  }
  void grow() {
    std::vector<Slot> old(slots_.empty() ? 16 : slots_.size() * 2);
    old.swap(slots_);
    for (Slot& slot : old)
      if (slot.session) put(std::move(slot));
  }

  std::vector<Slot> slots_;  // a power of two, never more than three quarters full
  std::size_t size_ = 0;
};

}  // namespace watchword::access
