// A tool that reconnects in a loop costs the gate no more than one exchange each five seconds.
#include "job/renewal_times.h"

#include <gtest/gtest.h>

#include <vector>

namespace watchword::job {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

struct Times : ::testing::Test {
  ManualClock clock{from_unix(1'790'000'000)};
  RenewalTimes times{clock};
};

TEST_F(Times, ATokenIsRenewedAfterTwoThirdsOfItsLife) {
  times.renewed(minutes(15));
  EXPECT_EQ(times.left(), minutes(10));
  clock.advance(minutes(12));
  EXPECT_EQ(times.left(), Duration::zero());
  EXPECT_FALSE(times.over());
  clock.advance(minutes(3));
  EXPECT_TRUE(times.over());
  times.renewed(Duration::zero());
  EXPECT_EQ(times.left(), RenewalTimes::kShortest) << "whatever the gate says";
}

TEST_F(Times, TroubleRightAfterARenewalIsLookedIntoOnceTheTimeHasPassed) {
  times.renewed(minutes(15));
  clock.advance(seconds(1));
  times.trouble();
  EXPECT_EQ(times.left(), seconds(4));
  clock.advance(seconds(3));
  times.trouble();
  EXPECT_EQ(times.left(), seconds(1)) << "more of it puts nothing off";
  clock.advance(seconds(1));
  EXPECT_EQ(times.left(), Duration::zero());
}

TEST_F(Times, TroubleLongAfterARenewalIsLookedIntoAtOnce) {
  times.renewed(minutes(15));
  clock.advance(minutes(1));
  times.trouble();
  EXPECT_EQ(times.left(), Duration::zero());
}

TEST_F(Times, TroubleWithoutEndCausesOneExchangeEachFiveSeconds) {
  times.renewed(minutes(15));
  int exchanges = 0;
  for (int tenth = 0; tenth < 300; ++tenth) {
    clock.advance(milliseconds(100));
    times.trouble();
    if (times.left() > Duration::zero()) continue;
    ++exchanges;
    if (exchanges % 2 == 0)
      times.renewed(minutes(15));
    else
      times.failed();
  }
  EXPECT_EQ(exchanges, 6);
}

TEST_F(Times, TroubleThatAnExchangeDoesNotExplainIsLookedIntoLessAndLess) {
  times.renewed(minutes(15));
  std::vector<int> after;
  for (int second = 1; second <= 160; ++second) {
    clock.advance(seconds(1));
    times.trouble();
    if (times.left() > Duration::zero()) continue;
    after.push_back(second);
    times.renewed(minutes(15));
  }
  EXPECT_EQ(after, (std::vector{5, 15, 35, 75, 135}));
  for (int i = 0; i < 2; ++i) {  // once more for trouble, and once by its time
    clock.advance(minutes(10));
    times.renewed(minutes(15));
  }
  times.trouble();
  EXPECT_EQ(times.left(), RenewalTimes::kRetry);
}

TEST_F(Times, TroubleDoesNotPutOffARenewalThatIsDue) {
  times.renewed(seconds(3));
  times.trouble();
  EXPECT_EQ(times.left(), seconds(2));
  times.failed();
  times.trouble();
  EXPECT_EQ(times.left(), RenewalTimes::kRetry);
}

}  // namespace
}  // namespace watchword::job
