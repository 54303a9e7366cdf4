// How much memory the bodies may take that are being read in this process.
#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

#include "base/result.h"

namespace watchword::api {

// Any thread. Outlives its reservations.
class BodyBudget {
 public:
  explicit BodyBudget(std::size_t bytes) : left_(bytes) {}

  class Reservation {  // given back at its end
   public:
    Reservation(Reservation&& other) noexcept : budget_(other.budget_), bytes_(std::exchange(other.bytes_, 0)) {}
    Reservation& operator=(Reservation&&) = delete;
    ~Reservation() { budget_.left_ += bytes_; }

   private:
    friend BodyBudget;
    Reservation(BodyBudget& budget, std::size_t bytes) : budget_(budget), bytes_(bytes) {}
    BodyBudget& budget_;
    std::size_t bytes_;
  };
  // overloaded: as much is not left.
  Result<Reservation> reserve(std::size_t bytes) {
    std::size_t left = left_;
    do {
      if (bytes > left) return fail(Reason::overloaded, "too many bodies at once", "some of them read first");
    } while (!left_.compare_exchange_weak(left, left - bytes));
    return Reservation(*this, bytes);
  }

 private:
  std::atomic<std::size_t> left_;
};

}  // namespace watchword::api
