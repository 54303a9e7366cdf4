// What is known of ends whose record is not written yet: who asked for the end, and in which words. A record that has
// to be tried again says the same as the first try would have.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "access/request_origin.h"
#include "access/session.h"

namespace watchword::access {

struct EndNote {
  std::string words;  // of whoever ended it; may be empty
  Origin origin;
};

// By session id; as many as there are unrecorded ends. Any thread.
class PendingEnds {
 public:
  // Ends the session and keeps what is known of that, as one: whoever sees that it has ended finds the words of the end
  // that was first. False when it had ended before; then nothing is kept.
  bool end(Session& session, SessionEnd why, Time now, const EndNote& note) {
    const std::lock_guard lock(mutex_);
    if (!session.end(why, now)) return false;
    notes_.insert_or_assign(session.id(), note);
    return true;
  }
  // Empty when nothing is kept: it ended by itself.
  EndNote of(const std::string& session) const {
    const std::lock_guard lock(mutex_);
    const auto found = notes_.find(session);
    return found == notes_.end() ? EndNote{} : found->second;
  }
  void forget(const std::string& session) {
    const std::lock_guard lock(mutex_);
    notes_.erase(session);
  }
  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return notes_.size();
  }

 private:
  mutable std::mutex mutex_;
  std::unordered_map<std::string, EndNote> notes_;
};

}  // namespace watchword::access
