// What the door says to a credential: its audience, its scope, its session, its key, the policy of this moment.
#include <gtest/gtest.h>

#include <future>

#include "access/assertion.h"
#include "base/encoding.h"
#include "jose/jwt.h"
#include "net/loop.h"
#include "support/gate_fixture.h"

namespace watchword::access {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using testing::DpopKey;
using testing::TestGate;

class Door : public ::testing::Test {
 protected:
  Reason refusal(std::string_view token, std::string_view resource, std::string_view action,
                 const DpopKey* key = nullptr) {
    auto decision = gate_.decide(token, resource, action, key);
    EXPECT_FALSE(decision.allowed());
    return decision.refusal ? decision.refusal->reason : Reason::internal;
  }
  bool allowed(std::string_view token, std::string_view resource, std::string_view action,
               const DpopKey* key = nullptr) {
    return gate_.decide(token, resource, action, key).allowed();
  }
  void end(const std::string& session, SessionEnd why) {
    ASSERT_TRUE(net::run_blocking(gate_.service().end_session(gate_.session(session), why, "", {})).has_value());
  }
  TestGate gate_;
};

TEST_F(Door, OpensOnlyForTheTokensAudienceAndScope) {
  auto all = gate_.access_token(gate_.id_token());
  auto ledger = gate_.access_token(gate_.id_token(), {.audiences = {"ledger"}});
  auto narrow = gate_.access_token(gate_.id_token(), {.scope = "billing-api/read"});
  auto rising = gate_.access_token(gate_.id_token(), {.scope = "billing-api/read billing-api/write"});
  EXPECT_TRUE(allowed(all, "billing-api", "read"));
  EXPECT_TRUE(allowed(all, "ledger", "read"));
  EXPECT_EQ(refusal(all, "billing-api", "write"), Reason::context_unknown);
  EXPECT_EQ(refusal(all, "billing-api", "delete"), Reason::not_permitted);
  EXPECT_EQ(refusal(all, "billing-api", "burn"), Reason::action_unknown);
  EXPECT_TRUE(allowed(ledger, "ledger", "read"));
  EXPECT_EQ(refusal(ledger, "billing-api", "read"), Reason::audience_mismatch);
  EXPECT_TRUE(allowed(narrow, "billing-api", "read"));
  EXPECT_EQ(refusal(narrow, "billing-api", "write"), Reason::scope_not_in_token) << "whatever policy will say";
  EXPECT_EQ(refusal(narrow, "ledger", "read"), Reason::audience_mismatch);
  EXPECT_EQ(refusal(rising, "billing-api", "write"), Reason::context_unknown) << "asked for: rises with the facts";
}

TEST_F(Door, ActsOnTheSessionAtOnceAndForEver) {
  int job = 0;
  for (auto why : {SessionEnd::job_ended, SessionEnd::revoked, SessionEnd::replaced, SessionEnd::policy_changed}) {
    auto reply = gate_.exchange(gate_.id_token(std::to_string(++job))).value();
    EXPECT_TRUE(allowed(reply.access_token, "ledger", "read"));
    end(reply.session, why);
    EXPECT_EQ(refusal(reply.access_token, "ledger", "read"), Reason::session_ended);
    EXPECT_FALSE(gate_.session(reply.session)->end(SessionEnd::job_ended, gate_.clock.now())) << "it ends once";
    EXPECT_EQ(gate_.session(reply.session)->ended(), why);
  }
}

TEST_F(Door, RefusesAnEndedSessionEvenWhenTheEndCannotBeRecorded) {
  auto reply = gate_.exchange(gate_.id_token()).value();
  gate_.store().fail(true);
  EXPECT_FALSE(net::run_blocking(gate_.service().end_session(gate_.session(reply.session), SessionEnd::revoked, "", {}))
                   .has_value());
  EXPECT_EQ(refusal(reply.access_token, "ledger", "read"), Reason::session_ended);
  gate_.store().fail(false);
  gate_.clock.advance(std::chrono::seconds(10));
  ASSERT_TRUE(gate_.service().sweep(gate_.clock.now()).has_value()) << "the maintenance thread tries again";
  EXPECT_EQ(gate_.log().back().string_or("event", ""), "session_ended");
  gate_.restart();
  EXPECT_EQ(refusal(reply.access_token, "ledger", "read"), Reason::session_ended);
}

TEST_F(Door, ARecordThatHadToBeTriedAgainStillSaysWhoEndedTheSessionAndWhy) {
  auto reply = gate_.exchange(gate_.id_token()).value();
  const Origin operators{.request_id = "incident-4711", .trace = {}, .peer = "operator"};
  gate_.store().fail(true);
  EXPECT_FALSE(net::run_blocking(
      gate_.service().end_session(gate_.session(reply.session), SessionEnd::revoked, "runner compromised", operators)));
  EXPECT_FALSE(net::run_blocking(
      gate_.service().end_session(gate_.session(reply.session), SessionEnd::job_ended, "another, later", {})));
  gate_.store().fail(false);
  gate_.clock.advance(std::chrono::seconds(10));
  ASSERT_TRUE(gate_.service().sweep(gate_.clock.now()).has_value());
  const auto entry = gate_.log().back();
  EXPECT_EQ(entry.string_or("event", ""), "session_ended");
  EXPECT_EQ(entry.string_or("why", ""), "runner compromised");
  EXPECT_EQ(entry.string_or("request_id", ""), "incident-4711");
  EXPECT_EQ(entry.find("detail")->string_or("end", ""), "revoked");
}

TEST_F(Door, KnowsSessionsAndRevocationsAfterARestart) {
  auto open = gate_.access_token(gate_.id_token("1"));
  auto revoked = gate_.access_token(gate_.id_token("1"));
  ASSERT_TRUE(net::run_blocking(gate_.service().revoke(revoked, nullptr, {})).has_value());
  EXPECT_EQ(refusal(revoked, "ledger", "read"), Reason::token_revoked);
  gate_.restart();
  EXPECT_TRUE(allowed(open, "ledger", "read"));
  EXPECT_EQ(refusal(revoked, "ledger", "read"), Reason::token_revoked);
  EXPECT_EQ(gate_.sessions().size(), 1u);
}

TEST_F(Door, IsNotReopenedByAClockThatMoves) {
  auto reply = gate_.exchange(gate_.id_token()).value();
  auto revoked = gate_.access_token(gate_.id_token());
  ASSERT_TRUE(net::run_blocking(gate_.service().revoke(revoked, nullptr, {})).has_value());
  gate_.clock.advance(-minutes(10));
  EXPECT_TRUE(allowed(reply.access_token, "ledger", "read")) << "set back: nothing is lost";
  EXPECT_EQ(refusal(revoked, "ledger", "read"), Reason::token_revoked);
  gate_.clock.advance(minutes(10) + minutes(20));
  ASSERT_TRUE(gate_.service().sweep(gate_.clock.now()).has_value());
  EXPECT_EQ(refusal(reply.access_token, "ledger", "read"), Reason::token_expired);
  gate_.clock.advance(-minutes(20));
  EXPECT_EQ(refusal(reply.access_token, "ledger", "read"), Reason::session_expired) << "what ended stays ended";
  EXPECT_FALSE(allowed(revoked, "ledger", "read"));
  EXPECT_FALSE(gate_.exchange(gate_.id_token()).has_value());
}

TEST_F(Door, ForgetsWhatIsOverForEveryClock) {
  auto reply = gate_.exchange(gate_.id_token()).value();
  gate_.clock.advance(hours(1) + minutes(9));
  ASSERT_TRUE(gate_.service().sweep(gate_.clock.now()).has_value());
  EXPECT_EQ(gate_.sessions().size(), 1u) << "its ID token may still pass somewhere";
  gate_.clock.advance(minutes(1));
  ASSERT_TRUE(gate_.service().sweep(gate_.clock.now()).has_value());
  EXPECT_EQ(gate_.sessions().size(), 0u);
  EXPECT_EQ(gate_.store().session(reply.session)->value().end_reason, "expired");
}

TEST_F(Door, AsksThePolicyInForce) {
  auto token = gate_.access_token(gate_.id_token());
  std::string fenced = std::string(testing::kPolicy) + R"(
deny:
  - name: freeze
    permission: ledger/read
    why: the ledger is frozen
)";
  gate_.set_policy(fenced);
  auto decision = gate_.decide(token, "ledger", "read");
  ASSERT_FALSE(decision.allowed());
  EXPECT_EQ(decision.refusal->reason, Reason::denied_by_rule);
  EXPECT_TRUE(allowed(token, "billing-api", "read"));
  std::string other = fenced.substr(0, fenced.find("deny:"));
  other.replace(other.find("project_path: acme/billing"), 26, "project_path: acme/BILLING");
  gate_.set_policy(other);
  EXPECT_EQ(refusal(token, "billing-api", "read"), Reason::no_binding);
  gate_.set_policy(testing::kPolicy);
  EXPECT_TRUE(allowed(token, "ledger", "read"));
}

