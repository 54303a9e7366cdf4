// A gate that is down is asked again a few times, and not by all jobs at once.
#include "job/retry.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace watchword::job {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::vector<Duration> waits(Retry retry, Duration each_try) {
  std::vector<Duration> all;
  Duration elapsed{};
  while (true) {
    elapsed += each_try;
    const auto wait = retry.wait(elapsed);
    if (!wait) return all;
    all.push_back(*wait);
    elapsed += *wait;
  }
}

TEST(Retry, WaitsLongerEachTimeAndEndsWithinItsTotal) {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    SeededRandom random(seed);
    const auto all = waits(Retry({}, random), milliseconds(1));
    ASSERT_EQ(all.size(), 4u) << "five tries";
    Duration most = seconds(1), sum{};
    for (const auto wait : all) {
      EXPECT_GE(wait, most / 2);
      EXPECT_LE(wait, most);
      most = std::min<Duration>(most * 2, seconds(8));
      sum += wait;
    }
    EXPECT_LE(sum, seconds(20));
  }
}

TEST(Retry, OfAStalledGateEndsWithinItsTotalToo) {
  SeededRandom random(1);
  EXPECT_LE(waits(Retry({}, random), seconds(10)).size(), 1u);
  EXPECT_TRUE(waits(Retry({.total = Duration::zero()}, random), seconds(10)).empty());
}

TEST(Retry, DoesNotBringAllJobsBackTogether) {
  std::set<Duration> firsts;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    SeededRandom random(seed);
    firsts.insert(waits(Retry({}, random), milliseconds(1)).front());
  }
  EXPECT_GT(firsts.size(), 50u);
}

TEST(Retry, WaitsAsLongAsTheGateAsksOrGivesUp) {
  SeededRandom random(1);
  Retry retry({}, random);
  EXPECT_EQ(retry.wait(seconds(0), seconds(7)), seconds(7));
  EXPECT_LE(*retry.wait(seconds(7), seconds(0)), seconds(2)) << "never less than its own";
  EXPECT_EQ(retry.wait(seconds(9), seconds(60)), std::nullopt);
}

TEST(RetryAfter, IsReadAsSecondsOnly) {
  EXPECT_EQ(retry_after("3"), seconds(3));
  EXPECT_EQ(retry_after("86400"), seconds(3600));
  for (const auto* text : {"", "-1", "1.5", "3 s", "Sat, 21 Nov 2026 09:00:00 GMT", "99999999999999"})
    EXPECT_EQ(retry_after(text), std::nullopt) << text;
}

}  // namespace
}  // namespace watchword::job
