// When a token is exchanged anew: after two thirds of its life; a moment after an attempt that failed; and early, when
// connections find trouble that the gate may explain. However many do, they cause one exchange per kRetry: each is a
// durable record at the gate.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/clock.h"

namespace watchword::job {

// One thread. The clock outlives it.
class RenewalTimes {
 public:
  static constexpr Duration kRetry = std::chrono::seconds(5);
  static constexpr Duration kShortest = std::chrono::seconds(1);

  explicit RenewalTimes(const Clock& clock) : clock_(clock) {}

  void renewed(Duration life) {
    tried_ = clock_.now();
    ends_ = tried_ + life;
    next_ = tried_ + std::max(life * 2 / 3, kShortest);
  }
  void failed() {
    tried_ = clock_.now();
    next_ = tried_ + kRetry;
  }
  void trouble() { next_ = std::min(next_, tried_ + kRetry); }

  Duration left() const { return std::max(next_ - clock_.now(), Duration::zero()); }  // zero: now
  bool over() const { return clock_.now() >= ends_; }                                 // the token's life

 private:
  const Clock& clock_;
  Time tried_{}, ends_{}, next_{};
};

}  // namespace watchword::job
