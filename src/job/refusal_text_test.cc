// What a job's log says of a refusal: all that is needed to mend it, and nothing that acts on the reader's terminal.
#include "job/refusal_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::job {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const Time kNow = from_unix(1'790'000'000);

Reply denial() {
  return {.status = 400,
          .body = Json::object(
              {{"reason", "context_not_met"},
               {"found", "not merged"},
               {"expected", "context.merged(into = \"main\", sha = job.sha)"},
               {"you_are", "gitlab acme/billing job 4711, ref feature/x @ 9f3c2d1, environment production"},
               {"rule", "policy/billing.yaml:14"},
               {"role", "deploy-prod"},
               {"fix", "merge !128, or ask for read access only"},
               {"record", "01JDK3QZ3T4N5V6W7X8Y9Z0ABC"}})};
}

std::string text(const Reply& reply, LogStyle style = {}) {
  return refusal_text(reply, "billing-api/write", style, kNow);
}

TEST(RefusalText, SaysWhatWhyWhoWhereAndHowToMendIt) {
  EXPECT_EQ(text(denial()),
            "denied: billing-api/write  (record 01JDK3QZ3T4N5V6W7X8Y9Z0ABC)\n"
            "  reason    context_not_met: a condition on the job's present situation does not hold\n"
            "  found     not merged\n"
            "  expected  context.merged(into = \"main\", sha = job.sha)\n"
            "  you are   gitlab acme/billing job 4711, ref feature/x @ 9f3c2d1, environment production\n"
            "  rule      policy/billing.yaml:14  role deploy-prod\n"
            "  fix       merge !128, or ask for read access only\n");
}

TEST(RefusalText, NamesTheNearestRuleAndTheOnePartThatFailed) {
  auto reply = denial();
  reply.body.set("nearest", Json::object({{"rule", "policy/billing.yaml:14"},
                                          {"role", "deploy-prod"},
                                          {"part", "environment"},
                                          {"found", "staging"},
                                          {"expected", "production"}}));
  EXPECT_THAT(text(reply), HasSubstr("  nearest   policy/billing.yaml:14  role deploy-prod  but for environment: found "
                                     "staging, expected production\n"));
}

TEST(RefusalText, DoesNotSayTheSameTwice) {
  auto reply = denial();
  reply.body.set("nearest", Json::object({{"rule", "policy/billing.yaml:14"},
                                          {"role", "deploy-prod"},
                                          {"part", "when"},
                                          {"found", "not merged"},
                                          {"expected", reply.body.string_or("expected", "")}}));
  EXPECT_EQ(text(reply), text(denial()));
}

TEST(RefusalText, HasAFixWhenTheGateToldNone) {
  const Reply reply{.status = 400, .body = Json::object({{"reason", "no_binding"}})};
  EXPECT_EQ(refusal_text(reply, {}, {}, kNow),
            "denied\n"
            "  reason    no_binding: no role is granted to a principal with these claims\n"
            "  fix       add a 'granted_to' entry that matches the job, or run the job where one does (branch, "
            "environment, project)\n");
}

TEST(RefusalText, CallsNoOutageADenial) {
  const Reply reply{.status = 503, .body = Json::object({{"reason", "store_unavailable"}})};
  EXPECT_THAT(text(reply), HasSubstr("no answer: the gate cannot decide now: billing-api/write\n"));
  EXPECT_THAT(text(reply), Not(HasSubstr("denied")));
}

TEST(RefusalText, FoldsInGitlabByItsMarkers) {
  const auto folded = text(denial(), {.colour = true, .section = true});
  EXPECT_TRUE(
      folded.starts_with("\x1b[0Ksection_start:1790000000:watchword_refusal_01JDK3QZ3T4N5V6W7X8Y9Z0ABC\r\x1b[0K"
                         "\x1b[31mdenied\x1b[0m: billing-api/write"))
      << folded;
  EXPECT_TRUE(
      folded.ends_with("\n\x1b[0Ksection_end:1790000000:watchword_refusal_01JDK3QZ3T4N5V6W7X8Y9Z0ABC\r\x1b[0K\n"));
}

TEST(RefusalText, LetsNothingOfTheGateForgeALineOrMoveTheCursor) {
  const std::string evil = "x\n\x1b[2J\r\xe2\x80\xae";
  Reply reply{.status = 400, .body = Json::object({{"reason", "no_binding"}, {"decisions", Json::array()}})};
  for (const auto* key : {"found", "expected", "you_are", "rule", "role", "fix", "record"}) reply.body.set(key, evil);
  reply.body.set("nearest", Json::object({{"rule", evil}, {"part", evil}, {"found", evil}, {"expected", evil}}));
  auto decision = Json::object({{"permission", evil}, {"decision", evil}, {"reason", evil}, {"fix", evil}});
  reply.body.set("decisions", Json::array().push(std::move(decision)));
  const auto all = refusal_text(reply, evil, {}, kNow);
  EXPECT_THAT(all, Not(HasSubstr("\x1b")));
  EXPECT_THAT(all, Not(HasSubstr("\r")));
  EXPECT_THAT(all, Not(HasSubstr("\xe2\x80\xae")));
  EXPECT_EQ(std::ranges::count(all, '\n'), 12) << all;
  EXPECT_THAT(text(reply, {.colour = false, .section = true}), HasSubstr(":watchword_refusal_x2J\r"));
}

TEST(Decisions, AreListedWithWhatIsMissing) {
  const auto reply =
      Reply{.status = 200,
            .body = Json::object({{"decisions", Json::array()
                                                    .push(Json::object({{"permission", "billing-api/read"},
                                                                        {"decision", "allow"},
                                                                        {"rule", "policy/billing.yaml:14"},
                                                                        {"role", "deploy-prod"}}))
                                                    .push(Json::object({{"permission", "billing-api/write"},
                                                                        {"decision", "deny"},
                                                                        {"reason", "context_not_met"},
                                                                        {"fix", "merge the change"}}))}})};
  EXPECT_EQ(decisions_text(reply, {}),
            "  evaluated\n"
            "    billing-api/read   allow  policy/billing.yaml:14  role deploy-prod\n"
            "    billing-api/write  deny\n"
            "      reason    context_not_met\n"
            "      fix       merge the change\n");
  EXPECT_EQ(decisions_text({.status = 200, .body = {}}, {}), "");
}

}  // namespace
}  // namespace watchword::job
