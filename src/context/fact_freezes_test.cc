#include "context/fact_freezes.h"

#include <gmock/gmock.h>

#include "context/fact_test_util.h"

namespace watchword::context {
namespace {

using std::chrono::hours;
using testing::IsEmpty;
using testing::SizeIs;

const Question kProduction = of("frozen", "environment", "production");

class FreezesTest : public testing::Test {
 protected:
  store::FactRow freeze(std::string issuer, std::string project, Duration length = hours(1)) {
    return table.freeze({std::move(issuer), std::move(project), "production", clock.now() + length, "audit", "ada"});
  }

  ManualClock clock{at(0)};
  FactTable table{{}, clock};
};

TEST_F(FreezesTest, IsAlwaysKnown) {
  EXPECT_EQ(ask(table, kProduction, Scope{}), "false");
  const auto fact = table.find(kScope, "frozen", kProduction.arguments);
  ASSERT_TRUE(fact.has_value());
  EXPECT_EQ(fact->source, "freeze");
}

TEST_F(FreezesTest, HoldsForItsProjectAndEnvironmentUntilItsEnd) {
  freeze("gitlab", "acme/billing");
  clock.advance(std::chrono::minutes(30));
  const auto fact = table.find(kScope, "frozen", kProduction.arguments);
  ASSERT_TRUE(fact.has_value());
  EXPECT_EQ(fact->value, Json(true));
  EXPECT_EQ(fact->at, at(0));
  EXPECT_EQ(fact->why, "audit");
  EXPECT_EQ(ask(table, of("frozen", "environment", "test")), "false");
  EXPECT_EQ(ask(table, kProduction, {.issuer = "gitlab", .project = "acme/other"}), "false");
  EXPECT_EQ(ask(table, kProduction, {.issuer = "other", .project = "acme/billing"}), "false");
  clock.advance(std::chrono::minutes(30));
  EXPECT_EQ(ask(table, kProduction), "false");
  EXPECT_THAT(table.freezes(), IsEmpty());
}

TEST_F(FreezesTest, WithoutIssuerAndProjectItHoldsEverywhere) {
  freeze("", "");
  EXPECT_EQ(ask(table, kProduction), "true");
  EXPECT_EQ(ask(table, kProduction, {.issuer = "other", .project = "acme/other"}), "true");
}

TEST_F(FreezesTest, ANewOneTakesTheEarliersPlace) {
  freeze("gitlab", "acme/billing", hours(2));
  freeze("gitlab", "acme/billing", hours(1));
  ASSERT_THAT(table.freezes(), SizeIs(1));
  EXPECT_EQ(table.freezes()[0].until, at(3600));
}

TEST_F(FreezesTest, ThawingEndsThatOneAndNamesItsRow) {
  freeze("", "", hours(3));
  const auto row = freeze("gitlab", "acme/billing");
  EXPECT_EQ(table.thaw("gitlab", "acme/billing", "production"), row);
  EXPECT_EQ(table.thaw("gitlab", "acme/billing", "production"), std::nullopt);
  EXPECT_EQ(ask(table, kProduction), "true") << "the other one holds";
  EXPECT_TRUE(table.thaw("", "", "production").has_value());
  EXPECT_EQ(ask(table, kProduction), "false");
}

TEST_F(FreezesTest, SurvivesARestart) {
  const auto row = freeze("gitlab", "acme/billing");
  FactTable next({}, clock);
  next.restore(row);
  ASSERT_THAT(next.freezes(), SizeIs(1));
  const Freeze freeze = next.freezes()[0];
  EXPECT_EQ(freeze.why, "audit");
  EXPECT_EQ(freeze.by, "ada");
  EXPECT_EQ(freeze.until, at(3600));
  EXPECT_EQ(ask(next, kProduction), "true");
  EXPECT_EQ(next.size(), 0u);
}

TEST_F(FreezesTest, ASweepDropsWhatIsOverForADay) {
  const auto row = freeze("gitlab", "acme/billing");
  const Time end = at(3600) + hours(24);
  EXPECT_THAT(table.sweep(end - std::chrono::seconds(1)), IsEmpty());
  EXPECT_THAT(table.sweep(end), testing::ElementsAre(row));
  EXPECT_THAT(table.sweep(end), IsEmpty());
}

TEST_F(FreezesTest, AClockThatWasAheadForAWhileEndsNoFreezeForGood) {
  freeze("gitlab", "acme/billing");
  clock.advance(hours(20));
  EXPECT_EQ(ask(table, kProduction), "false");
  table.sweep(clock.now());
  clock.advance(-hours(20));
  EXPECT_EQ(ask(table, kProduction), "true");
}

}  // namespace
}  // namespace watchword::context
