#include "issuer/key_schedule.h"

#include <algorithm>

namespace watchword::issuer {
namespace {

constexpr Duration kShortestRefresh = std::chrono::minutes(1);
constexpr Duration kFirstRetry = std::chrono::seconds(1);
constexpr Duration kLastRetry = std::chrono::minutes(1);
constexpr unsigned kMostDoublings = 6;

}  // namespace

Duration elapsed(const Moment& since, const Moment& now) {
  return std::max(now.clock - since.clock, std::chrono::duration_cast<Duration>(now.steady - since.steady));
}

bool KeySchedule::due(const Moment& now) const { return !last_ || elapsed(*last_, now) >= wait_; }

void KeySchedule::wait_from(const Moment& at, Duration time) {
  last_ = at;
  wait_ = std::min(time, refresh_);
}

void KeySchedule::succeeded(const Moment& at, std::optional<std::chrono::seconds> max_age) {
  failures_ = 0;
  wait_from(at, max_age ? std::max<Duration>(*max_age, kShortestRefresh) : refresh_);
}

void KeySchedule::failed(const Moment& at) {
  const unsigned doublings = std::min(failures_++, kMostDoublings);
  wait_from(at, std::min(kFirstRetry * (1U << doublings), kLastRetry));
}

bool KeySchedule::refetch_due(const Moment& now) const {
  return !refetched_ || elapsed(*refetched_, now) >= refetch_interval_;
}

}  // namespace watchword::issuer
