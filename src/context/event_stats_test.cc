#include "context/event_stats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::context {
namespace {

using ::testing::HasSubstr;

constexpr Time kNow{std::chrono::seconds(1'790'000'000)};

Change job_at(Time at) { return {"42", at, JobChange{"7", "6", JobStatus::running}}; }

class EventStatsTest : public ::testing::Test {
 protected:
  Metrics metrics;
  EventStats stats{metrics};
};

TEST_F(EventStatsTest, TheLagIsThatOfTheNewestTimeThatTheEventNames) {
  stats.event("gitlab", {job_at(kNow - std::chrono::hours(1)), job_at(kNow - std::chrono::seconds(2))}, kNow);
  EXPECT_THAT(metrics.render(), HasSubstr("watchword_event_lag_seconds_sum{issuer=\"gitlab\"} 2"));
}

TEST_F(EventStatsTest, APushNamesNoTimeAndSaysNothingAboutTheLag) {
  stats.event("gitlab", {{"42", kNow - std::chrono::hours(1), Pushed{"main", {}, {}, {}}}}, kNow);
  EXPECT_THAT(metrics.render(), HasSubstr("watchword_event_lag_seconds_count{issuer=\"gitlab\"} 0"));
  EXPECT_THAT(metrics.render(), HasSubstr("watchword_last_event_seconds{issuer=\"gitlab\"} 1790000000"));
}

TEST_F(EventStatsTest, ATimeToComeIsNoLag) {
  stats.event("gitlab", {job_at(kNow + std::chrono::hours(1))}, kNow);
  EXPECT_THAT(metrics.render(), HasSubstr("watchword_event_lag_seconds_sum{issuer=\"gitlab\"} 0"));
}

TEST_F(EventStatsTest, TheLastEventOutlivesAStart) {
  stats.restore("gitlab", kNow);
  stats.restore("gitlab", kNow - std::chrono::hours(1));
  EXPECT_THAT(metrics.render(), HasSubstr("watchword_last_event_seconds{issuer=\"gitlab\"} 1790000000"));
}

TEST_F(EventStatsTest, DisagreementIsCountedByIssuer) {
  EXPECT_EQ(stats.disagreeing("gitlab"), 0u);
  stats.disagreed("gitlab", 2);
  stats.disagreed("gitlab", 1);
  stats.disagreed("other", 1);
  EXPECT_EQ(stats.disagreeing("gitlab"), 3u);
  EXPECT_EQ(stats.disagreeing("other"), 1u);
}

}  // namespace
}  // namespace watchword::context
