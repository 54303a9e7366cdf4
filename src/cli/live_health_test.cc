#include "cli/live_health.h"

#include <gtest/gtest.h>

namespace watchword::cli {
namespace {

using std::chrono::minutes;

constexpr Time kNow{std::chrono::seconds(1'790'000'000)};
constexpr Duration kAge = minutes(10);

class LiveHealthTest : public ::testing::Test {
 protected:
  api::ContextHealth::Project only() {
    const auto all = projects_of("gitlab", open, heard, kAge, kNow);
    EXPECT_EQ(all.size(), 1u);
    return all.empty() ? api::ContextHealth::Project{} : all.front();
  }
  OpenProjects open;
  std::vector<context::FactTable::Heard> heard;
};

TEST_F(LiveHealthTest, AProjectWithOpenSessionsThatWasNotHeardOfForLongIsSilent) {
  open[{"gitlab", "42"}] = {"acme/billing", kNow - minutes(30), 2};
  EXPECT_TRUE(only().silent);
  EXPECT_EQ(only().path, "acme/billing");
  EXPECT_EQ(only().sessions, 2u);
  heard.push_back({"gitlab", "42", kNow - minutes(11)});
  EXPECT_TRUE(only().silent);
  heard.front().last_event = kNow - minutes(9);
  EXPECT_FALSE(only().silent);
  EXPECT_EQ(only().last_event, kNow - minutes(9));
}

TEST_F(LiveHealthTest, AProjectIsNotSilentBeforeItsSessionIsAsOld) {
  open[{"gitlab", "42"}] = {"acme/billing", kNow - minutes(9), 1};
  EXPECT_FALSE(only().silent);
}

TEST_F(LiveHealthTest, AProjectWithoutOpenSessionsMayBeSilent) {
  heard.push_back({"gitlab", "42", kNow - minutes(60)});
  EXPECT_FALSE(only().silent);
}

TEST_F(LiveHealthTest, OtherIssuersProjectsAreNotThisOnes) {
  open[{"gitlab", "42"}] = {"acme/billing", kNow, 1};
  open[{"gitlab2", "43"}] = {"acme/other", kNow, 1};
  open[{"a", "44"}] = {"acme/third", kNow, 1};
  heard.push_back({"gitlab2", "42", kNow});
  EXPECT_EQ(only().id, "42");
  EXPECT_FALSE(only().last_event);
}

}  // namespace
}  // namespace watchword::cli
