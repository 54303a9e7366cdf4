// The promises of the token exchange: one session per job, never longer than it may be, nothing without a record.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <set>
#include <thread>

#include "net/loop.h"
#include "support/gate_fixture.h"

namespace watchword::access {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::DpopKey;
using ::testing::HasSubstr;
using testing::TestGate;

Reason reason_of(const Answer<ExchangeReply>& answer) {
  return answer ? Reason::internal : answer.error().error.reason;
}

TEST(Exchange, GivesAJobOneSessionHoweverOftenItAsks) {
  TestGate gate;
  auto first = gate.exchange(gate.id_token()).value();
  gate.clock.advance(minutes(5));
  auto second = gate.exchange(gate.id_token()).value();
  EXPECT_EQ(second.session, first.session);
  EXPECT_NE(second.access_token, first.access_token);
  EXPECT_EQ(gate.sessions().size(), 1u);
  EXPECT_NE(gate.exchange(gate.id_token("4712")).value().session, first.session);
  auto other = gate.id_token([](Json& claims) { claims.set("iss", testing::kOtherIssuerUrl); });
  EXPECT_NE(gate.exchange(other).value().session, first.session) << "another issuer counts its own jobs";
}

TEST(Exchange, GivesConcurrentExchangesOfAJobOneSession) {
  TestGate gate;
  auto token = gate.id_token();
  constexpr std::size_t kThreads = 8;
  std::latch start(kThreads);
  std::vector<std::future<std::string>> sessions;
  for (std::size_t i = 0; i < kThreads; ++i)
    sessions.push_back(std::async(std::launch::async, [&] {
      start.arrive_and_wait();
      return gate.exchange(token).value().session;
    }));
  std::set<std::string> ids;
  for (auto& session : sessions) ids.insert(session.get());
  EXPECT_EQ(ids.size(), 1u);
  EXPECT_EQ(gate.sessions().size(), 1u);
  EXPECT_EQ(gate.store().sessions({})->size(), 1u);
}

// The life of a token is the least of the policy's limit, the ID token's exp and what is left of the session.
TEST(Exchange, LivesNoLongerThanTheLeastOfItsBounds) {
  TestGate gate;
  EXPECT_EQ(gate.exchange(gate.id_token()).value().expires_in, minutes(15)) << "the policy's";
  auto ending =
      gate.id_token([&](Json& claims) { claims.set("job_id", "2").set("exp", to_unix(gate.clock.now()) + 60); });
  auto short_lived = gate.exchange(ending).value();
  EXPECT_EQ(short_lived.expires_in, minutes(1)) << "the ID token's";
  EXPECT_EQ(gate.session(short_lived.session)->expires(), gate.clock.now() + minutes(1)) << "and the session no longer";
  gate.clock.advance(minutes(14));
  EXPECT_EQ(gate.exchange(gate.id_token()).value().expires_in, minutes(1)) << "the session's";
}

TEST(Exchange, ExtendsNothingPastTheBoundOfItsSession) {
  TestGate gate;
  auto token = gate.access_token(gate.id_token());
  gate.clock.advance(minutes(15));
  EXPECT_EQ(gate.decide(token, "ledger", "read").refusal->reason, Reason::token_expired);
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token())), Reason::session_expired) << "with a fresh ID token too";
  ASSERT_TRUE(gate.service().sweep(gate.clock.now()).has_value());
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token())), Reason::session_expired);
  gate.restart();
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token())), Reason::session_expired);
}

TEST(Exchange, RefusesAnIdTokenThatOnlySkewLetsIn) {
  TestGate gate;
  auto token = gate.id_token([&](Json& claims) { claims.set("exp", to_unix(gate.clock.now()) - 30); });
  EXPECT_EQ(reason_of(gate.exchange(token)), Reason::token_expired);
  EXPECT_EQ(gate.sessions().size(), 0u);
  auto ahead = gate.id_token([&](Json& claims) {
    auto issued = to_unix(gate.clock.now()) + 30;
    claims.set("iat", issued).set("nbf", issued).set("exp", issued + 3600);
  });
  EXPECT_TRUE(gate.exchange(ahead).has_value()) << "an issuer 30 s ahead is normal";
}

