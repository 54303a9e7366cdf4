#include "context/look_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace watchword::context {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Time kStart{seconds(1'790'000'000)};

std::vector<LiveJob> pipelines(int count) {
  std::vector<LiveJob> live;
  for (int i = 0; i < count; ++i) live.push_back({"gitlab", "42", std::to_string(i), std::to_string(100 + i)});
  return live;
}

TEST(LookPlan, AllAreDueAtTheFirstLookAndAfterAJumpOfTheClock) {
  const auto live = pipelines(50);
  EXPECT_THAT(due_looks(live, seconds(30), std::nullopt, kStart), SizeIs(50));
  EXPECT_THAT(due_looks(live, seconds(30), kStart, kStart), IsEmpty());
  EXPECT_THAT(due_looks(live, seconds(30), kStart, kStart + std::chrono::hours(1)), SizeIs(50));
  EXPECT_THAT(due_looks(live, seconds(30), kStart, kStart - std::chrono::hours(1)), SizeIs(50));
}

TEST(LookPlan, EachIsDueOnceInAPeriodWhateverTheStepsAndSpreadOverIt) {
  const auto live = pipelines(1000);
  std::map<std::string, int> looks;
  std::size_t most = 0;
  for (int second = 0; second < 60; second += 2) {
    const auto due = due_looks(live, seconds(30), kStart + seconds(second), kStart + seconds(second + 2));
    most = std::max(most, due.size());
    for (const Look& look : due) ++looks[look.key()];
  }
  EXPECT_THAT(looks, SizeIs(1000));
  for (const auto& [key, times] : looks) EXPECT_EQ(times, 2) << key;
  EXPECT_LT(most, 130U);  // 67 on average
}

TEST(LookPlan, JobsOfAPipelineAreLookedAtTogether) {
  const auto looks = due_looks({{"gitlab", "42", "6", "7"},
                                {"gitlab", "42", "6", "8"},
                                {"gitlab", "42", "6", "7"},
                                {"gitlab", "43", "6", "9"},
                                {"other", "42", "6", "7"},
                                {"gitlab", "42", "", "1"},
                                {"gitlab", "42", "", "2"}},
                               seconds(30), std::nullopt, kStart);
  ASSERT_THAT(looks, SizeIs(5));
  EXPECT_THAT(looks[0].jobs, ElementsAre("7", "8"));
  EXPECT_THAT(looks[1].jobs, ElementsAre("9"));
  EXPECT_EQ(looks[2].issuer, "other");
  EXPECT_NE(looks[3].key(), looks[4].key());
}

}  // namespace
}  // namespace watchword::context
