// What counts as not reverted, and what does not.
#include <gmock/gmock.h>

#include "context/fact_table.h"
#include "context/fact_test_util.h"
#include "context/gitlab_answers.h"
#include "context/gitlab_api_test_util.h"
#include "context/gitlab_event_test_util.h"

namespace watchword::context {
namespace {

using std::chrono::minutes;

Change pushed(int seconds, std::vector<std::string> commits, std::vector<std::string> reverts = {},
              std::string branch = "main") {
  return change(seconds, Pushed{std::move(branch), std::move(commits), std::move(reverts), std::nullopt});
}
Change merge(int seconds, std::string iid = "1") { return mr(seconds, {.iid = std::move(iid), .state = "merged"}); }

class FactRevertsTest : public testing::Test {
 protected:
  FactTable::Learned hear(Change change) { return table.apply("gitlab", {std::move(change)}, "webhook"); }
  FactTable::Learned answer(std::vector<Change> changes) { return table.apply("gitlab", changes, "api"); }
  std::string ask(const Question& question) const { return context::ask(table, question); }

  ManualClock clock{at(1000)};
  FactTable table{{.per_project = 400}, clock};
};

TEST_F(FactRevertsTest, OnlyTheMergeItselfSaysThatNothingRevertsIt) {
  const Question question{"reverted", Json::object({{"into", "main"}, {"sha", std::string(40, 'a')}})};
  const auto after = [&](const Json& document) {
    auto changes = parse_gitlab_event(document.dump(), kReceived).value();
    ManualClock received(kReceived);
    FactTable facts({}, received);
    std::get<MergeRequestChange>(changes.at(0).what).source_sha = std::string(40, 'a');
    changes[0].project_id = "7";
    changes[0].at = kReceived;
    facts.apply("gitlab", changes, "webhook");
    return context::ask(facts, question);
  };
  EXPECT_EQ(after(document("mr_merge_commit")), "false");
  EXPECT_EQ(after(with(document("mr_merge_commit"), "object_attributes.action", "update")), "unknown");
}

TEST_F(FactRevertsTest, AnAnswerTellsOfAMergeWhereItNamesItsTime) {
  auto request = merge_request_json(3, "main", "merged");
  const auto merging = [&] { return merge_requests_answer({request}, {"42", kAsked}).value().at(0).change.merging; };
  EXPECT_TRUE(merging());
  request.set("merged_at", nullptr);
  EXPECT_FALSE(merging());
}

TEST_F(FactRevertsTest, AFloodOfRevertsElsewhereEvictsNothing) {
  hear(merge(990));
  hear(pushed(991, {}, {"!1"}));
  hear(merge(992, "2"));
  for (int i = 0; i < 20; ++i) {
    std::vector<std::string> reverts{"!1", "!2", "a"};
    for (int n = 0; n < 100; ++n) reverts.push_back("!" + std::to_string(1000 * i + n));
    EXPECT_THAT(hear(pushed(993, {}, reverts, "feature")).rows, testing::SizeIs(testing::Le(1u)));
  }
  EXPECT_LE(table.size(), 6u);
  EXPECT_EQ(ask(reverted("a")), "true");
  EXPECT_EQ(ask(merged("a", "feature")), "unknown");
}

TEST_F(FactRevertsTest, ARevertThatWasNotKeptMakesUnknownWhatWasSeenUntilThen) {
  hear(merge(990));
  EXPECT_EQ(ask(reverted("a")), "false");
  hear(pushed(995, {}, {"!9"}, "next"));
  EXPECT_EQ(ask(reverted("a")), "false") << "of another branch";
  EXPECT_TRUE(hear(pushed(995, {}, {"!9"})).changed) << "decisions that rested on it fall";
  EXPECT_EQ(ask(reverted("a")), "unknown");
  clock.advance(minutes(1));
  answer({pushed(1060, {"a"})});
  EXPECT_EQ(ask(reverted("a")), "false");
  EXPECT_TRUE(hear(pushed(1060, {}, {"!9"})).changed);
  EXPECT_EQ(ask(reverted("a")), "unknown");
}

TEST_F(FactRevertsTest, AnEventSoonAfterMayBeLateAndAnAnswerIsNot) {
  hear(pushed(1000, {}, {"m"}));
  clock.advance(minutes(9));
  hear(pushed(1540, {"a"}));
  EXPECT_EQ(ask(reverted("a")), "unknown");
  clock.advance(minutes(2));
  hear(pushed(1660, {"b"}));
  EXPECT_EQ(ask(reverted("a")), "unknown");
  EXPECT_EQ(ask(reverted("b")), "false");
  answer({pushed(1660, {"a"}, {"!9"})});
  EXPECT_EQ(ask(reverted("a")), "false") << "the answer lists all that reverts it, and others' reverts";
  EXPECT_EQ(ask(reverted("b")), "false") << "seen at that moment";
}

TEST_F(FactRevertsTest, WhatWasMissedSurvivesARestart) {
  auto rows = hear(merge(990)).rows;
  for (auto& row : hear(pushed(995, {}, {"!9"})).rows) rows.push_back(std::move(row));
  FactTable next({}, clock);
  for (const auto& row : rows) next.restore(row);
  EXPECT_EQ(context::ask(next, merged("a")), "true");
  EXPECT_EQ(context::ask(next, reverted("a")), "unknown");
}

TEST_F(FactRevertsTest, RevertsOfOnesOwnCommitsAreKeptUpToAQuarter) {
  hear(merge(990));
  const auto own = [&](int from, int to) {
    for (int i = from; i < to; ++i) hear(pushed(991, {"c" + std::to_string(i)}, {"c" + std::to_string(i)}, "feature"));
  };
  own(0, 99);
  EXPECT_EQ(ask(reverted("c0", "feature")), "true");
  EXPECT_EQ(ask(reverted("a")), "false");
  own(99, 110);
  EXPECT_EQ(ask(reverted("c109", "feature")), "unknown");
  EXPECT_EQ(ask(reverted("a")), "unknown") << "for all branches, as there is no place for more";
  clock.advance(minutes(1));
  answer({pushed(1060, {"a"}, {"a"})});
  EXPECT_EQ(ask(reverted("a")), "unknown") << "its own revert has no place either";
  answer({pushed(1060, {"c5"}, {"c5"}, "feature")});
  EXPECT_EQ(ask(reverted("c5", "feature")), "true");
}

TEST_F(FactRevertsTest, ARevertOutlivesTheMergeThatItTakesBack) {
  hear(merge(990));
  hear(pushed(991, {}, {"!1"}));
  clock.advance(minutes(1));
  for (int i = 0; i < 1000; ++i) hear(pushed(1060, {"c" + std::to_string(i)}, {}, "feature"));
  EXPECT_EQ(ask(merged("a")), "unknown");
  hear(merge(1060));
  EXPECT_EQ(ask(merged("a")), "true");
  EXPECT_EQ(ask(reverted("a")), "true");
}

TEST_F(FactRevertsTest, OfACommitWithMoreNamesThanAreKeptOnlyARevertIsKnown) {
  for (int i = 1; i <= 60; ++i) hear(merge(990, std::to_string(i)));
  EXPECT_EQ(ask(reverted("a")), "false");
  std::size_t size = 0;
  for (int i = 61; i <= 300; ++i)
    for (const auto& row : hear(merge(990, std::to_string(i))).rows)
      if (row.kind == "merged") size = std::max(size, row.value.size());
  EXPECT_LT(size, 1000u);
  EXPECT_EQ(ask(reverted("a")), "unknown");
  hear(pushed(991, {}, {"a"}));
  EXPECT_EQ(ask(reverted("a")), "true");
}

TEST_F(FactRevertsTest, AMergeRequestWhoseSourceIsGoneIsOfNoCommit) {
  hear(mr(990, {.state = "opened", .source_sha = "", .approved = true}));
  EXPECT_EQ(ask(mr_of("")), "unknown");
  EXPECT_EQ(ask(of("mr", "target", "main")), "unknown") << "the asker's commit is not known";
}

}  // namespace
}  // namespace watchword::context