TEST_F(Door, DemandsAProofAsSoonAsThePolicyDoes) {
  DpopKey key;
  auto bearer = gate_.access_token(gate_.id_token("1"));
  auto bound = gate_.access_token(gate_.id_token("2"), {.key = &key});
  std::string strict(testing::kPolicy);
  strict.replace(strict.find("session: { ttl: 15m }"), 21, "session: { ttl: 15m, proof: dpop }");
  gate_.set_policy(strict);
  EXPECT_EQ(refusal(bearer, "ledger", "read"), Reason::dpop_required);
  EXPECT_TRUE(allowed(bound, "ledger", "read", &key));
}

TEST_F(Door, TakesABoundTokenFromItsKeyOnly) {
  DpopKey key, thief;
  auto token = gate_.access_token(gate_.id_token(), {.key = &key});
  auto bearer = gate_.access_token(gate_.id_token("2"));
  EXPECT_TRUE(allowed(token, "ledger", "read", &key));
  EXPECT_EQ(refusal(token, "ledger", "read"), Reason::dpop_required) << "as a bearer token";
  EXPECT_EQ(refusal(token, "ledger", "read", &thief), Reason::dpop_key_mismatch);
  EXPECT_EQ(refusal(bearer, "ledger", "read", &key), Reason::dpop_invalid) << "a bearer token with a proof";

  const std::string url = "https://billing.gate.example.com/v1/invoices", authorization = "DPoP " + token;
  auto now = gate_.clock.now();
  auto present = [&](const std::string& proof, std::string_view method = "GET") {
    auto presented = gate_.service().present(&authorization, {proof, method, url, {}}, now);
    return presented ? Reason::internal : presented.error().reason;
  };
  auto nonce = gate_.dpop().nonce(now);
  auto proof = key.proof("GET", url, now, nonce, token);
  EXPECT_EQ(present(proof), Reason::internal);
  EXPECT_EQ(present(proof), Reason::dpop_replayed);
  EXPECT_EQ(present(key.proof("GET", url, now, nonce, bearer)), Reason::dpop_invalid) << "ath of another token";
  EXPECT_EQ(present(key.proof("GET", url, now, nonce)), Reason::dpop_invalid) << "no ath";
  EXPECT_EQ(present(key.proof("GET", url, now, nonce, token), "POST"), Reason::dpop_invalid) << "another method";
  EXPECT_EQ(present(""), Reason::dpop_invalid) << "no proof";
}

