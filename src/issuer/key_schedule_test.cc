#include "issuer/key_schedule.h"

#include <gmock/gmock.h>

namespace watchword::issuer {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Moment kStart{Time(hours(500'000)), {}};

Moment after(Duration clock, Duration steady) { return {kStart.clock + clock, kStart.steady + steady}; }
Moment after(Duration both) { return after(both, both); }

KeySchedule schedule() { return {minutes(10), seconds(10)}; }

// The first whole second at which it is due.
seconds wait_of(const KeySchedule& schedule, Moment since) {
  for (seconds wait{0};; ++wait)
    if (schedule.due({since.clock + wait, since.steady + wait})) return wait;
}

TEST(KeySchedule, IsDueAtOnceAndThenByTheRefreshOrAShorterMaxAge) {
  EXPECT_TRUE(schedule().due(kStart));
  struct Case {
    std::optional<seconds> max_age;
    seconds wait;
  };
  const Case table[] = {{std::nullopt, minutes(10)},       {hours(24), minutes(10)},   {seconds(300), seconds(300)},
                        {seconds(60), seconds(60)},        {seconds(59), seconds(60)}, {seconds(0), seconds(60)},
                        {seconds(4294967295), minutes(10)}};
  for (const auto& [max_age, wait] : table) {
    KeySchedule keys = schedule();
    keys.succeeded(kStart, max_age);
    EXPECT_EQ(wait_of(keys, kStart), wait);
  }
}

TEST(KeySchedule, AShortRefreshIsNotStretchedToAMinute) {
  KeySchedule keys(seconds(5), seconds(10));
  keys.succeeded(kStart, seconds(0));
  EXPECT_EQ(wait_of(keys, kStart), seconds(5));
  for (int i = 0; i < 10; ++i) keys.failed(kStart);
  EXPECT_EQ(wait_of(keys, kStart), seconds(5));
}

TEST(KeySchedule, BacksOffWhileItFailsUpToAMinuteAndStartsAnewAfterASuccess) {
  KeySchedule keys = schedule();
  for (const int wait : {1, 2, 4, 8, 16, 32, 60, 60, 60}) {
    keys.failed(kStart);
    EXPECT_EQ(wait_of(keys, kStart), seconds(wait));
  }
  for (int i = 0; i < 100'000; ++i) keys.failed(kStart);
  EXPECT_EQ(wait_of(keys, kStart), seconds(60));
  keys.succeeded(kStart, std::nullopt);
  keys.failed(kStart);
  EXPECT_EQ(wait_of(keys, kStart), seconds(1));
}

TEST(KeySchedule, AClockThatIsMovedDoesNotStopTheRefresh) {
  KeySchedule keys = schedule();
  keys.succeeded(kStart, std::nullopt);
  EXPECT_FALSE(keys.due(after(-hours(24), minutes(9))));
  EXPECT_TRUE(keys.due(after(-hours(24), minutes(10))));
  EXPECT_TRUE(keys.due(after(hours(24), seconds(1))));
  EXPECT_FALSE(keys.due(after(seconds(1))));
}

TEST(KeySchedule, RefetchesAtMostOnceInTheInterval) {
  KeySchedule keys = schedule();
  keys.succeeded(kStart, std::nullopt);
  EXPECT_TRUE(keys.refetch_due(kStart)) << "a refresh does not use up the refetch";
  keys.refetch_begins(kStart);
  EXPECT_FALSE(keys.refetch_due(kStart));
  EXPECT_FALSE(keys.refetch_due(after(seconds(9))));
  EXPECT_TRUE(keys.refetch_due(after(seconds(10))));
  EXPECT_FALSE(keys.refetch_due(after(-hours(24), seconds(9))));
  EXPECT_TRUE(keys.refetch_due(after(-hours(24), seconds(10))));
}

TEST(KeySchedule, TimePassesByTheClockThatCountsMore) {
  EXPECT_EQ(elapsed(kStart, after(seconds(3), seconds(5))), seconds(5));
  EXPECT_EQ(elapsed(kStart, after(seconds(5), seconds(3))), seconds(5));
  EXPECT_EQ(elapsed(kStart, after(-hours(1), seconds(3))), seconds(3));
}

}  // namespace
}  // namespace watchword::issuer
