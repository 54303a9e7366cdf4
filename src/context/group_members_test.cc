#include "context/group_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <latch>

#include "net/loop.h"

namespace watchword::context {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// GitLab's answers, and what it was asked.
class Members : public ::testing::Test {
 protected:
  GroupMembers& members(GroupMembersOptions options = {}) {
    members_ = std::make_unique<GroupMembers>(
        std::map<std::string, GroupMembers::Ask>{{"gitlab", [this](const std::string& id) { return answer(id); }}},
        clock_, options);
    return *members_;
  }
  Reason check(std::string group, std::string project, std::string issuer = "gitlab") {
    const auto checked = net::run_blocking(members_->check(std::move(issuer), std::move(group), std::move(project)));
    return checked ? Reason::internal : checked.error().reason;
  }
  static constexpr Reason kHolds = Reason::internal;

  Result<std::vector<std::string>> answer(const std::string& project) {
    if (held_ && !held_->try_wait()) {
      entered_.count_down();
      held_->wait();
    }
    const std::lock_guard lock(mutex_);
    asked_.push_back(project);
    if (trouble_) return fail(Reason::ci_unavailable, "status 500", "200");
    const auto found = groups_.find(project);
    return found == groups_.end() ? std::vector<std::string>() : found->second;
  }

  ManualClock clock_{from_unix(1'700'000'000)};
  std::map<std::string, std::vector<std::string>> groups_{{"42", {"7", "1"}}, {"43", {"70"}}};
  bool trouble_ = false;
  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::shared_ptr<std::latch> held_;  // set: answers wait for it
  std::latch entered_{1};             // the first does
  std::unique_ptr<GroupMembers> members_;
};

TEST_F(Members, AreTheGroupsOwnAndThoseOfItsSubgroups) {
  members();
  EXPECT_EQ(check("7", "42"), kHolds);
  EXPECT_EQ(check("1", "42"), kHolds);
  EXPECT_EQ(check("7", "43"), Reason::webhook_out_of_scope);
  EXPECT_EQ(check("70", "42"), Reason::webhook_out_of_scope);
  EXPECT_EQ(check("7", "44"), Reason::webhook_out_of_scope);
}

TEST_F(Members, AreAskedForOnceInFiveMinutes) {
  members();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(check("7", "42"), kHolds);
  EXPECT_THAT(asked_, ElementsAre("42"));
  groups_["42"] = {"8"};  // it has moved
  clock_.advance(std::chrono::minutes(5) - std::chrono::microseconds(1));
  EXPECT_EQ(check("7", "42"), kHolds);
  clock_.advance(std::chrono::microseconds(1));
  EXPECT_EQ(check("7", "42"), Reason::webhook_out_of_scope);
  EXPECT_EQ(check("8", "42"), kHolds);
  EXPECT_THAT(asked_, ElementsAre("42", "42"));
}

TEST_F(Members, OfAProjectThatWasNotThereYetAreAskedForSoon) {
  members();
  EXPECT_EQ(check("7", "44"), Reason::webhook_out_of_scope);
  groups_["44"] = {"7"};
  clock_.advance(std::chrono::seconds(10) - std::chrono::microseconds(1));
  EXPECT_EQ(check("7", "44"), Reason::webhook_out_of_scope);
  clock_.advance(std::chrono::microseconds(1));
  EXPECT_EQ(check("7", "44"), kHolds);
}

TEST_F(Members, AreAskedForAgainWhenTheClockWasSetBack) {
  members();
  EXPECT_EQ(check("7", "42"), kHolds);
  groups_.clear();
  clock_.advance(-std::chrono::hours(1));
  EXPECT_EQ(check("7", "42"), Reason::webhook_out_of_scope);
}

TEST_F(Members, AreNotKnownWhereGitlabCannotBeAsked) {
  members();
  trouble_ = true;
  EXPECT_EQ(check("7", "42"), Reason::ci_unavailable);
  trouble_ = false;
  EXPECT_EQ(check("7", "42"), Reason::ci_unavailable);  // not asked again at once
  EXPECT_THAT(asked_, ElementsAre("42"));
  clock_.advance(std::chrono::seconds(10));
  EXPECT_EQ(check("7", "42"), kHolds);
}

TEST_F(Members, OfAnIssuerThatCannotBeAskedAreNone) {
  members();
  EXPECT_EQ(check("7", "42", "other"), Reason::webhook_out_of_scope);
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(Members, AreWaitedForSoLongAndNoLonger) {
  held_ = std::make_shared<std::latch>(1);
  members({.wait = std::chrono::milliseconds(1)});
  EXPECT_EQ(check("7", "42"), Reason::ci_unavailable);
  entered_.wait();
  for (std::size_t i = 0; i < GroupMembers::kMostWaiting; ++i)
    EXPECT_EQ(check(std::to_string(100 + i), std::to_string(1000 + i)), Reason::ci_unavailable);
  EXPECT_EQ(check("7", "2000"), Reason::overloaded);
  EXPECT_EQ(check("7", "1000"), Reason::ci_unavailable);  // who asks the same takes no place
  held_->count_down();
}

TEST_F(Members, OfOneGroupDoNotHoldUpThoseOfAnother) {
  held_ = std::make_shared<std::latch>(1);
  members({.wait = std::chrono::milliseconds(1)});
  EXPECT_EQ(check("7", "42"), Reason::ci_unavailable);
  entered_.wait();
  for (std::size_t i = 0; i < GroupMembers::kMostOfGroup; ++i)
    EXPECT_EQ(check("7", std::to_string(1000 + i)), Reason::ci_unavailable);
  EXPECT_EQ(check("7", "2000"), Reason::overloaded);
  EXPECT_EQ(check("70", "43"), Reason::ci_unavailable);  // it waits for its turn
  held_->count_down();
}

}  // namespace
}  // namespace watchword::context