TEST(Exchange, ReopensNoEndedJob) {
  TestGate gate;
  auto reply = gate.exchange(gate.id_token()).value();
  ASSERT_TRUE(net::run_blocking(gate.service().end_session(gate.session(reply.session), SessionEnd::job_ended, "", {}))
                  .has_value());
  EXPECT_EQ(gate.decide(reply.access_token, "ledger", "read").refusal->reason, Reason::session_ended);
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token())), Reason::session_ended);
  gate.restart();
  EXPECT_EQ(gate.decide(reply.access_token, "ledger", "read").refusal->reason, Reason::session_ended);
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token())), Reason::session_ended);
  // As long as the job's first ID token could still be shown, with the largest skew, the job stays ended.
  gate.clock.advance(hours(1));
  auto late = gate.id_token([&](Json& claims) { claims.set("exp", to_unix(gate.clock.now()) + 600); });
  ASSERT_TRUE(gate.service().sweep(gate.clock.now()).has_value());
  EXPECT_EQ(reason_of(gate.exchange(late)), Reason::session_ended);
}

TEST(Exchange, IsSinglePerJobWhereThePolicySaysSo) {
  TestGate gate;
  auto first = gate.exchange(gate.id_token("1", "acme/once"));
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token("1", "acme/once"))), Reason::token_already_used);
  EXPECT_TRUE(gate.decide(first->access_token, "ledger", "read").allowed()) << "the first goes on";
  gate.restart();
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token("1", "acme/once"))), Reason::token_already_used);

  gate.store().fail(true);
  auto failed = gate.exchange(gate.id_token("2", "acme/once"));
  EXPECT_EQ(reason_of(failed), Reason::store_unavailable);
  EXPECT_THAT(failed.error().you_are, ::testing::HasSubstr("acme/once job 2"));
  gate.store().fail(false);
  EXPECT_TRUE(gate.exchange(gate.id_token("2", "acme/once")).has_value()) << "what was never given was not used";
}

// A service has no job that ends: its session is that of one ID token, and the next token opens the next.
TEST(Exchange, GivesAServiceOneSessionPerIdToken) {
  TestGate gate;
  auto token = gate.service_token("robot-1");
  auto first = gate.exchange(token);
  ASSERT_TRUE(first.has_value()) << to_string(first.error().error);
  EXPECT_TRUE(gate.decide(first->access_token, "ledger", "read").allowed());
  EXPECT_EQ(gate.exchange(token)->session, first->session);
  EXPECT_NE(gate.exchange(gate.service_token("robot-1"))->session, first->session);
  EXPECT_NE(gate.exchange(gate.service_token("robot-2"))->session, first->session);
  gate.clock.advance(minutes(15));
  EXPECT_EQ(reason_of(gate.exchange(token)), Reason::session_expired);
  EXPECT_TRUE(gate.exchange(gate.service_token("robot-1")).has_value());
  gate.restart();
  EXPECT_EQ(reason_of(gate.exchange(token)), Reason::session_expired);
}

TEST(Exchange, BindsAJobToTheKeyItBeganWith) {
  TestGate gate;
  DpopKey key, thief;
  ASSERT_TRUE(gate.exchange(gate.id_token(), {.key = &key}).has_value());
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token(), {.key = &thief})), Reason::dpop_key_mismatch);
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token())), Reason::dpop_key_mismatch);
  gate.restart();
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token(), {.key = &thief})), Reason::dpop_key_mismatch);
  EXPECT_TRUE(gate.exchange(gate.id_token(), {.key = &key}).has_value());
}

