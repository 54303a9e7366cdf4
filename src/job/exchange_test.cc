// An exchange that is refused for what only the job can mend says what that is.
#include "job/exchange.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/test_gate.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

std::string fix(std::string_view reason, std::string_view found, std::string_view expected) {
  auto answer = refused(400, reason);
  answer.body.set("found", found).set("expected", expected).set("fix", "as the gate says");
  TestGate gate({answer});
  TestHolder holder(gate.origin());
  const auto reply = net::run_blocking(exchange(holder.holder, {.audiences = {"billing-api"}}));
  return reply ? std::string(reply->body.string_or("fix", "")) : to_string(reply.error());
}

TEST(Exchange, OfAnotherKeySaysWhereTheJobsKeyComesFrom) {
  EXPECT_THAT(fix("dpop_key_mismatch", "key x", "key y"), ::testing::HasSubstr("the same ID token and CI_JOB_TOKEN"));
}

TEST(Exchange, WithAnotherClockSaysToSetIt) {
  EXPECT_THAT(fix("dpop_invalid", "iat 1790000000", "within 1m of 1790000900"), ::testing::HasSubstr("set the clock"));
}

TEST(Exchange, ByAnotherNameOfTheGateSaysItsOwn) {
  EXPECT_EQ(fix("dpop_invalid", "htu https://alias.example.com/oauth/token", "https://gate.example.com/oauth/token"),
            "set WATCHWORD_URL, or --gate, to the name that the gate has for itself: https://gate.example.com");
}

TEST(Exchange, AtAnotherAddressThanAGatesSaysSo) {
  for (const auto* reason : {"host_unknown", "not_found"})
    EXPECT_THAT(fix(reason, "", ""), ::testing::ContainsRegex("^no gate takes tokens at http://127.0.0.1:[0-9]+: set"));
}

// The gate tells the bearer of a token that it did not take nothing but the reason.
TEST(Exchange, ForAnotherAudienceSaysWhichTheTokenHas) {
  TestGate gate({refused(400, "audience_mismatch")});
  TestHolder holder(gate.origin());
  const auto claims = to_base64url(as_bytes(R"({"aud":["https://gate.example.com/","x"]})"));
  holder.holder.id_token = Secret("e30." + claims + ".c2ln");
  const auto reply = net::run_blocking(exchange(holder.holder, {.audiences = {"billing-api"}}));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->body.string_or("found", ""), "https://gate.example.com/ x");
  EXPECT_THAT(std::string(reply->body.string_or("expected", "")),
              ::testing::StartsWith("mostly the gate's own url, http://127.0.0.1:"));
}

TEST(Exchange, RefusedForAnythingElseSaysWhatTheGateSays) {
  EXPECT_EQ(fix("no_binding", "iat 1", "x"), "as the gate says");
  EXPECT_EQ(fix("dpop_invalid", "no iat", "x"), "as the gate says");
}

}  // namespace
}  // namespace watchword::job
