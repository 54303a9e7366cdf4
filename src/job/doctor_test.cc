#include "job/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace watchword::job {
namespace {

using ::testing::HasSubstr;

const Time kNow = from_unix(1'790'000'000);
constexpr auto kGate = "https://gate.example.com";

Json claims_for(const std::string& audience) {
  return Json::object({{"iss", "https://gitlab.example.com"},
                       {"aud", audience},
                       {"exp", to_unix(kNow) + 3600},
                       {"job_id", "4711"},
                       {"project_path", "acme/billing"}});
}

terminal::CheckResult check(std::string_view name, const Json& claims,
                            const std::map<std::string, std::string>& set = {}) {
  const auto variables = [&](const char* variable) {
    const auto found = set.find(variable);
    return found == set.end() ? std::string() : found->second;
  };
  for (auto& one : judge_id_token(claims, kGate, variables, kNow))
    if (one.name == name) return one;
  return {"none"};
}

TEST(DoctorInAJob, AnAudienceThatDiffersByASlashIsNamed) {
  EXPECT_FALSE(check("ID token, audience", claims_for(kGate)).trouble);
  const auto slash = check("ID token, audience", claims_for("https://gate.example.com/"));
  ASSERT_TRUE(slash.trouble);
  EXPECT_EQ(slash.trouble->reason, Reason::audience_mismatch);
  EXPECT_EQ(slash.trouble->found, "https://gate.example.com/");
  EXPECT_EQ(slash.trouble->fix,
            "write 'aud: https://gate.example.com' under id_tokens: an audience is compared to the letter");
  EXPECT_TRUE(check("ID token, audience", claims_for("https://Gate.example.com")).trouble);
}

TEST(DoctorInAJob, AnAudienceOfAnotherNameMayBeRight) {
  const auto other = check("ID token, audience", claims_for("watchword"));
  EXPECT_FALSE(other.trouble);
  EXPECT_THAT(other.detail, HasSubstr("right if 'audience' of the issuer says so"));
}

TEST(DoctorInAJob, ATokenThatIsOverOrHasNoEndIsTrouble) {
  auto claims = claims_for(kGate);
  EXPECT_EQ(check("ID token, time", claims).detail, "ends in 1h");
  claims.set("exp", to_unix(kNow));
  ASSERT_TRUE(check("ID token, time", claims).trouble);
  EXPECT_EQ(check("ID token, time", claims).trouble->reason, Reason::token_expired);
  EXPECT_EQ(check("ID token, time", Json::object({{"aud", kGate}})).trouble->reason, Reason::expiry_missing);
}

TEST(DoctorInAJob, ATokenOfAnotherJobIsTrouble) {
  EXPECT_EQ(check("ID token, job", claims_for(kGate), {{"CI_JOB_ID", "4711"}}).name, "none");
  const auto other = check("ID token, job", claims_for(kGate), {{"CI_JOB_ID", "4712"}});
  ASSERT_TRUE(other.trouble);
  EXPECT_EQ(other.trouble->found, "job_id 4711");
  EXPECT_EQ(other.trouble->expected, "4712, as CI_JOB_ID says");
}

}  // namespace
}  // namespace watchword::job
