// When an answer of the API counts as one that contradicts an event.
#include <gtest/gtest.h>

#include "context/fact_table.h"
#include "context/fact_test_util.h"

namespace watchword::context {
namespace {

class FactDisagreementTest : public testing::Test {
 protected:
  std::size_t hear(Change change) { return table.apply("gitlab", {std::move(change)}, "webhook").disagreeing; }
  std::size_t answer(Change change) { return table.apply("gitlab", {std::move(change)}, "api").disagreeing; }

  ManualClock clock{at(1000)};
  FactTable table{{}, clock};
};

TEST_F(FactDisagreementTest, AnEndThatNoEventToldIsOne) {
  hear(job(1, JobStatus::running));
  EXPECT_EQ(answer(job(5, JobStatus::success)), 1u);
  EXPECT_EQ(answer(job(5, JobStatus::success)), 0u);
}

TEST_F(FactDisagreementTest, AConfirmationIsNone) {
  hear(job(1, JobStatus::running));
  EXPECT_EQ(answer(job(5, JobStatus::running)), 0u);
}

TEST_F(FactDisagreementTest, AnAnswerThatTheEventOvertookIsNone) {
  hear(job(5, JobStatus::success));
  EXPECT_EQ(answer(job(1, JobStatus::running)), 0u);
}

TEST_F(FactDisagreementTest, AnAnswerThatPrevailsOverAnAgedEventIsOne) {
  hear(pipeline(900, "running"));
  EXPECT_EQ(answer(pipeline(899, "success")), 0u);
  clock.advance(std::chrono::minutes(11));
  EXPECT_EQ(answer(pipeline(899, "success")), 1u);
}

TEST_F(FactDisagreementTest, WhatTheEventDidNotSayIsNone) {
  hear(mr(1, {}));
  EXPECT_EQ(answer(mr(5, {.approved = true})), 0u);
  hear(mr(6, {.state = "merged", .source_sha = "a", .merge_commit_sha = "b"}));
  EXPECT_EQ(answer(mr(6, {.state = "merged", .source_sha = "a", .merge_commit_sha = "b", .squash_commit_sha = "c"})),
            0u);
}

TEST_F(FactDisagreementTest, AMergeThatTheApiDoesNotKnowOfIsOne) {
  hear(change(1, Pushed{"main", {"a"}, {}, {}}));
  EXPECT_EQ(answer(change(5, MergedAnswer{"main", "a", false})), 1u);
}

TEST_F(FactDisagreementTest, AnswersAndEventsAmongThemselvesAreNone) {
  answer(job(1, JobStatus::running, "3"));
  EXPECT_EQ(answer(job(5, JobStatus::success, "3")), 0u);
  hear(job(1, JobStatus::running, "4"));
  EXPECT_EQ(hear(job(5, JobStatus::success, "4")), 0u);
}

}  // namespace
}  // namespace watchword::context