TEST_F(Door, RefusesWhatIsNotItsToken) {
  auto token = gate_.access_token(gate_.id_token());
  auto present = [&](const std::string& authorization) {
    auto presented = gate_.service().present(&authorization, {}, gate_.clock.now());
    return presented ? Reason::internal : presented.error().reason;
  };
  EXPECT_EQ(present("Bearer " + token), Reason::internal);
  EXPECT_EQ(present("bearer " + token), Reason::internal);
  EXPECT_EQ(present("Bearer  " + token), Reason::token_malformed);
  EXPECT_EQ(present("Bearer " + token + " "), Reason::token_malformed);
  EXPECT_EQ(present("Basic " + token), Reason::token_missing);
  EXPECT_EQ(present("Bearer"), Reason::token_missing);
  EXPECT_EQ(present(""), Reason::token_missing);
  EXPECT_EQ(present("Bearer " + gate_.id_token()), Reason::token_type_not_accepted) << "an ID token";
  EXPECT_EQ(present("Bearer " + std::string(20'000, 'x')), Reason::token_too_large);
  EXPECT_FALSE(gate_.service().present(nullptr, {}, gate_.clock.now()).has_value());

  // A backend that was shown an assertion cannot use it as a token, and a foreign key mints nothing.
  Assertions assertions{std::string(testing::kGateUrl), gate_.keys()};
  auto session = gate_.session(gate_.exchange(gate_.id_token())->session);
  EXPECT_EQ(present("Bearer " + assertions.for_session(*session, "ledger", gate_.clock.now()).value()),
            Reason::token_type_not_accepted);
  auto foreign = testing::Issuer::make();
  EXPECT_EQ(present("Bearer " + foreign.mint(Json::object({{"iss", testing::kGateUrl}}), "at+jwt")),
            Reason::key_unknown);
  foreign.kid = gate_.keys().ring()->kid;
  EXPECT_EQ(present("Bearer " + foreign.mint(Json::object({{"iss", testing::kGateUrl}}), "at+jwt")),
            Reason::signature_invalid);
}

TEST_F(Door, RefusesTheTokensOfARetiredKey) {
  auto token = gate_.access_token(gate_.id_token());
  auto unseen = gate_.access_token(gate_.id_token());
  auto kid = gate_.keys().ring()->kid;
  EXPECT_TRUE(allowed(token, "ledger", "read"));
  ASSERT_TRUE(gate_.keys().rotate("", gate_.clock.now()).has_value());
  EXPECT_TRUE(allowed(token, "ledger", "read"));
  ASSERT_TRUE(gate_.keys().retire(kid, "stolen", gate_.clock.now()).has_value());
  EXPECT_EQ(refusal(token, "ledger", "read"), Reason::key_unknown) << "one that was verified before";
  EXPECT_EQ(refusal(unseen, "ledger", "read"), Reason::key_unknown);
}

TEST_F(Door, NeverMissesARevocationThatComesWhileATokenIsRead) {
  for (int i = 0; i < 50; ++i) {
    auto token = gate_.access_token(gate_.id_token(std::to_string(i)));
    auto payload =
        from_base64url(std::string_view(token).substr(token.find('.') + 1, token.rfind('.') - token.find('.') - 1));
    auto jti = std::string(parse_json(*payload)->string_or("jti", ""));
    auto& tokens = gate_.service().parts().tokens;
    auto reading = std::async(std::launch::async, [&] { return tokens.read(token, gate_.clock.now()).value(); });
    tokens.revoke(jti, gate_.clock.now() + hours(1));
    auto seen = reading.get();
    EXPECT_TRUE(seen->revoked.load());
    EXPECT_EQ(tokens.read(token, gate_.clock.now()).value(), seen) << "one grant for all";
  }
}

TEST_F(Door, KeepsAWholeSessionInTheStore) {
  DpopKey key;
  auto reply = gate_.exchange(gate_.id_token("1", "acme/tools"), {.key = &key}).value();
  auto before = gate_.session(reply.session);
  auto row = before->to_row();
  gate_.restart();
  auto after = gate_.session(reply.session);
  ASSERT_TRUE(after && after != before);
  EXPECT_EQ(after->to_row(), row);
  EXPECT_EQ(after->who(), before->who());
  EXPECT_EQ(after->principal().claims.dump(), before->principal().claims.dump());
  EXPECT_EQ(after->bound_key(), key.thumbprint());
  EXPECT_TRUE(allowed(reply.access_token, "ledger", "read", &key));
}

TEST(Assertions, IntroduceTheJobToOneBackendForAMinute) {
  TestGate gate;
  auto session = gate.session(gate.exchange(gate.id_token())->session);
  Assertions assertions{std::string(testing::kGateUrl), gate.keys()};
  auto start = gate.clock.now();
  auto first = assertions.for_session(*session, "ledger", start).value();
  EXPECT_EQ(assertions.for_session(*session, "ledger", start + std::chrono::seconds(29)).value(), first);
  EXPECT_NE(assertions.for_session(*session, "ledger", start + std::chrono::seconds(30)).value(), first);
  EXPECT_NE(assertions.for_session(*session, "billing-api", start).value(), first);
  auto verifier = jose::Verifier::make({.issuer = std::string(testing::kGateUrl),
                                        .audiences = {"ledger"},
                                        .algorithms = {crypto::Algorithm::es256},
                                        .types = {"watchword-assertion+jwt"},
                                        .max_age = std::nullopt});
  auto verified = verifier->verify(jose::UnverifiedToken::parse(first).value(), gate.keys().ring()->verify_with, start);
  ASSERT_TRUE(verified.has_value()) << to_string(verified.error());
  EXPECT_EQ(verified->expires(), start + minutes(1));
  EXPECT_EQ(verified->claims().find("job")->string_or("job", ""), "4711");
  auto near_end = assertions.for_session(*session, "ledger", session->expires() - std::chrono::seconds(5)).value();
  EXPECT_EQ(verifier
                ->verify(jose::UnverifiedToken::parse(near_end).value(), gate.keys().ring()->verify_with,
                         session->expires() - std::chrono::seconds(5))
                ->expires(),
            session->expires())
      << "never longer than its session";
}

}  // namespace
}  // namespace watchword::access
