// When to fetch keys again. Pure: the time goes in, a yes or no comes out. Internal to issuer/.
#pragma once

#include <chrono>
#include <optional>

#include "base/clock.h"

namespace watchword::issuer {

// The time by the Clock, which can be set back and forth, and by the steady clock, which cannot.
struct Moment {
  Time clock;
  std::chrono::steady_clock::time_point steady;
};
Duration elapsed(const Moment& since, const Moment& now);  // by the clock that counts more

class KeySchedule {
 public:
  KeySchedule(Duration refresh, Duration refetch_interval) : refresh_(refresh), refetch_interval_(refetch_interval) {}

  bool due(const Moment& now) const;  // true before the first attempt
  void succeeded(const Moment& at, std::optional<std::chrono::seconds> max_age);
  void failed(const Moment& at);

  bool refetch_due(const Moment& now) const;
  void refetch_begins(const Moment& at) { refetched_ = at; }

 private:
  void wait_from(const Moment& at, Duration time);
  Duration refresh_, refetch_interval_;
  std::optional<Moment> last_, refetched_;
  Duration wait_{};  // from last_ to the next attempt
  unsigned failures_ = 0;
};

}  // namespace watchword::issuer
