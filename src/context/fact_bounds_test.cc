// Which facts are forgotten where projects share a shard.
#include <gmock/gmock.h>

#include "context/fact_table.h"
#include "context/fact_test_util.h"

namespace watchword::context {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

class FactBoundsTest : public testing::Test {
 protected:
  void hear(Change change, std::string project) {
    change.project_id = std::move(project);
    table.apply("gitlab", {std::move(change)}, "webhook");
  }
  void fill(const std::string& project, int facts) {
    for (int i = 0; i < facts; ++i) hear(change(0, PipelineChange{std::to_string(i), "running"}), project);
  }
  // Every shard has projects of these many facts, and is over its limit by far.
  void crowd(int facts) {
    for (int project = 1000; project < 1200; ++project) fill(std::to_string(project), facts);
  }
  std::string merged_of(std::string_view project) const {
    Scope scope = kScope;
    scope.project_id = project;
    return ask(table, merged("a"), scope);
  }

  ManualClock clock{at(0)};
  FactTable table{{.per_project = 60, .total = 16 * 100}, clock};
};

TEST_F(FactBoundsTest, LargeProjectsTakeNothingFromASmallNeighbour) {
  for (int project = 0; project < 16; ++project) {
    hear(job(0, JobStatus::success), std::to_string(project));
    hear(change(0, Pushed{"main", {"a"}, {}, std::nullopt}), std::to_string(project));
  }
  clock.advance(minutes(1));
  crowd(60);
  table.sweep(clock.now());
  EXPECT_LE(table.size(), 1600u);
  for (int project = 0; project < 16; ++project) {
    EXPECT_EQ(merged_of(std::to_string(project)), "true") << project;
    EXPECT_EQ(table.job("gitlab", std::to_string(project), "1"), JobStatus::success) << project;
  }
}

TEST_F(FactBoundsTest, FinishedJobsOfTheDayGoLastOfAllProjects) {
  for (int i = 0; i < 50; ++i) hear(job(0, JobStatus::success, std::to_string(i)), "7");
  clock.advance(minutes(1));
  crowd(10);
  table.sweep(clock.now());
  for (int i = 0; i < 50; ++i) EXPECT_EQ(table.job("gitlab", "7", std::to_string(i)), JobStatus::success) << i;
  clock.advance(hours(24));
  crowd(10);
  table.sweep(clock.now());
  EXPECT_EQ(table.job("gitlab", "7", "0"), std::nullopt);
}

}  // namespace
}  // namespace watchword::context
