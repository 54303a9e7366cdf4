// The same door in one call that decides and then holds: what was let through ends with its right, and never because
// the gate has let go of it.
#include "envoy/ext_proc.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "envoy/ext_proc_message.h"
#include "envoy/held_call_test_util.h"
#include "support/gate_fixture.h"
#include "support/http_call.h"

namespace watchword::envoy {
namespace {

using ::testing::Contains;
using testing::HeldCall;
using ::testing::Not;
using testing::TestGate;

std::map<std::string, std::string> overwritten(const wire::HeaderMutation& mutation) {
  std::map<std::string, std::string> found;
  for (const auto& option : mutation.set_headers()) {
    EXPECT_TRUE(option.has_append()) << option.header().key();
    EXPECT_FALSE(option.append().value());
    EXPECT_EQ(option.append_action(), 2);
    found[option.header().key()] = option.header().raw_value();
  }
  return found;
}

wire::ProcessingRequest trailers() {
  wire::ProcessingRequest request;
  request.mutable_response_trailers();
  return request;
}

class ExtProcTest : public ::testing::Test {
 protected:
  ExtProcTest() { gate_.service().watch(flights_); }
  ~ExtProcTest() override { loops_.stop(); }

  static wire::ProcessingRequest about(http::Headers headers) {
    wire::ProcessingRequest request;
    auto& map = *request.mutable_request_headers()->mutable_headers();
    for (const auto& [name, value] : headers) {
      auto& header = *map.add_headers();
      header.set_key(name);
      header.set_raw_value(value);
    }
    auto& told = *(*request.mutable_attributes())["envoy.filters.http.ext_proc"].mutable_fields();
    told["source.address"].set_string_value("192.0.2.7:4242");
    return request;
  }
  http::Headers headers(const http::Headers& more = {}) {
    http::Headers all{{":method", "GET"},
                      {":path", "/v1/invoices?page=2"},
                      {":authority", "billing.gate.example.com"},
                      {":scheme", "https"}};
    for (const auto& header : more) all.add(header);
    return all;
  }
  http::Headers with_token(const http::Headers& more = {}) {
    auto all = headers(more);
    all.add("authorization", "Bearer " + token());
    return all;
  }
  std::unique_ptr<HeldCall> call(const http::Headers& about_them,
                                 http::Headers metadata = {{"watchword-resource", "billing-api"}}) {
    auto one = std::make_unique<HeldCall>(*loops_.loops()[0], *door_, std::move(metadata));
    one->say(about(about_them));
    return one;
  }
  const std::string& token() {
    if (!token_.empty()) return token_;
    auto reply = gate_.exchange(gate_.id_token());
    EXPECT_TRUE(reply.has_value());
    session_ = gate_.session(reply->session);
    return token_ = reply->access_token;
  }
  void end_session() {
    ASSERT_TRUE(
        net::run_blocking(gate_.service().end_session(session_, access::SessionEnd::job_ended, "", access::Origin{})));
  }
  Json entry(std::string_view event) {
    for (auto& one : gate_.log())
      if (one.string_or("event", "") == event) return one;
    return {};
  }

