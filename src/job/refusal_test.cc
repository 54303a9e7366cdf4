#include "job/refusal.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "http/grpc.h"
#include "http/problem.h"

namespace watchword::job {
namespace {

const Error kDenied{Reason::session_ended, "ended at 09:00", "a running job", {}, "start a new job"};

TEST(Refusal, IsAProblemWithAReasonOfAGate) {
  const auto refusal = refusal_in(401, http::problem(kDenied, true, "01JDK").dump());
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 401);
  EXPECT_EQ(refusal->body.string_or("reason", ""), "session_ended");
  EXPECT_EQ(refusal->body.string_or("record", ""), "01JDK");
  EXPECT_FALSE(refusal_in(401, R"({"reason":"of a backend"})"));
  EXPECT_FALSE(refusal_in(401, R"({"title":"none"})"));
  EXPECT_FALSE(refusal_in(401, R"(["session_ended"])"));
  EXPECT_FALSE(refusal_in(401, R"({"reason":"session_ended")"));
}

TEST(Refusal, MayBeInAProblemOnly) {
  EXPECT_TRUE(is_problem({403, {{"content-type", "application/problem+json"}}}));
  EXPECT_TRUE(is_problem({403, {{"content-type", "application/problem+json; charset=utf-8"}}}));
  EXPECT_FALSE(is_problem({403, {{"content-type", "application/json"}}}));
  EXPECT_FALSE(is_problem({403, {}}));
  EXPECT_FALSE(is_problem({200, {{"content-type", "application/problem+json"}}}));
}

TEST(Refusal, IsReadOutOfAGrpcStatus) {
  const auto refusal = grpc_refusal_in(http::grpc_refusal(kDenied.reason, http::problem(kDenied, true, "01JDK")));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->body.string_or("reason", ""), "session_ended");
  EXPECT_EQ(refusal->body.string_or("found", ""), "ended at 09:00");
  EXPECT_EQ(refusal->body.string_or("fix", ""), "start a new job");
  EXPECT_EQ(refusal->body.string_or("record", ""), "01JDK");
}

TEST(Refusal, NothingIsReadOutOfABrokenGrpcStatus) {
  const auto whole =
      *http::grpc_refusal(kDenied.reason, http::problem(kDenied, true)).headers.find("grpc-status-details-bin");
  const auto in = [](std::string details) {
    return grpc_refusal_in({200, {{"grpc-status", "16"}, {"grpc-status-details-bin", std::move(details)}}});
  };
  ASSERT_TRUE(in(whole));
  for (std::size_t size = 0; size < whole.size() / 2; ++size) EXPECT_FALSE(in(whole.substr(0, size))) << size;
  EXPECT_FALSE(in("!"));
  EXPECT_FALSE(in(std::string(20'000, 'A')));
  EXPECT_FALSE(in(to_base64(as_bytes(std::string(64, '\xff')))));
  EXPECT_FALSE(in(to_base64(as_bytes("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))));  // longer than there is
  EXPECT_FALSE(grpc_refusal_in({200, {{"grpc-status", "16"}}}));
}

TEST(Refusal, ANonceIsDemandedByTheGatesOwnChallenge) {
  const http::Headers demand{{"www-authenticate", R"(DPoP error="use_dpop_nonce")"}, {"dpop-nonce", "n1"}};
  const http::ResponseHead head{401, demand}, call{200, demand};
  ASSERT_NE(nonce_demanded(head), nullptr);
  EXPECT_EQ(*nonce_demanded(head), "n1");
  EXPECT_NE(nonce_demanded(call), nullptr);  // gRPC
  const http::ResponseHead other{401, {{"www-authenticate", R"(DPoP error="invalid_token")"}, {"dpop-nonce", "n1"}}};
  const http::ResponseHead bare{200, {{"dpop-nonce", "n1"}}};
  EXPECT_EQ(nonce_demanded(other), nullptr);
  EXPECT_EQ(nonce_demanded(bare), nullptr);
}

}  // namespace
}  // namespace watchword::job
