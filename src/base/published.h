// An immutable value that is replaced whole: policy, key set, revocations. Readers keep what they took.
#pragma once

#include <atomic>
#include <memory>
#include <thread>
#include <utility>

namespace watchword {

// Not std::atomic<std::shared_ptr>: in libstdc++ 12 its load unlocks with relaxed order after a plain read of the
// pointer
// (_Sp_atomic::load), which is a data race with store; ThreadSanitizer reports it. As there, the lock is held for the
// copy of one pointer.
template <class T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first = nullptr) : current_(std::move(first)) {}
  std::shared_ptr<const T> get() const {
    const Hold hold(busy_);
    return current_;
  }
  void set(std::shared_ptr<const T> next) {
    const Hold hold(busy_);
    current_.swap(next);
  }  // the hold ends before `next`, a parameter: the old value is destroyed outside of it

 private:
  class Hold {
   public:
    explicit Hold(std::atomic_flag& busy) : busy_(busy) {
      while (busy_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
    }
    ~Hold() { busy_.clear(std::memory_order_release); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    std::atomic_flag& busy_;
  };
  mutable std::atomic_flag busy_;
  std::shared_ptr<const T> current_;
};

}  // namespace watchword
