// An immutable value that is replaced whole: policy, key set, revocations. Readers keep what they took.
#pragma once

#include <atomic>
#include <memory>

namespace watchword {

template <class T>
class Published {
 public:
  explicit Published(std::shared_ptr<const T> first = nullptr) : current_(std::move(first)) {}
  std::shared_ptr<const T> get() const { return current_.load(std::memory_order_acquire); }
  void set(std::shared_ptr<const T> next) { current_.store(std::move(next), std::memory_order_release); }

 private:
  std::atomic<std::shared_ptr<const T>> current_;
};

}  // namespace watchword
