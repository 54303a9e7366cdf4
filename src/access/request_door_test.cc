// What a refused client is told is the same in each form, and a stranger learns the reason only.
#include "access/request_door.h"

#include <gmock/gmock.h>

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
