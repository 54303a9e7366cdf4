// When a token is exchanged anew: after two thirds of its life; a moment after an attempt that failed; and early, when
// connections find trouble that the gate may explain. However many do, they cause one exchange per kRetry, as each is a
// durable record at the gate, and fewer where exchanges succeed and the trouble goes on: then a backend makes it.
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
  static constexpr Duration kLongestPause = std::chrono::minutes(1);

  explicit RenewalTimes(const Clock& clock) : clock_(clock) {}

  void renewed(Duration life) {
    tried_ = clock_.now();
    ends_ = tried_ + life;
    next_ = tried_ + std::max(life * 2 / 3, kShortest);
    pause_ = early_ ? std::min(pause_ * 2, kLongestPause) : kRetry;
    early_ = false;
  }
  void failed() {
    tried_ = clock_.now();
    next_ = tried_ + kRetry;
    early_ = false;
  }
  void trouble() {
    early_ = early_ || tried_ + pause_ < next_;
    next_ = std::min(next_, tried_ + pause_);
  }

  Duration left() const { return std::max(next_ - clock_.now(), Duration::zero()); }  // zero: now
  bool over() const { return clock_.now() >= ends_; }                                 // the token's life

 private:
  const Clock& clock_;
  Time tried_{}, ends_{}, next_{};
  Duration pause_ = kRetry;  // between a try and the next one for trouble
  bool early_ = false;       // the next one is for trouble
};

}  // namespace watchword::job
