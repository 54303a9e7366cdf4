// Ends what is under way towards an upstream, from outside the coroutine that waits for it. Used on one loop.
#pragma once

#include <functional>
#include <utility>

namespace watchword::http {

class Abort {
 public:
  Abort() = default;
  Abort(const Abort&) = delete;
  Abort& operator=(const Abort&) = delete;

  // Once: what is under way now fails as if the connection had been closed, and nothing begins afterwards.
  void fire() {
    fired_ = true;
    if (auto action = std::exchange(action_, nullptr)) action();
  }
  bool fired() const { return fired_; }

  void arm(std::function<void()> action) { action_ = std::move(action); }  // by whoever does the work, before it waits
  void disarm() { action_ = nullptr; }

 private:
  bool fired_ = false;
  std::function<void()> action_;
};

}  // namespace watchword::http
