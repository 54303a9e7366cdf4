// The limits of a session are kept, and what they refuse says why and when to try again.
#include "access/allowance.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <limits>
#include <thread>
#include <vector>

namespace watchword::access {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Time kStart = from_unix(1'790'000'000);

policy::Quota rate(const char* text) { return {.rate = *policy::parse_rate(text)}; }

TEST(Allowance, AsManyAsTheRateSaysBeginAtOnceAndThenOneAtATime) {
  Allowance allowance(rate("10/s"), kStart);
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(allowance.begin(kStart)) << i;
  const auto refused = allowance.begin(kStart);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::limit_reached);
  EXPECT_EQ(refused.error().found, "requests beyond the session's rate");
  EXPECT_EQ(refused.error().expected, "at most 10/s, and 10 at once");
  EXPECT_FALSE(allowance.begin(kStart + milliseconds(99)));
  EXPECT_TRUE(allowance.begin(kStart + milliseconds(100)));
  EXPECT_FALSE(allowance.begin(kStart + milliseconds(100)));
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(allowance.begin(kStart + hours(1))) << "rest fills it up, " << i;
  EXPECT_FALSE(allowance.begin(kStart + hours(1))) << "and not more";
}

TEST(Allowance, ARateThatNoClockTickDividesIsNotExceeded) {
  Allowance allowance({.rate = {700'000, 10, seconds(1)}}, kStart);
  int begun = 0;
  for (int tick = 0; tick <= 100'000; ++tick)
    while (allowance.begin(kStart + Duration(tick))) ++begun;
  EXPECT_LE(begun, 70'010) << "in a tenth of a second";
  EXPECT_GE(begun, 69'900);
}

TEST(Allowance, SaysWhenTheRateLetsOneBeginAgain) {
  Allowance allowance(rate("2/m"), kStart);
  EXPECT_EQ(allowance.retry_after(kStart), seconds(1));
  EXPECT_TRUE(allowance.begin(kStart) && allowance.begin(kStart));
  EXPECT_EQ(allowance.retry_after(kStart), seconds(30));
  EXPECT_EQ(allowance.retry_after(kStart + milliseconds(500)), seconds(30)) << "rounded up";
  EXPECT_FALSE(allowance.begin(kStart + seconds(29)));
  EXPECT_TRUE(allowance.begin(kStart + seconds(30)));
}

TEST(Allowance, APlaceIsFreeAgainWhenItsLeaseIsGone) {
  Allowance allowance({.concurrent = 2}, kStart);
  auto first = allowance.begin(kStart);
  {
    const auto second = allowance.begin(kStart);
    ASSERT_TRUE(first && second);
    const auto third = allowance.begin(kStart);
    ASSERT_FALSE(third);
    EXPECT_EQ(third.error().reason, Reason::limit_reached);
    EXPECT_EQ(third.error().found, "2 requests under way");
    EXPECT_EQ(third.error().expected, "at most 2 at once");
    EXPECT_EQ(allowance.retry_after(kStart), seconds(1));
  }
  auto moved = *std::move(first);
  auto second = allowance.begin(kStart);
  EXPECT_TRUE(second);
  EXPECT_FALSE(allowance.begin(kStart)) << "a lease that was moved holds its place once";
  moved = Allowance::Lease();
  EXPECT_TRUE(allowance.begin(kStart));
}

TEST(Allowance, WhatOneLimitRefusesCountsForNoOther) {
  Allowance allowance({.rate = *policy::parse_rate("2/s"), .concurrent = 1}, kStart);
  {
    const auto held = allowance.begin(kStart);
    ASSERT_TRUE(held);
    EXPECT_FALSE(allowance.begin(kStart)) << "no place";
  }
  EXPECT_TRUE(allowance.begin(kStart)) << "the rate has one left";
  EXPECT_FALSE(allowance.begin(kStart)) << "no turn";
  EXPECT_TRUE(allowance.begin(kStart + seconds(1))) << "and the place is free";
}

TEST(Allowance, BytesAreCountedOverAllRequests) {
  Allowance allowance({.bytes = 100}, kStart);
  auto one = allowance.begin(kStart), other = allowance.begin(kStart);
  EXPECT_TRUE(one->pass(60));
  EXPECT_TRUE(other->pass(40)) << "up to the last";
  EXPECT_TRUE(one->pass(0));
  EXPECT_FALSE(allowance.begin(kStart)) << "nothing is left for another";
  const auto refused = one->pass(1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::limit_reached);
  EXPECT_EQ(refused.error().expected, "at most 100B in a session");
  EXPECT_FALSE(allowance.begin(kStart + hours(1)));
  EXPECT_EQ(allowance.retry_after(kStart), std::nullopt) << "waiting does not help";
}

TEST(Allowance, NoNumberOfBytesMakesRoom) {
  Allowance allowance({.bytes = policy::Quota::kMostBytes}, kStart);
  auto lease = allowance.begin(kStart);
  EXPECT_TRUE(lease->pass(5));
  for (int i = 0; i < 20'000; ++i) ASSERT_FALSE(lease->pass(std::numeric_limits<std::uint64_t>::max()));
  EXPECT_FALSE(lease->pass(1));
}

TEST(Allowance, WithoutALimitNothingIsRefused) {
  Allowance::Lease lease;
  EXPECT_TRUE(lease.pass(std::numeric_limits<std::uint64_t>::max()));
  Allowance bytes({.bytes = 1}, kStart);
  std::vector<Result<Allowance::Lease>> leases;
  for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(leases.emplace_back(bytes.begin(kStart)));
}

TEST(Allowance, AClockThatWasSetBackStopsNobodyForLong) {
  Allowance allowance(rate("1/m"), kStart);
  EXPECT_TRUE(allowance.begin(kStart + hours(5)));
  EXPECT_FALSE(allowance.begin(kStart)) << "nor does it give a turn";
  EXPECT_LE(*allowance.retry_after(kStart), minutes(1));
  EXPECT_TRUE(allowance.begin(kStart + minutes(1)));
  EXPECT_FALSE(allowance.begin(kStart + minutes(1)));
}

TEST(Allowance, NoTimeIsTooFar) {
  for (const Time time : {from_unix(std::numeric_limits<std::int64_t>::min()), Time::min(),
                          from_unix(std::numeric_limits<std::int64_t>::max())}) {
    Allowance allowance(rate("1/m"), kStart);
    EXPECT_TRUE(allowance.begin(time));
    EXPECT_FALSE(allowance.begin(time));
    EXPECT_GE(*allowance.retry_after(time), seconds(1));
    EXPECT_LE(*allowance.retry_after(time), minutes(1));
  }
}

TEST(Allowance, ThreadsTogetherKeepToEachLimit) {
  constexpr int kThreads = 4, kTries = 5'000;
  Allowance turns(rate("10000/s"), kStart), places({.concurrent = 3}, kStart), bytes({.bytes = 10'000}, kStart);
  std::latch start(kThreads);
  std::atomic<int> begun{0}, under_way{0}, most{0}, passed{0};
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < kThreads; ++thread)
      threads.emplace_back([&] {
        auto upload = bytes.begin(kStart);
        start.arrive_and_wait();
        for (int i = 0; i < kTries; ++i) {
          if (turns.begin(kStart)) ++begun;
          if (upload && upload->pass(7)) passed += 7;
          const auto place = places.begin(kStart);
          if (!place) continue;
          const int now = ++under_way;
          for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
          }
          --under_way;
        }
      });
  }
  EXPECT_EQ(begun, 10'000);
  EXPECT_LE(most, 3);
  EXPECT_GE(most, 1);
  EXPECT_EQ(passed, 9'996) << "all that fits";
  std::vector<Result<Allowance::Lease>> leases;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(leases.emplace_back(places.begin(kStart))) << "every place came back";
  EXPECT_FALSE(places.begin(kStart));
}

}  // namespace
}  // namespace watchword::access
