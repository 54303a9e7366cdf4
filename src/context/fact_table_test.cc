#include "context/fact_table.h"

#include <gmock/gmock.h>

#include "context/fact_test_util.h"

namespace watchword::context {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class FactTableTest : public testing::Test {
 protected:
  FactTable::Learned hear(Change change) { return table.apply("gitlab", {std::move(change)}, "webhook"); }
  FactTable::Learned answer(Change change) { return table.apply("gitlab", {std::move(change)}, "api"); }
  std::string ask(const Question& question, const Scope& scope = kScope) const {
    return context::ask(table, question, scope);
  }

  ManualClock clock{at(1000)};
  FactTable table{{}, clock};
};

struct Sequence {
  const char* what;
  std::vector<Change> changes;
  Question question;
  const char* answer;
};

class FactSequences : public testing::TestWithParam<Sequence> {};

TEST_P(FactSequences, EndWithTheAnswer) {
  const ManualClock clock(at(1000));
  FactTable table({}, clock);
  for (const Change& change : GetParam().changes) table.apply("gitlab", {change}, "webhook");
  EXPECT_EQ(ask(table, GetParam().question), GetParam().answer) << GetParam().what;
}

using enum JobStatus;
const Question kRunning{"job_running"}, kPipeline{"pipeline_status"};
const Question kProduction = of("deployment", "environment", "production");

INSTANTIATE_TEST_SUITE_P(
    Jobs, FactSequences,
    testing::Values(Sequence{"unheard of", {}, kRunning, "unknown"},
                    Sequence{"pending is not running", {job(1, pending)}, kRunning, "false"},
                    Sequence{"running", {job(1, pending), job(2, running)}, kRunning, "true"},
                    Sequence{"late pending", {job(2, running), job(1, pending)}, kRunning, "true"},
                    Sequence{"pending with a later time", {job(2, running), job(3, pending)}, kRunning, "true"},
                    Sequence{"finished", {job(2, running), job(3, canceled)}, kRunning, "false"},
                    Sequence{"late running", {job(3, failed), job(2, running)}, kRunning, "false"},
                    Sequence{"finished stays", {job(3, success), job(9, running)}, kRunning, "false"},
                    Sequence{"of another job", {job(3, running, "2")}, kRunning, "unknown"},
                    Sequence{"without an id", {change(3, JobChange{"", "9", running})}, kRunning, "unknown"}));

INSTANTIATE_TEST_SUITE_P(
    Pipelines, FactSequences,
    testing::Values(
        Sequence{"runs", {pipeline(1, "pending"), pipeline(2, "running")}, kPipeline, R"("running")"},
        Sequence{"older", {pipeline(2, "success"), pipeline(1, "running")}, kPipeline, R"("success")"},
        Sequence{"as old", {pipeline(2, "failed"), pipeline(2, "running")}, kPipeline, R"("failed")"},
        Sequence{"end of the same time", {pipeline(2, "running"), pipeline(2, "failed")}, kPipeline, R"("failed")"},
        Sequence{"retried", {pipeline(2, "failed"), pipeline(3, "running")}, kPipeline, R"("running")"}));

Change opened(int seconds, std::string sha = "a") { return mr(seconds, {.state = "opened", .source_sha = sha}); }
Change merged_as(int seconds, std::string commit, std::string squash = "") {
  return mr(seconds, {.state = "merged", .merge_commit_sha = commit, .squash_commit_sha = squash});
}
Change approval(int seconds, bool approved, std::string sha = "a") {
  return mr(seconds, {.state = "opened", .source_sha = std::move(sha), .approved = approved});
}
Change pushed(int seconds, std::vector<std::string> commits, std::vector<std::string> reverts = {}) {
  return change(seconds, Pushed{"main", std::move(commits), std::move(reverts), std::nullopt});
}
Change protect(int seconds, bool on) { return change(seconds, Pushed{"main", {}, {}, on}); }
Change merged_answer(int seconds, bool yes) { return change(seconds, MergedAnswer{"main", "a", yes}); }

INSTANTIATE_TEST_SUITE_P(
    Merges, FactSequences,
    testing::Values(Sequence{"unheard of", {opened(1, "b")}, merged("a"), "unknown"},
                    Sequence{"open", {opened(1)}, merged("a"), "false"},
                    Sequence{"open into another branch", {opened(1)}, merged("a", "next"), "unknown"},
                    Sequence{"closed", {mr(1, {.state = "closed"})}, merged("a"), "unknown"},
                    Sequence{"merged", {opened(1), merged_as(2, "m")}, merged("a"), "true"},
                    Sequence{"its merge commit", {merged_as(2, "m", "s")}, merged("m"), "true"},
                    Sequence{"its squash commit", {merged_as(2, "m", "s")}, merged("s"), "true"},
                    Sequence{"into its target only", {merged_as(2, "m")}, merged("a", "next"), "unknown"},
                    Sequence{"late opened", {merged_as(2, "m"), opened(1)}, merged("a"), "true"},
                    Sequence{
                        "late opened with another head", {merged_as(2, "m"), opened(1, "b")}, merged("b"), "unknown"},
                    Sequence{"pushed", {pushed(1, {"a", "b"})}, merged("b"), "true"},
                    Sequence{"pushed, then opened", {pushed(1, {"a"}), opened(2)}, merged("a"), "true"},
                    Sequence{"answered no", {merged_answer(1, false)}, merged("a"), "false"},
                    Sequence{"answered yes", {merged_answer(1, false), merged_answer(2, true)}, merged("a"), "true"},
                    Sequence{"no after yes", {merged_answer(1, true), merged_answer(2, false)}, merged("a"), "true"}));

INSTANTIATE_TEST_SUITE_P(
    Reverts, FactSequences,
    testing::Values(
        Sequence{"not merged", {opened(990)}, reverted("a"), "unknown"},
        Sequence{"just merged", {merged_as(990, "m")}, reverted("a"), "false"},
        Sequence{"merged long ago", {merged_as(1, "m")}, reverted("a"), "unknown"},
        Sequence{"itself", {pushed(1, {"a"}), pushed(2, {"r"}, {"a"})}, reverted("a"), "true"},
        Sequence{"its merge commit", {merged_as(1, "m"), pushed(2, {"r"}, {"m"})}, reverted("a"), "true"},
        Sequence{"its squash commit", {merged_as(1, "m", "s"), pushed(2, {}, {"s"})}, reverted("a"), "true"},
        Sequence{"revert before merge",
                 {pushed(2, {}, {"m"}), merged_as(990, "m"), pushed(991, {"a"})},
                 reverted("a"),
                 "unknown"},
        Sequence{"its merge request", {merged_as(1, ""), pushed(2, {}, {"!1"})}, reverted("a"), "true"},
        Sequence{
            "its merge request, before it", {pushed(2, {"a"}, {"!1"}), merged_as(990, "")}, reverted("a"), "unknown"},
        Sequence{"a later change of its merge request",
                 {merged_as(1, "m"), mr(990, {.state = "merged", .edited = true})},
                 reverted("a"),
                 "unknown"},
        Sequence{"merge commit heard of later",
                 {merged_as(1, ""), pushed(2, {}, {"m"}), merged_as(990, "m")},
                 reverted("a"),
                 "unknown"},
        Sequence{"of another", {merged_as(990, "m"), pushed(991, {"x"}, {"x"})}, reverted("a"), "false"},
        Sequence{"of what nobody knows", {merged_as(990, "m"), pushed(991, {}, {"x"})}, reverted("a"), "unknown"},
        Sequence{"of a merge by answer", {merged_answer(990, true)}, reverted("a"), "unknown"}));

constexpr const char* kPlain = R"({"draft":false,"iid":"1","sha":"a","state":"opened","target_branch":"main"})";
constexpr const char* kApproved =
    R"({"approved":true,"draft":false,"iid":"1","sha":"a","state":"opened","target_branch":"main"})";
constexpr const char* kRefused =
    R"({"approved":false,"draft":false,"iid":"1","sha":"a","state":"opened","target_branch":"main"})";
constexpr const char* kClosed = R"({"draft":false,"iid":"1","sha":"a","state":"closed","target_branch":"main"})";
constexpr const char* kOther = R"({"draft":false,"iid":"1","sha":"b","state":"opened","target_branch":"main"})";
constexpr const char* kMerged =
    R"({"draft":false,"iid":"1","merge_commit_sha":"m","sha":"a","state":"merged","target_branch":"main"})";

Change closed(int seconds) { return mr(seconds, {.state = "closed"}); }

INSTANTIATE_TEST_SUITE_P(
    MergeRequests, FactSequences,
    testing::Values(Sequence{"opened", {opened(1)}, mr_of("a"), kPlain},
                    Sequence{"closed", {opened(1), closed(2)}, mr_of("a"), kClosed},
                    Sequence{"late opened", {closed(2), opened(1)}, mr_of("a"), kClosed},
                    Sequence{"of one moment the stricter", {closed(2), opened(2)}, mr_of("a"), kClosed},
                    Sequence{"reopened", {closed(2), opened(3)}, mr_of("a"), kPlain},
                    Sequence{"merged", {opened(1), merged_as(2, "m")}, mr_of("a"), kMerged},
                    Sequence{"merged stays", {merged_as(2, "m"), opened(3)}, mr_of("a"), kMerged},
                    Sequence{"late merged", {opened(3), merged_as(2, "m")}, mr_of("a"), kMerged},
                    Sequence{"merged twice", {merged_as(2, "m"), merged_as(3, "")}, mr_of("a"), kMerged},
                    Sequence{"merged twice, a late approval",
                             {merged_as(2, "m"), mr(1, {.state = "merged", .approved = true})},
                             mr_of("a"),
                             kMerged},
                    Sequence{"merged twice, turned round", {merged_as(3, ""), merged_as(2, "m")}, mr_of("a"), kMerged},
                    Sequence{"a new head", {opened(1), opened(2, "b")}, mr_of("b"), kOther},
                    Sequence{"the old head", {opened(1), opened(2, "b")}, mr_of("a"), "unknown"}));

INSTANTIATE_TEST_SUITE_P(
    Approvals, FactSequences,
    testing::Values(
        Sequence{"approved", {opened(1), approval(2, true)}, mr_of("a"), kApproved},
        Sequence{"of the same moment", {opened(1), approval(1, true)}, mr_of("a"), kApproved},
        Sequence{"two heads of one moment, late other head",
                 {approval(1, true), opened(3), opened(3, "b"), opened(2, "b"), opened(3, "b")},
                 mr_of("b"),
                 kOther},
        Sequence{
            "two heads of one moment", {opened(1, "b"), approval(1, true), approval(1, true, "b")}, mr_of("b"), kOther},
        Sequence{"kept", {approval(2, true), opened(3)}, mr_of("a"), kApproved},
        Sequence{"gone with the head", {approval(2, true), opened(3, "b")}, mr_of("b"), kOther},
        Sequence{"not back with it", {approval(2, true), opened(3, "b"), opened(4)}, mr_of("a"), kPlain},
        Sequence{"late other head", {approval(2, true), opened(4), opened(3, "b")}, mr_of("a"), kPlain},
        Sequence{"late", {opened(3), approval(2, true)}, mr_of("a"), kPlain},
        Sequence{"late taken back", {approval(1, true), opened(3), approval(2, false)}, mr_of("a"), kRefused},
        Sequence{"taken back before", {approval(2, true), opened(3), approval(1, false)}, mr_of("a"), kApproved}));

constexpr const char* kDeployed = R"({"deployment":"10","job":"1","ref":"main","sha":"a","status":"success"})";
constexpr const char* kDeploying = R"({"deployment":"10","job":"1","ref":"main","sha":"a","status":"running"})";
constexpr const char* kNameless = R"({"status":"running"})";
Change nameless(int seconds) {
  return change(
      seconds,
      DeploymentChange{
          .environment = "production", .deployment = "", .status = "running", .sha = "", .ref = "", .job = ""});
}

INSTANTIATE_TEST_SUITE_P(
    Deployments, FactSequences,
    testing::Values(
        Sequence{
            "newer by number", {deployment(2, "9", "success"), deployment(1, "10", "success")}, kProduction, kDeployed},
        Sequence{"older", {deployment(1, "10", "running"), deployment(2, "9", "success")}, kProduction, kDeploying},
        Sequence{"its end", {deployment(1, "10", "running"), deployment(2, "10", "success")}, kProduction, kDeployed},
        Sequence{
            "its end stays", {deployment(1, "10", "success"), deployment(2, "10", "running")}, kProduction, kDeployed},
        Sequence{"without ids by time", {deployment(1, "10", "success"), nameless(2)}, kProduction, kNameless},
        Sequence{"without ids, late", {deployment(2, "10", "success"), nameless(1)}, kProduction, kDeployed},
        Sequence{"elsewhere", {deployment(1, "10", "success")}, of("deployment", "environment", "test"), "unknown"}));

const Question kProtected = of("protected", "ref", "main");
INSTANTIATE_TEST_SUITE_P(
    ProtectedRefs, FactSequences,
    testing::Values(Sequence{"on", {protect(1, true)}, kProtected, "true"},
                    Sequence{"off", {protect(1, true), protect(2, false)}, kProtected, "false"},
                    Sequence{"late", {protect(2, false), protect(1, true)}, kProtected, "false"},
                    Sequence{"of one moment", {protect(2, false), protect(2, true)}, kProtected, "false"},
                    Sequence{"of one moment, turned round", {protect(2, true), protect(2, false)}, kProtected, "false"},
                    Sequence{"of another", {protect(2, true)}, of("protected", "ref", "next"), "unknown"},
                    Sequence{"no question of ours", {protect(2, true)}, {"weather"}, "unknown"}));

TEST_F(FactTableTest, KnowsAProjectOnlyUnderItsIssuerAndId) {
  hear(job(1, running));
  Scope scope = kScope;
  scope.project_id = "8";
  EXPECT_EQ(ask(kRunning, scope), "unknown");
  scope = kScope;
  scope.issuer = "other";
  EXPECT_EQ(ask(kRunning, scope), "unknown");
  EXPECT_EQ(table.job("gitlab", "7", "1"), running);
  EXPECT_EQ(table.job("gitlab", "7", "2"), std::nullopt);
  EXPECT_EQ(table.job("gitlab", "8", "1"), std::nullopt);
}

TEST_F(FactTableTest, NamesSourceAndTime) {
  hear(job(5, running));
  hear(job(7, running));
  const auto fact = table.find(kScope, "job_running", Json::object());
  ASSERT_TRUE(fact.has_value());
  EXPECT_EQ(fact->source, "webhook");
  EXPECT_EQ(fact->at, at(5)) << "since when it runs";
}

TEST_F(FactTableTest, TheNewestMergeRequestOfACommitAnswers) {
  hear(mr(5, {.iid = "9", .state = "closed"}));
  hear(mr(3, {.iid = "10", .state = "opened"}));
  EXPECT_THAT(ask(mr_of("a")), HasSubstr(R"("iid":"10")"));
  hear(mr(6, {.iid = "10", .state = "opened", .source_sha = "b"}));
  EXPECT_THAT(ask(mr_of("a")), HasSubstr(R"("iid":"9")"));
  EXPECT_EQ(ask(mr_of("a", "next")), "unknown");
}

TEST_F(FactTableTest, AfterTheNewestMergeRequestIsForgottenTheOneBeforeAnswers) {
  hear(mr(3, {.iid = "10", .state = "merged"}));
  clock.advance(hours(24 * 20));
  hear(mr(5, {.iid = "9", .state = "merged"}));
  EXPECT_THAT(ask(mr_of("a")), HasSubstr(R"("iid":"10")"));
  clock.advance(hours(24 * 20));
  table.sweep(clock.now());
  EXPECT_THAT(ask(mr_of("a")), HasSubstr(R"("iid":"9")"));
}

TEST_F(FactTableTest, WhatIsHeardAgainChangesNothingButHasItsRow) {
  hear(job(1, running));
  EXPECT_FALSE(table.job_over(kScope));
  EXPECT_TRUE(hear(job(2, failed)).changed);
  EXPECT_TRUE(table.job_over(kScope));
  const auto again = hear(job(2, failed));
  EXPECT_FALSE(again.changed);
  EXPECT_THAT(again.rows, SizeIs(1)) << "the first may not have reached the store";
}

TEST_F(FactTableTest, AMergeRequestIsAskedForByTheAskersCommitIfByNone) {
  hear(opened(1));
  Scope scope = kScope;
  scope.sha = "a";
  EXPECT_EQ(ask(of("mr", "target", "main"), scope), kPlain);
  EXPECT_EQ(ask(of("mr", "target", "main")), "unknown");
}

TEST_F(FactTableTest, WhatCanChangeAgesAndWhatIsFinalDoesNot) {
  for (const Change& change :
       {opened(990), pipeline(990, "success"), deployment(990, "1", "success"), protect(990, true), job(990, running),
        job(990, success, "2"), pushed(990, {"x", "y"}, {"y"}),
        mr(990, {.iid = "2", .state = "merged", .source_sha = "z"})})
    hear(change);
  const std::vector<Question> changing{merged("a"), reverted("x"), mr_of("a"), kPipeline,
                                       kProduction, kProtected,    kRunning};
  clock.advance(minutes(9));
  for (const auto& question : changing) EXPECT_NE(ask(question), "unknown") << question.name;
  clock.advance(minutes(2));
  for (const auto& question : changing) EXPECT_EQ(ask(question), "unknown") << question.name;
  Scope other = kScope;
  other.job = "2";
  clock.advance(hours(24));
  EXPECT_EQ(ask(kRunning, other), "false");
  EXPECT_EQ(ask(merged("x")), "true");
  EXPECT_EQ(ask(reverted("y")), "true");
  EXPECT_THAT(ask(mr_of("z")), HasSubstr("merged"));
}

TEST_F(FactTableTest, WhatHasAgedIsStillKnownToWhoAcceptsIt) {
  hear(pipeline(1000, "running"));
  Scope patient = kScope;
  patient.accept = hours(1);
  const auto find = [&] { return table.find(patient, kPipeline.name, kPipeline.arguments); };
  EXPECT_FALSE(find()->past_limit);
  clock.advance(minutes(30));
  EXPECT_EQ(ask(kPipeline), "unknown");
  ASSERT_TRUE(find());
  EXPECT_TRUE(find()->past_limit);
  EXPECT_EQ(find()->at, at(1000));
  clock.advance(minutes(31));
  EXPECT_FALSE(find());
  clock.set(at(1000) - minutes(2));
  EXPECT_FALSE(find()) << "learned by a clock that was ahead";
}

TEST_F(FactTableTest, WhoAcceptsLessThanTheNormalLimitHasTheNormalLimit) {
  hear(pipeline(1000, "running"));
  Scope strict = kScope;
  strict.accept = minutes(1);
  clock.advance(minutes(9));
  EXPECT_EQ(ask(kPipeline, strict), R"("running")");
}

TEST_F(FactTableTest, AnAnswerOfTheApiKeepsAFactFreshAndAnEventHeardAgainDoesNot) {
  hear(job(999, running));
  clock.advance(minutes(9));
  EXPECT_FALSE(hear(job(999, running)).changed);
  clock.advance(minutes(2));
  EXPECT_EQ(ask(kRunning), "unknown");
  const auto again = answer(job(999, running));
  EXPECT_TRUE(again.changed) << "it is known again";
  ASSERT_THAT(again.rows, SizeIs(1));
  EXPECT_EQ(again.rows[0].learned, clock.now());
  EXPECT_EQ(ask(kRunning), "true");
  clock.advance(minutes(9));
  EXPECT_FALSE(answer(job(999, running)).changed) << "it was known";
  clock.advance(minutes(9));
  EXPECT_EQ(ask(kRunning), "true");
}

TEST_F(FactTableTest, AnEventThatCameAboutLaterConfirms) {
  hear(job(999, running));
  clock.set(at(1500));
  hear(job(1400, running));
  clock.set(at(1000 + 601));
  EXPECT_EQ(ask(kRunning), "true");
  clock.set(at(1400 + 601));
  EXPECT_EQ(ask(kRunning), "unknown") << "confirmed when it came about, not when it was delivered";
}

TEST_F(FactTableTest, WhatHasAgedGivesWayToTheApiWhateverItsTime) {
  hear(pipeline(990, "failed"));
  hear(deployment(990, "12", "success"));
  hear(approval(990, true));
  answer(pipeline(980, "running"));
  EXPECT_EQ(ask(kPipeline), R"("failed")");
  clock.advance(minutes(11));
  answer(pipeline(980, "running"));
  answer(deployment(980, "10", "success"));
  answer(mr(980, {.state = "opened", .approved = false}));
  EXPECT_EQ(ask(kPipeline), R"("running")");
  EXPECT_EQ(ask(kProduction), kDeployed);
  EXPECT_EQ(ask(mr_of("a")), kRefused);
}

TEST_F(FactTableTest, OfOneMomentTheApiDecidesAboutMergeRequests) {
  hear(approval(990, false));
  hear(approval(990, true));
  EXPECT_EQ(ask(mr_of("a")), kRefused);
  answer(approval(990, true));
  EXPECT_EQ(ask(mr_of("a")), kApproved);
}

TEST_F(FactTableTest, NoRevertIsKnownWhereTheApiListsWhatFollowedTheMerge) {
  answer(merged_as(1, "m"));
  EXPECT_EQ(ask(reverted("a")), "unknown");
  answer(pushed(1000, {"x"}));
  EXPECT_EQ(ask(reverted("a")), "unknown") << "the list does not reach back to the merge";
  EXPECT_TRUE(answer(pushed(1000, {"a", "m"})).changed);
  EXPECT_EQ(ask(reverted("a")), "false");
}

TEST_F(FactTableTest, AClockSetBackMakesFactsUnknownUntilTheyAreHeardOfAgain) {
  hear(job(990, running));
  hear(job(990, success, "2"));
  clock.advance(-hours(2));
  EXPECT_EQ(ask(kRunning), "unknown");
  EXPECT_EQ(table.job("gitlab", "7", "2"), success);
  EXPECT_TRUE(answer(job(990, running)).changed);
  EXPECT_EQ(ask(kRunning), "true");
  EXPECT_THAT(table.sweep(clock.now()), IsEmpty());
}

TEST_F(FactTableTest, ForgetsWhatIsOlderThanKeep) {
  const auto rows = hear(pushed(990, {"a", "b"})).rows;
  EXPECT_EQ(rows[0].keep_until, clock.now() + hours(24 * 30));
  clock.advance(hours(24));
  hear(job(990, success));
  clock.advance(hours(24 * 29));
  const auto dropped = table.sweep(clock.now());
  EXPECT_THAT(dropped, testing::UnorderedElementsAre(testing::Field(&store::FactRow::key, "main/a"),
                                                     testing::Field(&store::FactRow::key, "main/b")));
  EXPECT_EQ(ask(merged("a")), "unknown");
  EXPECT_EQ(table.size(), 1u);
  clock.advance(hours(24));
  EXPECT_THAT(table.sweep(clock.now()), SizeIs(1));
  EXPECT_EQ(table.size(), 0u);
  EXPECT_THAT(table.heard(), IsEmpty());
}

TEST(FactTableBounds, TheOldestOfAProjectGoFirstAndFinishedJobsOfTheDayLast) {
  ManualClock clock(at(0));
  FactTable table({.per_project = 16}, clock);
  const auto hear = [&](Change change) {
    clock.advance(minutes(1));
    return table.apply("gitlab", {std::move(change)}, "webhook").dropped;
  };
  hear(job(0, success, "1"));
  for (int i = 0; i < 17; ++i) EXPECT_THAT(hear(pushed(0, {"c" + std::to_string(i)})), IsEmpty()) << i;
  const auto dropped = hear(pushed(0, {"new"}));
  EXPECT_THAT(dropped, SizeIs(3));
  EXPECT_EQ(table.size(), 16u);
  EXPECT_EQ(ask(table, merged("c2")), "unknown");
  EXPECT_EQ(ask(table, merged("c3")), "true");
  EXPECT_EQ(table.job("gitlab", "7", "1"), JobStatus::success);
  hear(pushed(0, {"newer"}));
  clock.advance(hours(24));
  ASSERT_THAT(table.sweep(clock.now()), SizeIs(1)) << "no slack in a sweep";
  EXPECT_EQ(table.job("gitlab", "7", "1"), std::nullopt);
}

TEST(FactTableBounds, WhatWasLearnedFromAClockThatWasWrongGoesFirst) {
  ManualClock clock(at(0) + hours(24));
  FactTable table({.per_project = 8}, clock);
  table.apply("gitlab", {pushed(0, {"future"})}, "webhook");
  clock.set(at(0));
  for (int i = 0; i < 9; ++i) {
    clock.advance(minutes(1));
    table.apply("gitlab", {pushed(0, {std::to_string(i)})}, "webhook");
  }
  EXPECT_EQ(ask(table, merged("future")), "unknown");
  EXPECT_EQ(ask(table, merged("8")), "true");
}

TEST(FactTableBounds, WhatIsNotMergedIsNotUnrevertedHoweverLongFactsCount) {
  const ManualClock clock(at(1000));
  FactTable table({.max_age = hours(24 * 365 * 100)}, clock);
  table.apply("gitlab", {opened(990)}, "webhook");
  EXPECT_EQ(ask(table, merged("a")), "false");
  EXPECT_EQ(ask(table, reverted("a")), "unknown");
}

TEST(FactTableBounds, ManyProjectsTogetherAreBoundedToo) {
  ManualClock clock(at(0));
  FactTable table({.total = 160}, clock);
  std::size_t dropped = 0;
  for (int i = 0; i < 1000; ++i) {
    clock.advance(minutes(1));
    Change change = job(0, JobStatus::running);
    change.project_id = std::to_string(i);
    dropped += table.apply("gitlab", {change}, "webhook").dropped.size();
  }
  EXPECT_LE(table.size(), 176u);
  EXPECT_EQ(table.size() + dropped, 1000u);
  EXPECT_LE(table.heard().size(), 176u);
  EXPECT_EQ(table.job("gitlab", "999", "1"), JobStatus::running);
}

TEST_F(FactTableTest, RemembersWhenAProjectWasHeardOf) {
  answer(job(1, running));
  EXPECT_THAT(table.heard(), IsEmpty());
  clock.set(at(1500));
  const auto rows = hear(job(1499, success)).rows;
  ASSERT_THAT(table.heard(), SizeIs(1));
  EXPECT_EQ(table.heard()[0].last_event, at(1500));
  FactTable next({}, clock);
  for (const auto& row : rows) next.restore(row);
  ASSERT_THAT(next.heard(), SizeIs(1));
  EXPECT_EQ(next.heard()[0].last_event, at(1499));
}

TEST_F(FactTableTest, RowsThatAreNoFactsAreNotRestored) {
  const store::FactRow good = hear(pipeline(1, "running")).rows[0];
  FactTable next({}, clock);
  for (const auto& [kind, value] : std::vector<std::pair<std::string, std::string>>{
           {"pipeline", "true"}, {"pipeline", "{"}, {"weather", "1"}, {"mr", "[]"}, {"protected", "{}"}}) {
    store::FactRow row = good;
    row.kind = kind;
    row.value = value;
    next.restore(row);
  }
  EXPECT_EQ(next.size(), 0u);
}

}  // namespace
}  // namespace watchword::context
