// What one session may still use, of the quota that it was opened with. Kept in memory: a restart begins it anew.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/result.h"
#include "policy/quota.h"

namespace watchword::access {

// Any thread, without locks.
class Allowance {
 public:
  // Rates are counted from `start`.
  Allowance(const policy::Quota& quota, Time start);

  // One request, stream or tunnel under way; its destruction gives the place back. The allowance outlives it. An empty
  // one is of a session without limits.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept : of_(std::exchange(other.of_, nullptr)) {}
    Lease& operator=(Lease&& other) noexcept {
      std::swap(of_, other.of_);
      return *this;
    }
    ~Lease() {
      if (of_ != nullptr) of_->give_back();
    }
    // Before bytes of it are passed on, in either direction. limit_reached: they must not be, and the session will
    // never pass any again.
    Status pass(std::uint64_t bytes) { return of_ == nullptr ? Status() : of_->pass(bytes); }

   private:
    friend class Allowance;
    explicit Lease(Allowance& of) : of_(&of) {}
    Allowance* of_ = nullptr;
  };
  // limit_reached. What it refuses counts for nothing.
  Result<Lease> begin(Time now);
  // When one that was refused may begin, as far as can be told: at least a second. nullopt: never.
  std::optional<std::chrono::seconds> retry_after(Time now) const;

 private:
  bool take_place();
  void give_back();
  bool take_turn(Time now);
  Status pass(std::uint64_t bytes);
  bool used_up() const;             // all of the bytes
  std::int64_t at(Time now) const;  // nanoseconds since start_

  const policy::Quota quota_;
  const Time start_;
  const std::int64_t interval_;  // nanoseconds from one request to the next at the quota's rate; 0: no such limit
  // GCRA (ITU-T I.371): when, at the quota's rate, all that has begun would be over.
  std::atomic<std::int64_t> due_;
  std::atomic<std::uint32_t> under_way_{0};
  std::atomic<std::uint64_t> bytes_{0};
};

}  // namespace watchword::access
