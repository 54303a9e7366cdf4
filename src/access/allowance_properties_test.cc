// Whatever is asked, in whatever order: a session never gets more than its limits, nor less. rapidcheck prints its
// seed; RC_PARAMS="seed=..." runs the same again.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>
#include <numeric>
#include <vector>

#include "access/allowance.h"

namespace watchword::access {
namespace {

const Time kStart = from_unix(1'790'000'000);

// Of a small burst mostly, as it is soon used up.
policy::Rate any_rate() {
  const auto count = *rc::gen::inRange<std::uint32_t>(1, 2000), few = *rc::gen::inRange<std::uint32_t>(1, 9);
  const Duration per = *rc::gen::element<Duration>(std::chrono::seconds(1), std::chrono::minutes(1));
  return {count, *rc::gen::element(few, few, few, count), per};
}

// Times from 0 on, in order, some of them the same.
std::vector<Duration> any_times(Duration step) {
  const auto steps = *rc::gen::container<std::vector<std::int64_t>>(
      rc::gen::oneOf(rc::gen::just<std::int64_t>(0), rc::gen::inRange<std::int64_t>(0, 3 * step.count() + 2)));
  std::vector<Duration> times;
  Duration at{};
  for (const auto one : steps) times.push_back(at += Duration(one));
  return times;
}

RC_GTEST_PROP(AllowanceProperties, InNoTimeMoreBeginThanTheBurstAndTheRateAllow, ()) {
  const auto rate = any_rate();
  Allowance allowance({.rate = rate}, kStart);
  std::vector<Duration> begun;
  for (const auto at : any_times(rate.per / rate.count))
    if (allowance.begin(kStart + at)) begun.push_back(at);
  for (std::size_t from = 0; from < begun.size(); ++from)
    for (std::size_t to = from; to < begun.size(); ++to) {
      const auto most = rate.burst + (begun[to] - begun[from]) * rate.count / rate.per;
      RC_ASSERT(static_cast<std::int64_t>(to - from) + 1 <= static_cast<std::int64_t>(most));
    }
}

RC_GTEST_PROP(AllowanceProperties, WhoeverWaitsAsToldMayBegin, ()) {
  const auto rate = any_rate();
  Allowance allowance({.rate = rate}, kStart);
  for (const auto at : any_times(rate.per / rate.count)) {
    if (allowance.begin(kStart + at)) continue;
    RC_ASSERT(allowance.begin(kStart + at + *allowance.retry_after(kStart + at)).has_value());
    return;
  }
}

// A bucket that fills up at the rate, counted exactly: in parts of a request, `per` of them to one. The allowance's
// interval is rounded up by less than a nanosecond a request.
RC_GTEST_PROP(AllowanceProperties, ARateIsABucketThatFillsUp, ()) {
  const auto rate = any_rate();
  Allowance allowance({.rate = rate}, kStart);
  const std::int64_t one = rate.per.count(), full = one * rate.burst;
  std::int64_t filled = full;
  Duration before{};
  for (const auto at : any_times(rate.per / rate.count)) {
    filled = std::min(full, filled + (at - before).count() * rate.count);
    before = at;
    const bool begun = allowance.begin(kStart + at).has_value();
    if (begun) {
      RC_ASSERT(filled >= one);
      filled -= one;
    } else {
      RC_ASSERT(filled < one + rate.count);
      filled = std::min(filled, one - 1);
    }
  }
}

RC_GTEST_PROP(AllowanceProperties, AsManyAreUnderWayAsThereAreLeases, (const std::vector<bool>& steps)) {
  const auto most = *rc::gen::inRange<std::uint32_t>(1, 8);
  Allowance allowance({.concurrent = most}, kStart);
  std::deque<Allowance::Lease> held;
  for (const bool begin : steps) {
    if (!begin) {
      if (!held.empty()) held.pop_front();
      continue;
    }
    auto lease = allowance.begin(kStart);
    RC_ASSERT(lease.has_value() == (held.size() < most));
    if (lease) held.push_back(*std::move(lease));
  }
}

RC_GTEST_PROP(AllowanceProperties, BytesPassUntilTheyAreMoreThanTheLimit, (const std::vector<std::uint16_t>& pieces)) {
  const auto most = *rc::gen::inRange<std::int64_t>(1, 400'000);
  Allowance allowance({.bytes = most}, kStart);
  auto lease = allowance.begin(kStart);
  std::int64_t asked = 0;
  for (const auto piece : pieces) {
    asked += piece;
    RC_ASSERT(lease->pass(piece).has_value() == (asked <= most));
  }
  RC_ASSERT(allowance.begin(kStart).has_value() == (asked < most));
}

}  // namespace
}  // namespace watchword::access
