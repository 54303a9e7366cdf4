// What is known of ends whose record is not written yet: who asked for the end, and in which words. A record that has
// to be tried again says the same as the first try would have.
#pragma once

#include <cstddef>
#include <mutex>
#include <string>
#include <unordered_map>

#include "access/request_origin.h"

namespace watchword::access {

struct EndNote {
  std::string words;  // of whoever ended it; may be empty
  Origin origin;
};

// By session id; as many as there are unrecorded ends. Any thread.
class PendingEnds {
 public:
  void keep(const std::string& session, const EndNote& note) {
    const std::lock_guard lock(mutex_);
    notes_.try_emplace(session, note);
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
