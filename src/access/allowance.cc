#include "access/allowance.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace watchword::access {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;  // in nanoseconds
// A clock that was set back by more than this is believed, so that nobody waits until it is there again. Less is what
// requests may differ by that looked at it one after the other.
constexpr std::int64_t kSetBack = 60 * kSecond;

std::int64_t interval_of(const policy::Rate& rate) {
  if (rate.count == 0) return 0;
  const std::int64_t per = rate.per.count() * 1000;
  return (per + rate.count - 1) / rate.count;  // rounded up: never faster than the rate
}

}  // namespace

Allowance::Allowance(const policy::Quota& quota, Time start)
    : quota_(quota),
      start_(start),
      interval_(interval_of(quota.rate)),
      due_(std::numeric_limits<std::int64_t>::min() / 2) {}

std::int64_t Allowance::at(Time now) const {
  constexpr std::int64_t kFarthest = std::numeric_limits<std::int64_t>::max() / 4000;  // 73 years
  std::int64_t apart = 0;
  if (__builtin_sub_overflow(now.time_since_epoch().count(), start_.time_since_epoch().count(), &apart))
    apart = now < start_ ? -kFarthest : kFarthest;
  return std::clamp(apart, -kFarthest, kFarthest) * 1000;
}

bool Allowance::used_up() const {
  return quota_.bytes != 0 && bytes_.load(std::memory_order_relaxed) >= static_cast<std::uint64_t>(quota_.bytes);
}

Result<Allowance::Lease> Allowance::begin(Time now) {
  if (used_up())
    return fail(Reason::limit_reached, "all bytes of the session are used",
                fmt::format("at most {} in a session", policy::bytes_to_string(quota_.bytes)));
  if (!take_place())
    return fail(Reason::limit_reached, fmt::format("{} requests under way", quota_.concurrent),
                fmt::format("at most {} at once", quota_.concurrent));
  Lease lease(*this);
  if (!take_turn(now))
    return fail(Reason::limit_reached, "requests beyond the session's rate",
                fmt::format("at most {}, and {} at once", to_string(quota_.rate), quota_.rate.burst));
  return lease;
}

bool Allowance::take_place() {
  if (quota_.concurrent == 0) return true;
  auto there = under_way_.load(std::memory_order_relaxed);
  while (there < quota_.concurrent)
    if (under_way_.compare_exchange_weak(there, there + 1, std::memory_order_relaxed)) return true;
  return false;
}

void Allowance::give_back() {
  if (quota_.concurrent != 0) under_way_.fetch_sub(1, std::memory_order_relaxed);
}

bool Allowance::take_turn(Time now) {
  if (interval_ == 0) return true;
  const std::int64_t time = at(now), full = interval_ * quota_.rate.burst;
  auto due = due_.load(std::memory_order_relaxed);
  while (true) {
    auto next = std::max(due, time);
    if (next - time > full + kSetBack) next = time + full;
    const bool free = next + interval_ - time <= full;
    if (free) next += interval_;
    if (next == due || due_.compare_exchange_weak(due, next, std::memory_order_relaxed)) return free;
  }
}

Status Allowance::pass(std::uint64_t bytes) {
  if (quota_.bytes == 0) return {};
  const auto most = static_cast<std::uint64_t>(quota_.bytes);
  bytes = std::min(bytes, most + 1);  // and added only while the sum is small: it cannot wrap round
  if (bytes_.load(std::memory_order_relaxed) <= most &&
      bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes <= most)
    return {};
  return fail(Reason::limit_reached, "more bytes than the session may pass",
              fmt::format("at most {} in a session", policy::bytes_to_string(quota_.bytes)));
}

std::optional<std::chrono::seconds> Allowance::retry_after(Time now) const {
  if (used_up()) return std::nullopt;
  if (interval_ == 0) return std::chrono::seconds(1);
  const std::int64_t full = interval_ * quota_.rate.burst;
  const auto wait = std::min(due_.load(std::memory_order_relaxed) - at(now) - full + interval_, full + kSetBack);
  return std::chrono::seconds(std::max<std::int64_t>(1, (wait + kSecond - 1) / kSecond));
}

}  // namespace watchword::access
