// A gate that is down, slow or overloaded is asked again a few times, aloud; one that says no is not.
#include "job/proved_post.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "job/test_gate.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Told {
  Result<Reply> reply;
  std::string lines;
};

Told post(Holder& holder, Duration retry_for, net::Steady::duration each = std::chrono::seconds(10)) {
  ::testing::internal::CaptureStderr();
  auto reply = net::run_blocking(post_proved(holder, {.path = "/oauth/token", .text = "a=b"}, retry_for, each));
  return {std::move(reply), ::testing::internal::GetCapturedStderr()};
}

// Enough for one retry, and not for two.
constexpr auto kBriefly = std::chrono::milliseconds(1500);

TEST(ProvedPost, AsksAgainWhereTheGateHasNoAnswerNow) {
  for (const int status : {429, 503}) {
    TestGate gate({refused(status, "overloaded"), granted()});
    TestHolder holder(gate.origin());
    const auto told = post(holder.holder, std::chrono::seconds(20));
    ASSERT_TRUE(told.reply);
    EXPECT_EQ(told.reply->status, 200);
    EXPECT_THAT(told.lines, ContainsRegex("^gate: http://127.0.0.1:[0-9]+ answers " + std::to_string(status) +
                                          " \\(overloaded\\), try 2 of 5 in [01].[0-9] s\n$"));
  }
}

// Or each run would leave a refused exchange in the log.
TEST(ProvedPost, ItsFirstProofHasANonceAlready) {
  TestGate gate({granted()}, "nonce-for-nothing");
  TestHolder holder(gate.origin());
  ASSERT_TRUE(post(holder.holder, Duration::zero()).reply);
  ASSERT_EQ(gate.asked().size(), 1u);
  EXPECT_EQ(gate.asked().front().proof().string_or("nonce", ""), "nonce-for-nothing");
}

TEST(ProvedPost, TakesARefusalForAnAnswer) {
  for (const int status : {400, 401, 403, 404}) {
    TestGate gate({refused(status, "no_binding"), granted()});
    TestHolder holder(gate.origin());
    const auto told = post(holder.holder, std::chrono::seconds(20));
    ASSERT_TRUE(told.reply);
    EXPECT_EQ(told.reply->status, status);
    EXPECT_THAT(told.lines, IsEmpty());
    EXPECT_EQ(gate.asked().size(), 1u);
  }
}

TEST(ProvedPost, DoesNotWaitLongerThanItMay) {
  auto busy = refused(503, "overloaded");
  busy.headers.add("retry-after", "30");
  TestGate gate({busy, granted()});
  TestHolder holder(gate.origin());
  const auto told = post(holder.holder, std::chrono::seconds(20));
  EXPECT_EQ(told.reply->status, 503);
  EXPECT_THAT(told.lines, IsEmpty());
}

TEST(ProvedPost, SaysThatNobodyListens) {
  net::Address free;
  {
    const http::TestServer gone([](http::Exchange&) -> net::Task<void> { co_return; });
    free = gone.address();
  }
  TestHolder holder(*http::parse_origin("http://" + net::to_string(free)));
  const auto told = post(holder.holder, kBriefly);
  ASSERT_FALSE(told.reply);
  EXPECT_EQ(told.reply.error().reason, Reason::gate_unreachable);
  EXPECT_THAT(told.reply.error().found, HasSubstr("refused"));
  EXPECT_THAT(told.reply.error().fix, HasSubstr("check the port"));
  EXPECT_THAT(told.lines,
              AllOf(HasSubstr("gate: no answer from http://127.0.0.1:"), HasSubstr("refused), try 2 of 5")));
}

TEST(ProvedPost, EndsWithAGateThatStalls) {
  std::vector<std::shared_ptr<net::Delivery<bool>>> held;
  {
    const http::TestServer stalled([&](http::Exchange&) -> net::Task<void> {
      held.push_back(std::make_shared<net::Delivery<bool>>());
      co_await *held.back();
    });
    TestHolder holder(*http::parse_origin("http://" + net::to_string(stalled.address())));
    const auto told = post(holder.holder, Duration::zero(), std::chrono::milliseconds(100));
    ASSERT_FALSE(told.reply);
    EXPECT_EQ(told.reply.error().reason, Reason::gate_unreachable);
    EXPECT_EQ(told.reply.error().found, "no whole answer within 100ms");
    EXPECT_THAT(told.reply.error().fix, HasSubstr("how busy the gate is"));
  }
}

TEST(ProvedPost, EndsWithAGateThatTricklesItsAnswer) {
  const http::TestServer trickling([](http::Exchange& exchange) -> net::Task<void> {
    if (!co_await exchange.reply.begin({.status = 200, .headers = {}})) co_return;
    while (co_await exchange.reply.write(" ")) co_await net::Loop::current()->sleep(std::chrono::milliseconds(5));
  });
  TestHolder holder(*http::parse_origin("http://" + net::to_string(trickling.address())));
  const auto told = post(holder.holder, Duration::zero(), std::chrono::milliseconds(100));
  ASSERT_FALSE(told.reply);
  EXPECT_EQ(told.reply.error().found, "no whole answer within 100ms");
}

}  // namespace
}  // namespace watchword::job