  TestGate gate_;
  access::Assertions assertions_{std::string(testing::kGateUrl), gate_.keys()};
  net::LoopPool loops_{1};
  access::LiveFlights flights_{gate_.service(), loops_.loops()};
  std::unique_ptr<ExtProc> door_ = ExtProc::make(gate_.service(), assertions_, flights_, access::RequestRecords::sync);
  std::string token_;
  std::shared_ptr<access::Session> session_;
};

TEST_F(ExtProcTest, AnAllowedRequestCarriesTheAssertionAndLosesWhatTheClientSaysOfItself) {
  auto held = call(with_token({{"x-watchword-role", "forged"}, {"x_watchword_job", "forged"}, {"accept", "*/*"}}));
  const auto response = held->answer();
  const auto& mutation = response.request_headers().response().header_mutation();
  const auto set = overwritten(mutation);
  EXPECT_EQ(std::ranges::count(set.at("watchword-assertion"), '.'), 2) << "a JWT";
  EXPECT_EQ(set.at("x-forwarded-host"), "billing.gate.example.com");
  EXPECT_FALSE(set.contains(":path"));
  for (const auto* name : {"authorization", "dpop", "x-watchword-role", "x_watchword_job"})
    EXPECT_THAT(mutation.remove_headers(), Contains(name));
  EXPECT_THAT(mutation.remove_headers(), Not(Contains("accept")));
  held->close();
  EXPECT_EQ(held->status(), "0");
}

TEST_F(ExtProcTest, TheDecisionIsOnRecordAndInTheMetadata) {
  auto held = call(with_token());
  const auto response = held->answer();
  const auto& told = response.dynamic_metadata().fields().at("envoy.filters.http.ext_proc").struct_value().fields();
  const auto record = entry("request");
  EXPECT_EQ(record.string_or("peer", ""), "192.0.2.7:4242");
  EXPECT_EQ(record.string_or("decision", ""), "allow");
  EXPECT_EQ(told.at("record").string_value(), record.string_or("id", "?"));
  EXPECT_EQ(told.at("session").string_value(), record.string_or("session", "?"));
  held->close();
}

TEST_F(ExtProcTest, TheEndOfTheSessionEndsTheCallAndNamesTheReason) {
  auto held = call(with_token());
  const auto allowed = held->answer();
  ASSERT_TRUE(allowed.has_request_headers());
  end_session();
  const auto cut = held->answer();
  EXPECT_EQ(cut.immediate_response().details(), "watchword:session_ended");
  EXPECT_EQ(cut.immediate_response().status().code(), 401);
  EXPECT_EQ(held->status(), "7 watchword:session_ended");
  const auto record = entry("request_cut");
  EXPECT_EQ(record.string_or("reason", ""), "session_ended");
  EXPECT_EQ(record.find("detail")->string_or("request", ""), entry("request").string_or("id", "?"));
  EXPECT_EQ(record.find("detail")->string_or("via", ""), "envoy");
}

TEST_F(ExtProcTest, ASessionThatEndsWhileTheRequestIsRecordedEndsIt) {
  const auto asked = with_token();
  gate_.store().hold();
  auto held = call(asked);
  while (gate_.store().held() == 0) std::this_thread::yield();
  session_->end(access::SessionEnd::job_ended, gate_.clock.now());
  flights_.session_ended(session_);
  gate_.store().release_all();
  EXPECT_TRUE(held->answer().has_immediate_response());
  EXPECT_EQ(held->status(), "7 watchword:session_ended");
}

TEST_F(ExtProcTest, OthersGoOn) {
  auto other = call([&] {
    auto all = headers();
    all.add("authorization", "Bearer " + gate_.access_token(gate_.id_token("4712")));
    return all;
  }());
  ASSERT_TRUE(other->answer().has_request_headers());
  auto held = call(with_token());
  ASSERT_TRUE(held->answer().has_request_headers());
  end_session();
  EXPECT_EQ(held->status(), "7 watchword:session_ended");
  other->say(trailers());
  EXPECT_TRUE(other->answer().has_response_trailers()) << "it is still held, and answered";
  other->close();
  EXPECT_EQ(other->status(), "0");
}

TEST_F(ExtProcTest, WhatWasNotAskedForEndsTheCallWithAnErrorAndSoTheRequest) {
  const auto odd = [&](const wire::ProcessingRequest& message) {
    auto held = call(with_token());
    EXPECT_TRUE(held->answer().has_request_headers());
    held->say(message);
    return held->status().substr(0, 2);
  };
  EXPECT_EQ(odd(about(headers())), "3 ") << "a second request on the same call";
  EXPECT_EQ(odd({}), "3 ") << "a body, or anything else";
  auto held = call(with_token());
  EXPECT_TRUE(held->answer().has_request_headers());
  held->say(trailers());
  EXPECT_TRUE(held->answer().has_response_trailers());
  held->say(trailers());
  EXPECT_EQ(held->status().substr(0, 2), "3 ");
  auto broken = call(with_token());
  EXPECT_TRUE(broken->answer().has_request_headers());
  broken->say_frame("\x07....");
  EXPECT_NE(broken->status(), "0");
}

TEST_F(ExtProcTest, AConnectionThatBreaksIsNoEndThatTheGateWouldConfirm) {
  auto held = call(with_token());
  EXPECT_TRUE(held->answer().has_request_headers());
  held->reset();
  EXPECT_NE(held->status(), "0");
}

TEST_F(ExtProcTest, DenialsAreForTheClientAndNeverOk) {
  auto held = call(headers());
  const auto denied = held->answer().immediate_response();
  EXPECT_EQ(denied.status().code(), 401);
  EXPECT_EQ(overwritten(denied.headers()).at("www-authenticate"), "Bearer, DPoP");
  EXPECT_EQ(parse_json(denied.body()).value().string_or("reason", ""), "token_missing");
  EXPECT_EQ(held->status(), "7 watchword:token_missing");
}

TEST_F(ExtProcTest, AClientThatSpeaksGrpcIsToldSo) {
  auto held = call(headers({{"content-type", "application/grpc"}}));
  const auto denied = held->answer().immediate_response();
  EXPECT_EQ(denied.grpc_status().status(), 16u);
  EXPECT_EQ(denied.body(), "");
}

TEST_F(ExtProcTest, WithoutResourceThereIsNoAnswer) {
  EXPECT_EQ(call(with_token(), {})->status(), "13 route_without_resource");
  EXPECT_EQ(call(with_token({{"watchword-resource", "billing-api"}}), {})->status(), "13 route_without_resource")
      << "a header of the client's is not the call's";
  EXPECT_EQ(call(with_token(), {{"watchword-resource", "billing-api"}, {"watchword-resource", "ledger"}})->status(),
            "3 request_invalid");
}

TEST_F(ExtProcTest, ACallThatDoesNotBeginWithHeadersIsAnError) {
  const auto begin = [&](const wire::ProcessingRequest& first) {
    HeldCall held(*loops_.loops()[0], *door_, {{"watchword-resource", "billing-api"}});
    held.say(first);
    return held.status();
  };
  EXPECT_EQ(begin(trailers()), "3 request_invalid");
  EXPECT_EQ(begin({}), "3 request_invalid");
  auto watched = about(with_token());
  watched.set_observability_mode(true);
  EXPECT_EQ(begin(watched), "3 request_invalid") << "no answer would count";
  HeldCall silent(*loops_.loops()[0], *door_, {});
  silent.close();
  EXPECT_EQ(silent.status(), "3 request_invalid");
}

TEST(ReadRequestHeaders, BytesThatAreNoHeadersAreNoQuestion) {
  const auto reason_of = [](std::string_view headers) {
    const std::string message = {'\x12', static_cast<char>(headers.size() + 2), '\x0a',
                                 static_cast<char>(headers.size())};
    const auto asked = read_request_headers(message + std::string(headers), "billing-api");
    return asked ? asked->malformed.value().reason : asked.error().reason;
  };
  EXPECT_EQ(reason_of(""), Reason::http_malformed) << "headers, of which none says what is asked";
  EXPECT_EQ(reason_of("\xff"), Reason::request_invalid);
  EXPECT_EQ(reason_of("\x0a\x02\x0a\x09"), Reason::request_invalid) << "a name that is longer than its message";
}

TEST_F(ExtProcTest, HeadersWithoutWhatEveryRequestHasAreDenied) {
  for (const auto* missing : {":method", ":path", ":authority", ":scheme"}) {
    auto some = with_token();
    some.remove(missing);
    auto held = call(some);
    EXPECT_EQ(held->answer().immediate_response().details(), "watchword:http_malformed") << missing;
    EXPECT_EQ(held->status().substr(0, 2), "7 ");
  }
}

TEST_F(ExtProcTest, ARequestThatCannotBeRecordedIsAnErrorAndNeverAnAllow) {
  const auto asked = with_token();
  gate_.store().fail(true);
  EXPECT_EQ(call(asked)->status(), "14 store_unavailable");
}

TEST_F(ExtProcTest, OnlyACallOfProcessIsAnswered) {
  const auto reply = testing::call(*door_, {.method = "GET", .target = "/other"});
  EXPECT_EQ(reply.status, 404);
}

class HeldUpgrades : public ExtProcTest {
 protected:
  HeldUpgrades() {
    gate_.set_policy(R"(
resources:
  billing-api:
    http: { upstream: "http://127.0.0.1:1", host: billing.gate.example.com }
    actions: { listen: { websocket: [/v1/listen] }, read: { methods: [GET] } }
roles:
  deploy:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]
    allow: [billing-api/listen]
    session: { ttl: 15m, limits: { concurrent: 1 } }
)");
  }
  http::Headers upgrade(const std::string& protocol, const std::string& connection = "Upgrade") {
    auto all = with_token({{"upgrade", protocol}, {"connection", connection}});
    all.set(":path", "/v1/listen");
    return all;
  }
};

TEST_F(HeldUpgrades, AWebSocketHasAnActionOfItsOwnAndIsCut) {
  auto held = call(upgrade("WebSocket", "keep-alive, Upgrade"));
  ASSERT_TRUE(held->answer().has_request_headers());
  EXPECT_EQ(entry("request").string_or("action", ""), "listen");
  end_session();
  EXPECT_EQ(held->status(), "7 watchword:session_ended");
}

TEST_F(HeldUpgrades, OtherUpgradesAndHalfOnesAreRefused) {
  auto without = upgrade("websocket");
  without.remove("connection");
  auto alone = upgrade("websocket");
  alone.remove("upgrade");
  for (const auto& headers : {upgrade("h2c"), upgrade("websocket", "close"), without, alone})
    EXPECT_EQ(call(headers)->answer().immediate_response().details(), "watchword:upgrade_unsupported");
}

TEST_F(HeldUpgrades, AHeldRequestTakesAPlaceUntilItIsOver) {
  auto held = call(upgrade("websocket"));
  ASSERT_TRUE(held->answer().has_request_headers());
  EXPECT_EQ(call(upgrade("websocket"))->answer().immediate_response().details(), "watchword:limit_reached");
  held->close();
  EXPECT_EQ(held->status(), "0");
  auto next = call(upgrade("websocket"));
  EXPECT_TRUE(next->answer().has_request_headers());
  next->close();
}

}  // namespace
}  // namespace watchword::envoy
