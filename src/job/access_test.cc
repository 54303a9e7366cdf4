// A job's access: asked for with a proof, kept, shown with a proof, given back.
#include "job/access.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "crypto/digest.h"
#include "job/test_gate.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

net::Task<bool> give_back(Access& access) {
  co_await access.revoke();
  co_return true;
}

std::string hash(std::string_view token) { return to_base64url(crypto::sha256(token)); }

TEST(Access, AsksAgainOnceWithTheNonceThatTheGateWants) {
  TestGate gate({wants_nonce("first"), granted()});
  TestHolder holder(gate.origin(), "job-token");
  Access access(holder.holder, {"billing-api", {}});
  const auto reply = net::run_blocking(access.renew());
  ASSERT_TRUE(reply) << to_string(reply.error());
  EXPECT_EQ(reply->status, 200);
  const auto asked = gate.asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[0].proof().find("nonce"), nullptr);
  EXPECT_EQ(asked[1].proof().string_or("nonce", ""), "first");
  EXPECT_EQ(asked[1].proof().string_or("htm", ""), "POST");
  EXPECT_EQ(asked[1].proof().string_or("htu", ""), "http://" + holder.holder.gate.authority + "/oauth/token");
  EXPECT_EQ(holder.holder.nonce.get()->text, "nonce-of-grant") << "every answer brings the newest";
}

TEST(Access, IsRefusedByAGateThatIsNeverContentWithItsNonce) {
  TestGate gate({wants_nonce("always-another")});
  TestHolder holder(gate.origin());
  Access access(holder.holder, {"billing-api", {}});
  EXPECT_EQ(net::run_blocking(access.renew())->status, 400);
  EXPECT_EQ(gate.asked().size(), 2u);
}

TEST(Access, SaysWhatItWants) {
  TestGate gate({granted(), granted(), granted("billing-api", "Bearer")});
  TestHolder holder(gate.origin(), "job-token");
  Access all(holder.holder, {"billing-api", {}});
  Access some(holder.holder, {"billing-api", {"read", "write"}}, true, true);
  Access bearer(holder.holder, {"billing-api", {}}, false);
  for (auto* access : {&all, &some, &bearer}) ASSERT_TRUE(net::run_blocking(access->renew()));
  const auto asked = gate.asked();
  EXPECT_EQ(asked[0].field("subject_token"), "id.token.value");
  EXPECT_EQ(asked[0].field("ci_job_token"), "job-token");
  EXPECT_EQ(asked[0].field("audience") + asked[0].field("scope") + asked[0].field("explain"), "billing-api");
  EXPECT_EQ(asked[0].field("token_binding"), "");
  EXPECT_EQ(asked[1].field("scope"), "billing-api/read billing-api/write");
  EXPECT_EQ(asked[1].field("audience"), "");
  EXPECT_EQ(asked[1].field("explain"), "true");
  EXPECT_EQ(asked[2].field("token_binding"), "none");
  EXPECT_NE(asked[2].header("dpop"), "") << "the session is bound all the same";
}

TEST(Access, KnowsItsTokenAndPlaceOnceGranted) {
  TestGate gate({granted(), refused(400, "session_ended")});
  TestHolder holder(gate.origin());
  Access access(holder.holder, {"billing-api", {}});
  EXPECT_EQ(access.token(), nullptr);
  EXPECT_TRUE(access.credentials("GET", "https://billing.gate.example.com/").empty());
  ASSERT_TRUE(net::run_blocking(access.renew()));
  EXPECT_EQ(access.place().url, "https://billing.gate.example.com:8444") << "without the slash at its end";
  EXPECT_EQ(access.place().kind, Kind::api);
  const auto token = access.token();
  EXPECT_EQ(token->value.reveal(), "eyJ0.e30.c2ln");
  EXPECT_EQ(token->ends, holder.clock.now() + std::chrono::seconds(900));
  EXPECT_EQ(net::run_blocking(access.renew())->status, 400);
  EXPECT_EQ(access.token(), token) << "a failed renewal leaves the token in hand";
}

TEST(Access, IsShownWithAProofOfItsTokenForEachRequest) {
  TestGate gate({granted()});
  TestHolder holder(gate.origin());
  Access access(holder.holder, {"billing-api", {}});
  ASSERT_TRUE(net::run_blocking(access.renew()));
  const std::string url = "https://billing.gate.example.com:8444/v1/x";
  const Asked shown{.path = {}, .headers = access.credentials("GET", url), .form = {}};
  EXPECT_EQ(shown.header("authorization"), "DPoP eyJ0.e30.c2ln");
  const auto proof = shown.proof();
  EXPECT_EQ(proof.string_or("htu", ""), url);
  EXPECT_EQ(proof.string_or("ath", ""), hash("eyJ0.e30.c2ln"));
  EXPECT_EQ(proof.string_or("nonce", ""), "nonce-of-grant");
  const auto tunnel = access.credentials("CONNECT", "https://ledger-db:5432");
  EXPECT_NE(tunnel.find("proxy-authorization"), nullptr);
  EXPECT_EQ(tunnel.find("authorization"), nullptr);
}

TEST(Access, OfABearerIsShownWithoutAProof) {
  TestGate gate({granted("billing-api", "Bearer")});
  TestHolder holder(gate.origin());
  Access access(holder.holder, {"billing-api", {}}, false);
  ASSERT_TRUE(net::run_blocking(access.renew()));
  EXPECT_EQ(access.credentials("GET", "https://billing.gate.example.com/"),
            (http::Headers{{"authorization", "Bearer eyJ0.e30.c2ln"}}));
}

TEST(Access, IsGivenBackWithAProof) {
  TestGate gate({granted(), {}});
  TestHolder holder(gate.origin());
  Access access(holder.holder, {"billing-api", {}});
  net::run_blocking(give_back(access));
  EXPECT_TRUE(gate.asked().empty()) << "there was nothing to give";
  ASSERT_TRUE(net::run_blocking(access.renew()));
  net::run_blocking(give_back(access));
  const auto asked = gate.asked();
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_EQ(asked[1].path, "/oauth/revoke");
  EXPECT_EQ(asked[1].field("token"), "eyJ0.e30.c2ln");
  EXPECT_EQ(asked[1].header("authorization"), "DPoP eyJ0.e30.c2ln");
  EXPECT_EQ(asked[1].proof().string_or("ath", ""), hash("eyJ0.e30.c2ln"));
}

TEST(Access, TakesNothingFromAnAnswerThatIsNoGates) {
  struct Case {
    const char* key;
    Json value;
    const char* found;
  };
  for (auto& [key, value, found] : std::vector<Case>{{"access_token", "", "no access token"},
                                                     {"access_token", "a\r\nx-evil: 1", "no access token"},
                                                     {"token_type", "Bearer", "token_type 'Bearer'"},
                                                     {"expires_in", -1, "no expires_in"},
                                                     {"expires_in", "900", "no expires_in"},
                                                     {"resources", Json::array(), "no billing-api"},
                                                     {"resources", {}, "no billing-api"}}) {
    auto answer = granted();
    answer.body.set(key, value);
    TestGate gate({answer});
    TestHolder holder(gate.origin());
    Access access(holder.holder, {"billing-api", {}});
    const auto reply = net::run_blocking(access.renew());
    ASSERT_FALSE(reply) << key;
    EXPECT_EQ(reply.error().reason, Reason::gate_unreachable);
    EXPECT_THAT(reply.error().found, HasSubstr(found));
    EXPECT_EQ(access.token(), nullptr);
  }
}

}  // namespace
}  // namespace watchword::job
