// What a refused client is told is the same in each form, and a stranger learns the reason only.
#include "access/request_door.h"

#include <gmock/gmock.h>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "support/gate_fixture.h"

namespace watchword::access {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pointee;
using testing::TestGate;

using std::string_literals::operator""s;

class RequestDoorTest : public ::testing::Test {
 protected:
  audit::Entry entry() { return gate_.recorder().start(audit::Event::request); }
  std::string why_not(const http::RequestHead& request) {
    auto asked = entry();
    const auto presented = door_.present(asked, request, gate_.clock.now());
    return presented ? "presented" : std::string(name(presented.error().reason));
  }

  TestGate gate_;
  RequestDoor door_{gate_.service(), RequestRecords::sync};
};

TEST_F(RequestDoorTest, TakesOneTokenAndOneProof) {
  const auto bearer = "Bearer " + gate_.access_token(gate_.id_token());
  http::RequestHead request{"GET", "https", "billing.test", "/v1/x", {{"authorization", bearer}}};
  EXPECT_EQ(why_not(request), "presented");
  request.headers.add("authorization", bearer);
  EXPECT_EQ(why_not(request), "request_invalid");
  EXPECT_EQ(why_not({"GET", "https", "billing.test", "/", {{"dpop", "a"}, {"dpop", "b"}}}), "request_invalid");
  EXPECT_EQ(why_not({"GET", "https", "billing.test", "/", {}}), "token_missing");
}

std::string basic(std::string_view pair) { return "Basic " + to_base64(as_bytes(pair)); }

// Of the kind that its resource is: git before 2.46 and Docker can send nothing but a password.
class Password : public RequestDoorTest {
 protected:
  Password() { kind("git"); }
  void kind(const std::string& kind) {
    std::string text(testing::kPolicy);
    const std::string_view host = "host: billing.gate.example.com";
    text.insert(text.find(host), "kind: " + kind + ", ");
    gate_.set_policy(text);
  }
  std::string why_not(const std::string& authorization, const std::string& dpop = {}) {
    http::RequestHead request{"GET", "https", "billing.test", "/v1/x", {{"authorization", authorization}}};
    if (!dpop.empty()) request.headers.add("dpop", dpop);
    entry_ = entry();
    entry_.resource = "billing-api";
    const auto presented = door_.present(entry_, request, gate_.clock.now());
    return presented ? "presented" : std::string(name(presented.error().reason));
  }
  std::string challenge(Reason reason) {
    auto refused = entry();
    refused.resource = "billing-api";
    const auto refusal = door_.refuse(std::move(refused), {reason, {}, {}, {}, {}}, nullptr);
    return *door_.reply_to(refusal).head.headers.find("www-authenticate");
  }
  audit::Entry entry_;
};

TEST_F(Password, IsTheAccessTokenOfWhateverUser) {
  const auto token = gate_.access_token(gate_.id_token());
  for (const auto& user : {"", "x", "oauth2", "gitlab-ci-token", "jos\xc3\xa9"})
    EXPECT_EQ(why_not(basic(user + (":" + token))), "presented") << user;
  EXPECT_EQ(entry_.token, crypto::sha256_hex(token));
  EXPECT_FALSE(entry_.session.empty());
  kind("docker");
  EXPECT_EQ(why_not("bASIC " + basic("x:" + token).substr(6)), "presented");
  for (const auto* other : {"api", "kubernetes"}) {
    kind(other);
    EXPECT_EQ(why_not(basic("x:" + token)), "token_missing") << other;
  }
}

TEST_F(Password, IsReadStrictly) {
  const auto token = gate_.access_token(gate_.id_token());
  auto padded = basic("x:" + token + (token.size() % 3 == 1 ? "" : " "));
  const std::string good = basic("x:" + token);
  for (const auto& bad : {basic(token), basic("x"), basic(""), basic("x:" + token + ":"), basic("x::" + token),
                          basic("x: " + token), basic("x:" + token + "\n"), basic("\x01:" + token),
                          "Basic  " + good.substr(6), "Basic " + good.substr(7), good + "=", good + " ", good + ",",
                          "Basic x:" + token, padded + "A", basic("x:" + token + std::string(30'000, 'A'))})
    EXPECT_EQ(why_not(bad), "token_malformed") << bad.substr(0, 60);
  EXPECT_EQ(why_not("Basic"), "token_missing");
  EXPECT_EQ(why_not("Basic" + good.substr(6)), "token_missing");
  EXPECT_EQ(why_not(good), "presented");
}

// Whoever has seen a bound token lacks its key, in whatever form it is shown.
TEST_F(Password, IsNoWayAroundTheKeyOfABoundToken) {
  testing::DpopKey key;
  const auto token = gate_.access_token(gate_.id_token(), {.key = &key});
  const auto proof =
      key.proof("GET", "https://billing.test/v1/x", gate_.clock.now(), gate_.dpop().nonce(gate_.clock.now()), token);
  EXPECT_EQ(why_not("DPoP " + token, proof), "presented");
  EXPECT_EQ(why_not(basic("x:" + token)), "dpop_required");
  EXPECT_EQ(entry_.token, crypto::sha256_hex(token)) << "the record says whose it was";
  EXPECT_EQ(why_not(basic("x:" + token), proof), "dpop_required");
}

// What somebody sends by mistake may be a real password, short enough to be found by its hash.
TEST_F(Password, ThatIsNoTokenReachesNoRecord) {
  EXPECT_EQ(why_not(basic("jane:hunter2")), "token_malformed");
  EXPECT_EQ(entry_.token, "");
  kind("api");
  EXPECT_EQ(why_not(basic("jane:hunter2")), "token_missing");
  EXPECT_EQ(entry_.token, "");
}

TEST_F(Password, IsAskedForWhereItIsTaken) {
  EXPECT_EQ(challenge(Reason::token_missing), R"(Basic realm="watchword", Bearer, DPoP)");
  EXPECT_EQ(challenge(Reason::token_expired),
            R"(Basic realm="watchword", Bearer error="invalid_token", error_description="token_expired")");
  kind("docker");
  EXPECT_EQ(challenge(Reason::token_missing), R"(Basic realm="watchword")") << "it would take Bearer for another offer";
  kind("kubernetes");
  EXPECT_EQ(challenge(Reason::token_missing), "Bearer, DPoP");
}

TEST_F(RequestDoorTest, ARefusedJobIsToldWhatItIsInEitherForm) {
  const auto session = gate_.session(gate_.exchange(gate_.id_token()).value().session);
  auto refused = entry();
  refused.role = "deploy";
  const auto refusal =
      door_.refuse(std::move(refused), {Reason::not_permitted, "read", "write", {}, {}}, session.get());
  EXPECT_EQ(gate_.log().back().string_or("id", ""), refusal.record);
  const auto plain = door_.reply_to(refusal);
  EXPECT_EQ(plain.head.status, 403);
  EXPECT_THAT(plain.head.headers.find("content-type"), Pointee("application/problem+json"s));
  for (const auto* told : {"acme/billing", "deploy", "not_permitted", "write"})
    EXPECT_THAT(plain.body, HasSubstr(told));
  const auto grpc = door_.reply_to(refusal, Speaks::grpc);
  EXPECT_EQ(grpc.head.status, 200);
  EXPECT_EQ(grpc.body, "");
  EXPECT_THAT(grpc.head.headers.find("grpc-status"), Pointee("7"s));
  EXPECT_THAT(grpc.head.headers.find("grpc-message"), Pointee("not_permitted: found read, expected write"s));
}

TEST_F(RequestDoorTest, AStrangerIsChallengedAndLearnsNoDetail) {
  const auto refusal = door_.refuse(entry(), {Reason::dpop_invalid, "another URL", "this one", {}, {}}, nullptr);
  for (const auto speaks : {Speaks::http, Speaks::grpc}) {
    const auto reply = door_.reply_to(refusal, speaks);
    EXPECT_THAT(reply.head.headers.find("www-authenticate"),
                Pointee(R"(DPoP error="invalid_token", error_description="dpop_invalid")"s));
    EXPECT_THAT(reply.body, Not(HasSubstr("another URL")));
  }
  const auto proxy = door_.reply_to(refusal, Speaks::proxy);
  EXPECT_EQ(proxy.head.status, 407);
  EXPECT_THAT(proxy.head.headers.find("proxy-authenticate"),
              Pointee(R"(DPoP error="invalid_token", error_description="dpop_invalid")"s));
  EXPECT_EQ(proxy.head.headers.find("www-authenticate"), nullptr);
  EXPECT_THAT(proxy.body, Not(HasSubstr("another URL")));
  const Refusal nothing{{Reason::token_missing, {}, {}, {}, {}}, "record", false, {}, {}, {}};
  EXPECT_THAT(door_.reply_to(nothing, Speaks::proxy).body, HasSubstr("Proxy-Authorization: Bearer"));
  EXPECT_THAT(door_.reply_to(nothing).body, Not(HasSubstr("Proxy-Authorization")));
}

}  // namespace
}  // namespace watchword::access
