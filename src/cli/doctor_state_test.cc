#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/doctor.h"

namespace watchword::cli {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

const Time kNow = from_unix(1'790'000'000);

Json keys_since(Duration age) {
  auto next = Json::object({{"state", "next"}, {"activates", to_rfc3339(kNow + hours(1))}});
  auto active = Json::object({{"state", "active"}, {"activates", to_rfc3339(kNow - age)}});
  return Json::object({{"keys", Json::array().push(std::move(next)).push(std::move(active))}});
}

TEST(DoctorOfState, ARotationThatIsOverdueIsTrouble) {
  EXPECT_FALSE(judge_keys(keys_since(hours(24)), hours(24), kNow).trouble);
  const auto late = judge_keys(keys_since(hours(25)), hours(24), kNow);
  ASSERT_TRUE(late.trouble);
  EXPECT_EQ(late.trouble->expected, "another one each 1d");
  EXPECT_THAT(late.trouble->fix, HasSubstr("watchword keys rotate"));
}

TEST(DoctorOfState, AGateWithoutASigningKeyIsTrouble) {
  EXPECT_TRUE(judge_keys(Json::object({{"keys", Json::array()}}), hours(24), kNow).trouble);
}

TEST(DoctorOfState, ALogWhoseCheckpointLagsIsTrouble) {
  EXPECT_FALSE(judge_log(100, 100, hours(5), 0, "/log").trouble);     // nothing happened since
  EXPECT_FALSE(judge_log(120, 100, seconds(30), 0, "/log").trouble);  // it is about to be signed
  const auto stuck = judge_log(120, 100, minutes(2), 0, "/log");
  ASSERT_TRUE(stuck.trouble);
  EXPECT_EQ(stuck.trouble->found, "the checkpoint of 2m ago covers 100 of 120 entries");
}

TEST(DoctorOfState, ABacklogIsTroubleBeforeItIsFull) {
  EXPECT_FALSE(judge_log(100, 100, seconds(1), 1000, "/log").trouble);
  EXPECT_TRUE(judge_log(100, 100, seconds(1), 1001, "/log").trouble);
}

access::Session::Opening opened_after(Duration since_issue, Duration lived, Duration ttl) {
  access::Session::Opening opening{};
  opening.opened = kNow;
  opening.expires = kNow + lived;
  opening.limits.ttl = ttl;
  opening.principal.issuer = "gitlab";
  opening.principal.issued = kNow - since_issue;
  return opening;
}

TEST(DoctorOfSeenTokens, AnIssuersClockIsAheadWhenItsTokensAreOfTheFuture) {
  Seen seen;
  seen.push_back(opened_after(seconds(2), minutes(15), minutes(15)));
  const auto good = judge_token_clocks(seen);
  ASSERT_EQ(good.size(), 1u);
  EXPECT_FALSE(good.front().trouble);
  seen.push_back(opened_after(-seconds(40), minutes(15), minutes(15)));
  const auto bad = judge_token_clocks(seen);
  ASSERT_TRUE(bad.front().trouble);
  EXPECT_EQ(bad.front().name, "clock of the tokens of gitlab");
  EXPECT_EQ(bad.front().trouble->found, "its clock is 40 s ahead of this machine's");
}

TEST(DoctorOfSeenTokens, ATtlThatNoTokenLivesForIsTrouble) {
  Seen seen;
  seen.push_back(opened_after(seconds(2), hours(1), hours(8)));
  const auto short_lived = judge_lifetimes(seen);
  ASSERT_EQ(short_lived.size(), 1u);
  ASSERT_TRUE(short_lived.front().trouble);
  EXPECT_EQ(short_lived.front().trouble->reason, Reason::policy_suspect);
  EXPECT_EQ(short_lived.front().trouble->found, "session.ttl 8h, but ID tokens end sooner: the longest session had 1h");
  seen.push_back(opened_after(seconds(2), minutes(15), minutes(15)));
  EXPECT_FALSE(judge_lifetimes(seen).front().trouble);
}

}  // namespace
}  // namespace watchword::cli