// For tools that can prove nothing: the session is its key's, the token is nobody's in particular.
TEST(Exchange, GivesAProvenJobABearerTokenAndKeepsItsKey) {
  TestGate gate;
  DpopKey key, thief;
  auto reply = gate.exchange(gate.id_token(), {.key = &key, .bearer = true});
  ASSERT_TRUE(reply.has_value());
  EXPECT_FALSE(reply->dpop);
  EXPECT_EQ(gate.session(reply->session)->bound_key(), key.thumbprint());
  EXPECT_TRUE(gate.decide(reply->access_token, "ledger", "read").allowed()) << "as Bearer";
  EXPECT_EQ(gate.log().back().find("detail")->string_or("token_type", ""), "Bearer");
  for (const auto* other : {&thief, static_cast<DpopKey*>(nullptr)})
    for (const bool bearer : {false, true})
      EXPECT_EQ(reason_of(gate.exchange(gate.id_token(), {.key = other, .bearer = bearer})), Reason::dpop_key_mismatch);
  auto bound = gate.exchange(gate.id_token(), {.key = &key});
  EXPECT_TRUE(bound->dpop) << "and both kinds side by side";
  EXPECT_EQ(gate.log().back().find("detail")->string_or("token_type", ""), "DPoP");
  EXPECT_EQ(bound->session, reply->session);
  auto unproven = gate.exchange(gate.id_token("2"), {.bearer = true});
  EXPECT_EQ(gate.session(unproven.value().session)->bound_key(), "") << "without a proof it changes nothing";
}

// What a job's first exchange was bound to stays, also where that is no key: a thief's is noticed when the job comes.
TEST(Exchange, TakesNoKeyForAJobThatBeganWithout) {
  TestGate gate;
  DpopKey key;
  const auto first = gate.exchange(gate.id_token());
  ASSERT_TRUE(first.has_value());
  for (const bool bearer : {false, true}) {
    const auto late = gate.exchange(gate.id_token(), {.key = &key, .bearer = bearer});
    EXPECT_EQ(reason_of(late), Reason::dpop_key_mismatch);
    EXPECT_EQ(late.error().error.expected, "no proof, as in this job's first exchange");
    EXPECT_THAT(late.error().error.fix, HasSubstr("somebody else has its ID token"));
  }
  gate.restart();
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token(), {.key = &key})), Reason::dpop_key_mismatch);
  EXPECT_TRUE(gate.exchange(gate.id_token()).has_value());
  EXPECT_EQ(gate.session(first->session)->bound_key(), "");
}

TEST(Exchange, GivesNoBearerTokenWhereThePolicyDemandsAProof) {
  TestGate gate;
  DpopKey key;
  auto refused = gate.exchange(gate.id_token("1", "acme/tools"), {.key = &key, .bearer = true});
  EXPECT_EQ(reason_of(refused), Reason::dpop_required);
  EXPECT_THAT(refused.error().error.fix, HasSubstr("proof: dpop"));
  EXPECT_EQ(gate.sessions().size(), 0u);
}

std::string told(const std::vector<Explained>& decisions) {
  std::string all;
  for (const auto& [permission, decision] : decisions)
    all += permission.resource + "/" + permission.action + " " +
           (decision.refusal ? std::string(name(decision.refusal->reason)) : decision.role) + "\n";
  return all;
}

TEST(Exchange, TellsWhatTheDoorSaysOfEachPermissionWhenAsked) {
  TestGate gate;
  EXPECT_EQ(told(gate.exchange(gate.id_token(), {.explain = true})->decisions),
            "billing-api/read deploy\nbilling-api/write context_unknown\nledger/read deploy\n");
  EXPECT_EQ(told(gate.exchange(gate.id_token(), {.audiences = {"ledger"}, .explain = true})->decisions),
            "ledger/read deploy\n");
  EXPECT_EQ(told(gate.exchange(gate.id_token())->decisions), "");
  auto refused = gate.exchange(gate.id_token(), {.scope = "billing-api/delete", .explain = true});
  EXPECT_EQ(told(refused.error().decisions), "billing-api/delete not_permitted\n");
}

// Of a public CI system everybody's jobs are verified: what resources there are, what they can do and what is denied is
// nothing to those who hold no role.
TEST(Exchange, ExplainsNothingToAStranger) {
  TestGate gate;
  for (const auto* scope : {"ledger/read", "ledger/drop", "elsewhere/read"}) {
    const auto refused = gate.exchange(gate.id_token("1", "acme/other"), {.scope = scope, .explain = true});
    EXPECT_EQ(reason_of(refused), Reason::no_binding);
    EXPECT_TRUE(refused.error().decisions.empty()) << told(refused.error().decisions);
  }
  const auto unproven = gate.exchange(gate.id_token("1", "acme/tools"), {.explain = true});
  EXPECT_EQ(reason_of(unproven), Reason::dpop_required);
  EXPECT_TRUE(unproven.error().decisions.empty());
}

TEST(Exchange, ExplainsNothingToWhoeverIsNotTheJob) {
  TestGate gate;
  DpopKey key, thief;
  ASSERT_TRUE(gate.exchange(gate.id_token(), {.key = &key}).has_value());
  auto other = gate.id_token([](Json& claims) { claims.set("aud", "https://other.example.com"); });
  EXPECT_TRUE(gate.exchange(other, {.explain = true}).error().decisions.empty()) << "not verified";
  for (const auto* wrong : {&thief, static_cast<DpopKey*>(nullptr)})
    EXPECT_TRUE(gate.exchange(gate.id_token(), {.key = wrong, .explain = true}).error().decisions.empty());
}

TEST(Exchange, ExplainsABoundedNumberOfPermissions) {
  TestGate gate;
  std::string actions, allowed;
  for (int i = 0; i < 150; ++i) {
    const auto name = "a" + std::to_string(i);
    actions += name + ": { methods: [GET], paths: [/" + name + "] }, ";
    allowed += "api/" + name + ", ";
  }
  gate.set_policy("resources:\n  api:\n    http: { upstream: https://a.internal, host: a.test }\n    actions: { " +
                  actions +
                  "}\nroles:\n  r:\n    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]\n" +
                  "    allow: [" + allowed + "]\n");
  const auto reply = gate.exchange(gate.id_token(), {.explain = true});
  EXPECT_EQ(reply->decisions.size(), kMostExplained);
  EXPECT_EQ(reply->scope.size(), 150U);
}

TEST(Exchange, DemandsAProofWhereThePolicyDoes) {
  TestGate gate;
  DpopKey key;
  EXPECT_EQ(reason_of(gate.exchange(gate.id_token("1", "acme/tools"))), Reason::dpop_required);
  EXPECT_EQ(gate.sessions().size(), 0u);
  EXPECT_TRUE(gate.exchange(gate.id_token("1", "acme/tools"), {.key = &key}).has_value());
}

TEST(Exchange, RefusesJobsOfForksAndOfProjectsWithoutARole) {
  TestGate gate;
  auto fork = gate.id_token(
      [](Json& claims) { claims.set("job_project_path", "mallory/billing").set("job_project_id", "666"); });
  EXPECT_EQ(reason_of(gate.exchange(fork)), Reason::fork_not_admitted);
  auto stranger = gate.exchange(gate.id_token("1", "acme/other"));
  EXPECT_EQ(reason_of(stranger), Reason::no_binding);
  EXPECT_TRUE(stranger.error().verified_caller);
  EXPECT_THAT(stranger.error().you_are, HasSubstr("acme/other"));
  EXPECT_EQ(gate.sessions().size(), 0u);
}

TEST(Exchange, RecordsWhoAskedForWhatAndWhy) {
  TestGate gate;
  auto reply = gate.exchange(gate.id_token(), {.scope = "ledger/read"}).value();
  auto entry = gate.log().back();
  EXPECT_EQ(entry.string_or("id", ""), reply.record);
  EXPECT_EQ(entry.string_or("event", ""), "exchange");
  EXPECT_EQ(entry.string_or("decision", ""), "allow");
  EXPECT_EQ(entry.string_or("session", ""), reply.session);
  EXPECT_EQ(entry.string_or("token_sha256", "").size(), 64u);
  EXPECT_EQ(entry.string_or("subject_token_sha256", "").size(), 64u);
  EXPECT_EQ(entry.find("who")->string_or("job", ""), "4711");
  EXPECT_EQ(entry.find("detail")->find("scope")->dump(), R"(["ledger/read"])");
  EXPECT_FALSE(entry.string_or("policy", "").empty());
}

TEST(Exchange, HandsOutNothingWhenTheRecordCannotBeWritten) {
  TestGate gate;
  auto before = gate.log().size();
  gate.store().fail(true);
  auto answer = gate.exchange(gate.id_token());
  EXPECT_EQ(reason_of(answer), Reason::store_unavailable);
  EXPECT_TRUE(answer.error().record.empty()) << "no record is named that is not there";
  EXPECT_EQ(gate.sessions().size(), 0u);
  gate.store().fail(false);
  EXPECT_EQ(gate.log().size(), before);
  EXPECT_TRUE(gate.exchange(gate.id_token()).has_value());
}

// Two exchanges of one job wait for their commits, and only one of these fails.
TEST(Exchange, KeepsTheSessionWhenOnlyOneOfItsExchangesFails) {
  for (bool first_fails : {true, false}) {
    TestGate gate;
    auto token = gate.id_token();
    gate.store().hold();
    auto one = std::async(std::launch::async, [&] { return gate.exchange(token); });
    while (gate.store().held() < 1) std::this_thread::yield();
    auto two = std::async(std::launch::async, [&] { return gate.exchange(token); });
    while (gate.store().held() < 2) std::this_thread::yield();
    gate.store().release(!first_fails);
    auto first = one.get();
    gate.store().release(first_fails);
    auto second = two.get();
    gate.store().release_all();
    EXPECT_EQ(first.has_value(), !first_fails);
    EXPECT_EQ(second.has_value(), first_fails);
    const auto& good = first_fails ? second : first;
    EXPECT_TRUE(gate.decide(good->access_token, "ledger", "read").allowed());
    EXPECT_EQ(gate.exchange(token).value().session, good->session);
    gate.restart();
    EXPECT_TRUE(gate.decide(good->access_token, "ledger", "read").allowed());
  }
}

// What an exchange wrote of an open session arrives after the session's end.
TEST(Exchange, CannotOverwriteTheEndOfItsSession) {
  TestGate gate;
  auto token = gate.id_token();
  gate.store().hold();
  auto exchange = std::async(std::launch::async, [&] { return gate.exchange(token); });
  while (gate.store().held() < 1) std::this_thread::yield();
  std::shared_ptr<Session> session;
  gate.sessions().each([&](const auto& found) { session = found; });
  ASSERT_TRUE(session);
  // The end overtakes the exchange's commit, as it may when another thread makes it.
  auto open_row = session->to_row();
  session->end(SessionEnd::revoked, gate.clock.now());
  gate.store().release_all();
  store::Batch end, late;
  end.changes.push_back(store::PutSession{session->to_row()});
  late.changes.push_back(store::PutSession{std::move(open_row)});
  ASSERT_TRUE(gate.store().commit_and_wait(std::move(end)).has_value());
  ASSERT_TRUE(gate.store().commit_and_wait(std::move(late)).has_value());
  auto reply = exchange.get();
  ASSERT_TRUE(reply.has_value());
  EXPECT_FALSE(gate.decide(reply->access_token, "ledger", "read").allowed());
  gate.restart();
  EXPECT_EQ(gate.decide(reply->access_token, "ledger", "read").refusal->reason, Reason::session_ended);
  EXPECT_EQ(reason_of(gate.exchange(token)), Reason::session_ended);
}

// An end whose exchange then fails: the job must not come back.
TEST(Exchange, StaysEndedWhenItsOnlyExchangeFails) {
  TestGate gate;
  auto token = gate.id_token();
  gate.store().hold();
  auto exchange = std::async(std::launch::async, [&] { return gate.exchange(token); });
  while (gate.store().held() < 1) std::this_thread::yield();
  gate.sessions().each([&](const auto& session) { session->end(SessionEnd::revoked, gate.clock.now()); });
  gate.store().release(false);
  EXPECT_EQ(reason_of(exchange.get()), Reason::store_unavailable);
  gate.store().release_all();
  EXPECT_EQ(reason_of(gate.exchange(token)), Reason::session_ended);
}

}  // namespace
}  // namespace watchword::access
