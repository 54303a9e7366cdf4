// The same door behind Envoy: what is allowed reaches the backend without the client's credential and with no identity
// but ours; what is denied, or cannot be decided, never does.
#include "envoy/ext_authz.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

#include "base/encoding.h"
#include "crypto/digest.h"
#include "envoy/check_test_util.h"
#include "http/grpc.h"
#include "net/loop.h"
#include "support/gate_fixture.h"
#include "support/http_call.h"

namespace watchword::envoy {
namespace {

using ::testing::Contains;
using testing::DpopKey;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Reply;
using testing::TestGate;

constexpr const char* kPath = "/envoy.service.auth.v3.Authorization/Check";

std::map<std::string, std::string> overwritten(const auto& options) {
  std::map<std::string, std::string> found;
  for (const auto& option : options) {
    EXPECT_TRUE(option.has_append()) << option.header().key();
    EXPECT_FALSE(option.append().value());
    EXPECT_EQ(option.append_action(), 2);
    found[option.header().key()] = option.header().value();
  }
  return found;
}

class ExtAuthzTest : public ::testing::Test {
 protected:
  Reply grpc(const wire::CheckRequest& check) { return call(http::grpc_frame(check.SerializeAsString())); }
  Reply call(std::string body, http::Headers headers = {{"content-type", "application/grpc"}}) {
    return testing::call(*door_, {.method = "POST",
                                  .target = kPath,
                                  .headers = std::move(headers),
                                  .body = std::move(body),
                                  .authority = "gate"});
  }
  // What Envoy is told by a call that did not fail.
  wire::CheckResponse ask(const wire::CheckRequest& check) {
    const auto reply = grpc(check);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.header("content-type"), "application/grpc");
    EXPECT_EQ(reply.trailers, (http::Headers{{"grpc-status", "0"}}));
    http::GrpcMessages messages(100'000);
    messages.feed(reply.body);
    wire::CheckResponse response;
    EXPECT_TRUE(response.ParseFromString(messages.next().value().value_or("")));
    return response;
  }
  wire::CheckRequest with(std::initializer_list<std::pair<std::string, std::string>> headers) {
    auto check = envoys_check();
    for (const auto& [name, value] : headers) (*http_of(check).mutable_headers())[name] = value;
    return check;
  }
  wire::CheckRequest with_token() { return with({{"authorization", "Bearer " + token()}}); }
  const std::string& token() {
    if (token_.empty()) token_ = gate_.access_token(gate_.id_token());
    return token_;
  }
  // In the HTTP form.
  Reply get(std::string target, http::Headers headers = {}) {
    return testing::call(*http_door_,
                         {.target = std::move(target), .headers = std::move(headers), .authority = "billing.test"});
  }
  // The last request's record.
  Json record() {
    const auto log = gate_.log();
    return log.back();
  }

  TestGate gate_;
  access::Assertions assertions_{std::string(testing::kGateUrl), gate_.keys()};
  std::unique_ptr<ExtAuthz> door_ =
      ExtAuthz::make(gate_.service(), assertions_, access::RequestRecords::sync, CheckForm::grpc);
  std::unique_ptr<ExtAuthz> http_door_ =
      ExtAuthz::make(gate_.service(), assertions_, access::RequestRecords::sync, CheckForm::http);
  std::string token_;
};

TEST_F(ExtAuthzTest, AnAllowedRequestCarriesTheAssertionAndLosesTheToken) {
  const auto response = ask(with_token());
  ASSERT_TRUE(response.has_ok_response()) << response.denied_response().body();
  EXPECT_EQ(response.status().code(), 0);
  const auto set = overwritten(response.ok_response().headers());
  EXPECT_EQ(std::ranges::count(set.at("watchword-assertion"), '.'), 2) << "a JWT";
  EXPECT_EQ(set.at("x-forwarded-host"), "billing.gate.example.com");
  EXPECT_TRUE(set.contains("traceparent"));
  EXPECT_TRUE(set.contains("x-request-id"));
  EXPECT_FALSE(set.contains(":path"));
  EXPECT_THAT(response.ok_response().headers_to_remove(), Contains("authorization"));
  EXPECT_THAT(response.ok_response().headers_to_remove(), Contains("dpop"));
  EXPECT_THAT(response.ok_response().headers_to_remove(), Not(Contains("watchword-assertion")));
}

TEST_F(ExtAuthzTest, NoClientTellsTheBackendWhoItIs) {
  auto check = with_token();
  const std::vector<std::string> forged = {"x-watchword-role", "x_watchword_job",  "x-remote-user",
                                           "x-forwarded-user", "impersonate-user", "x-auth-request-email",
                                           "x-original-url"};
  for (const auto& name : forged) (*http_of(check).mutable_headers())[name] = "forged";
  for (const auto* name : {"watchword-assertion", "x-forwarded-host", "traceparent", "x-forwarded-proto", "accept"})
    (*http_of(check).mutable_headers())[name] = "forged";
  const auto response = ask(check);
  const auto set = overwritten(response.ok_response().headers());
  EXPECT_NE(set.at("watchword-assertion"), "forged");
  EXPECT_NE(set.at("x-forwarded-host"), "forged");
  EXPECT_NE(set.at("traceparent"), "forged");
  for (const auto& name : forged) EXPECT_THAT(response.ok_response().headers_to_remove(), Contains(name));
  for (const auto* name : {"x-forwarded-proto", "accept"})
    EXPECT_THAT(response.ok_response().headers_to_remove(), Not(Contains(name))) << "Envoy's, and the client's";
}

TEST_F(ExtAuthzTest, TheDecisionIsOnRecordAndInTheMetadata) {
  const auto response = ask(with_token());
  auto metadata = response.dynamic_metadata().fields();
  const auto entry = record();
  EXPECT_EQ(entry.string_or("event", ""), "request");
  EXPECT_EQ(entry.string_or("decision", ""), "allow");
  EXPECT_EQ(entry.string_or("path", ""), "/v1/invoices");
  EXPECT_EQ(entry.string_or("peer", ""), "192.0.2.7:4242");
  EXPECT_EQ(entry.find("detail")->string_or("via", ""), "envoy");
  EXPECT_EQ(metadata["decision"].string_value(), "allow");
  EXPECT_EQ(metadata["record"].string_value(), entry.string_or("id", "?"));
  EXPECT_EQ(metadata["session"].string_value(), entry.string_or("session", "?"));
  EXPECT_EQ(metadata["resource"].string_value(), "billing-api");
  EXPECT_EQ(metadata["action"].string_value(), "read");
}

TEST_F(ExtAuthzTest, GitMayShowItsTokenAsAPasswordAndIsAskedForIt) {
  const auto password = "Basic " + to_base64(as_bytes("x:" + token()));
  const auto asked_for = [&](const wire::CheckRequest& check) {
    return overwritten(ask(check).denied_response().headers())["www-authenticate"];
  };
  EXPECT_EQ(asked_for(with({{"authorization", password}})), "Bearer, DPoP") << "of an API";
  std::string text(testing::kPolicy);
  text.insert(text.find("host: billing"), "kind: git, ");
  gate_.set_policy(text);
  const auto response = ask(with({{"authorization", password}}));
  ASSERT_TRUE(response.has_ok_response()) << response.denied_response().body();
  EXPECT_THAT(response.ok_response().headers_to_remove(), Contains("authorization"));
  EXPECT_EQ(record().string_or("token_sha256", ""), crypto::sha256_hex(token()));
  EXPECT_EQ(get("/authz/billing-api/v1/x", {{"authorization", password}}).status, 200) << "in the HTTP form";
  EXPECT_EQ(asked_for(envoys_check()), R"(Basic realm="watchword", Bearer, DPoP)");
}

TEST_F(ExtAuthzTest, ADenialTellsTheClientWhatTheGatewayWould) {
  auto check = with_token();
  (*http_of(check).mutable_headers())[":method"] = "DELETE";
  http_of(check).set_method("DELETE");
  const auto response = ask(check);
  EXPECT_EQ(response.status().code(), 7);
  EXPECT_FALSE(response.has_ok_response());
  const auto& denied = response.denied_response();
  EXPECT_EQ(denied.status().code(), 403);
  auto headers = overwritten(denied.headers());
  EXPECT_EQ(headers["content-type"], "application/problem+json");
  EXPECT_EQ(headers["cache-control"], "no-store");
  EXPECT_EQ(headers["strict-transport-security"], "max-age=31536000");
  const auto problem = parse_json(denied.body()).value();
  EXPECT_EQ(problem.string_or("reason", ""), "not_permitted");
  EXPECT_THAT(problem.string_or("you_are", ""), HasSubstr("acme/billing"));
  EXPECT_EQ(problem.string_or("record", ""), record().string_or("id", "?"));
  EXPECT_EQ(record().string_or("decision", ""), "deny");
  (*http_of(check).mutable_headers())[":scheme"] = "http";
  http_of(check).set_scheme("http");
  EXPECT_FALSE(overwritten(ask(check).denied_response().headers()).contains("strict-transport-security"));
}

TEST_F(ExtAuthzTest, WithoutATokenTheClientIsChallenged) {
  const auto response = ask(envoys_check());
  EXPECT_EQ(response.status().code(), 16);
  EXPECT_EQ(response.denied_response().status().code(), 401);
  EXPECT_EQ(overwritten(response.denied_response().headers())["www-authenticate"], "Bearer, DPoP");
  EXPECT_THAT(response.denied_response().body(), HasSubstr("token_missing"));
}

TEST_F(ExtAuthzTest, AClientThatSpeaksGrpcIsToldSo) {
  const auto response = ask(with({{"content-type", "application/grpc"}}));
  const auto& denied = response.denied_response();
  EXPECT_EQ(denied.status().code(), 401) << "Envoy makes 200 of it";
  EXPECT_EQ(denied.body(), "");
  auto headers = overwritten(denied.headers());
  EXPECT_EQ(headers["content-type"], "application/grpc");
  EXPECT_EQ(headers["grpc-status"], "16");
  EXPECT_THAT(headers["grpc-message"], HasSubstr("token_missing"));
}

TEST_F(ExtAuthzTest, TwoTokensAreNone) {
  const auto response = ask(with({{"authorization", "Bearer " + token() + ",Bearer " + token()}}));
  EXPECT_EQ(response.denied_response().status().code(), 400);
  EXPECT_THAT(response.denied_response().body(), HasSubstr("request_invalid"));
}

TEST_F(ExtAuthzTest, AProofIsForTheUrlThatTheClientCalled) {
  const DpopKey key;
  const auto bound = gate_.access_token(gate_.id_token("4713", "acme/tools"), {.key = &key});
  const auto ask_for = [&](const std::string& url) {
    const auto now = gate_.clock.now();
    auto check = with({{"authorization", "DPoP " + bound},
                       {"dpop", key.proof("GET", url, now, gate_.dpop().nonce(now), bound)},
                       {":path", "/ledger/x?page=2"}});
    http_of(check).set_path("/ledger/x?page=2");
    (*check.mutable_attributes()->mutable_context_extensions())["watchword.resource"] = "ledger";
    return ask(check);
  };
  EXPECT_TRUE(ask_for("https://billing.gate.example.com/ledger/x").has_ok_response());
  EXPECT_THAT(ask_for("https://gate.example.com/ledger/x").denied_response().body(), HasSubstr("dpop_invalid"));
  EXPECT_THAT(ask_for("http://billing.gate.example.com/ledger/x").denied_response().body(), HasSubstr("dpop_invalid"));
}

TEST_F(ExtAuthzTest, AProofWithoutNonceIsToldTheNonce) {
  const DpopKey key;
  const auto bound = gate_.access_token(gate_.id_token("4713", "acme/tools"), {.key = &key});
  auto check =
      with({{"authorization", "DPoP " + bound},
            {"dpop", key.proof("GET", "https://billing.gate.example.com/v1/invoices", gate_.clock.now(), "", bound)}});
  const auto response = ask(check);
  auto headers = overwritten(response.denied_response().headers());
  EXPECT_EQ(headers["dpop-nonce"], gate_.dpop().nonce(gate_.clock.now()));
  EXPECT_EQ(headers["www-authenticate"], R"(DPoP error="use_dpop_nonce")");
}

wire::CheckRequest at_path(wire::CheckRequest check, const std::string& path) {
  http_of(check).set_path(path);
  (*http_of(check).mutable_headers())[":path"] = path;
  return check;
}

TEST_F(ExtAuthzTest, APathWithTwoReadingsIsRefused) {
  for (const auto* path :
       {"/v1/../admin", "/v1/%2e%2e/admin", "/v1/a%2fb", "//v1/x", "/v1/x;y", "/v1/%00", "/v1\\x", "/v1/%252e"}) {
    const auto response = ask(at_path(with_token(), path));
    EXPECT_EQ(response.denied_response().status().code(), 400) << path;
    EXPECT_THAT(response.denied_response().body(), HasSubstr("path_ambiguous")) << path;
  }
}

TEST_F(ExtAuthzTest, TheBackendGetsThePathThatPolicyHasRead) {
  const auto response = ask(at_path(with_token(), "/v1/%69nvoices/%c3%bc?q=%69"));
  EXPECT_EQ(overwritten(response.ok_response().headers())[":path"], "/v1/invoices/%C3%BC?q=%69");
}

void add_raw(wire::HeaderMap& map, const std::string& name, const std::string& value) {
  auto& header = *map.add_headers();
  header.set_key(name);
  header.set_raw_value(value);
}

TEST_F(ExtAuthzTest, AnUpgradeIsRefusedAsItsEndCouldNotBeToldToEnvoy) {
  const std::vector<http::Headers> spellings = {{{"connection", "upgrade"}, {"upgrade", "websocket"}},
                                                {{"connection", "keep-alive, Upgrade"}, {"upgrade", "h2c"}},
                                                {{"connection", "keep-alive"}, {"connection", "UPGRADE ,te"}},
                                                {{"connection", "upgrade"}},
                                                {{"upgrade", "WebSocket"}},
                                                {{"upgrade", ""}}};
  for (const auto& spelling : spellings) {
    auto check = with_token();
    http::Headers headers = {{"authorization", "Bearer " + token()}};
    auto& raw = *http_of(check).mutable_header_map();
    for (const auto& [name, value] : http_of(check).headers()) add_raw(raw, name, value);
    http_of(check).clear_headers();
    for (const auto& [name, value] : spelling) {
      add_raw(raw, name, value);
      headers.add(name, value);
    }
    const auto shown = (spelling.begin()->name + ": ").append(spelling.begin()->value);
    const auto response = ask(check);
    EXPECT_EQ(response.denied_response().status().code(), 501) << shown;
    EXPECT_THAT(response.denied_response().body(), HasSubstr("upgrade_unsupported")) << shown;
    const auto reply = get("/authz/billing-api/v1/invoices", headers);
    EXPECT_EQ(reply.status, 501) << shown;
    EXPECT_THAT(reply.body, HasSubstr("upgrade_unsupported")) << shown;
  }
  EXPECT_THAT(ask(with({{":protocol", "websocket"}, {"authorization", "Bearer " + token()}})).denied_response().body(),
              HasSubstr("upgrade_unsupported"));
}

TEST_F(ExtAuthzTest, ARouteThatNamesNoResourceIsAnErrorAndNoDenial) {
  auto check = with_token();
  check.mutable_attributes()->clear_context_extensions();
  const auto reply = grpc(check);
  EXPECT_EQ(reply.header("grpc-status"), "13");
  EXPECT_THAT(reply.header("grpc-message"), HasSubstr("route_without_resource"));
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(record().string_or("decision", ""), "error");
}

TEST_F(ExtAuthzTest, AResourceThatPolicyDoesNotHaveIsDenied) {
  auto check = with_token();
  (*check.mutable_attributes()->mutable_context_extensions())["watchword.resource"] = "gone";
  EXPECT_THAT(ask(check).denied_response().body(), HasSubstr("resource_unknown"));
}

TEST_F(ExtAuthzTest, ARequestThatCannotBeRecordedIsAnErrorAndNeverAnAllow) {
  const auto check = with_token();
  gate_.store().fail(true);
  const auto reply = grpc(check);
  EXPECT_EQ(reply.header("grpc-status"), "14");
  EXPECT_THAT(reply.header("grpc-message"), HasSubstr("store_unavailable"));
  EXPECT_EQ(reply.body, "");
}

TEST_F(ExtAuthzTest, AnEndedSessionIsRefusedFromThatMomentOn) {
  const auto session = gate_.exchange(gate_.id_token("4720")).value();
  const auto check = with({{"authorization", "Bearer " + session.access_token}});
  EXPECT_TRUE(ask(check).has_ok_response());
  ASSERT_TRUE(net::run_blocking(gate_.service().end_session(gate_.session(session.session),
                                                            access::SessionEnd::job_ended, "", access::Origin{})));
  const auto response = ask(check);
  EXPECT_EQ(response.denied_response().status().code(), 401);
  EXPECT_THAT(response.denied_response().body(), HasSubstr("session_ended"));
}

TEST_F(ExtAuthzTest, ASessionsRateCountsHereToo) {
  std::string policy(testing::kPolicy);
  policy.replace(policy.find("ttl: 15m"), 0, "limits: { rate: 2/m }, ");
  gate_.set_policy(policy);
  const auto check = with_token();
  EXPECT_TRUE(ask(check).has_ok_response());
  EXPECT_TRUE(ask(check).has_ok_response());
  const auto response = ask(check);
  EXPECT_EQ(response.denied_response().status().code(), 429);
  EXPECT_TRUE(overwritten(response.denied_response().headers()).contains("retry-after"));
  EXPECT_EQ(record().string_or("reason", ""), "limit_reached");
}

TEST_F(ExtAuthzTest, AHeaderThatTheResourceInjectsIsNotTheClients) {
  std::string policy(testing::kPolicy);
  policy.replace(policy.find("host: billing"), 0, "inject: [{ header: x-api-key, secret: env:KEY }], ");
  gate_.set_policy(policy);
  EXPECT_THAT(ask(with_token()).ok_response().headers_to_remove(), Contains("x-api-key"));
}

// Its answers would reach the client as they are, whatever Envoy was configured to.
TEST_F(ExtAuthzTest, AResourceWhoseAnswersAreMaskedIsAnErrorHere) {
  const auto check = with_token();
  std::string policy(testing::kPolicy);
  policy.replace(policy.find("host: billing"), 0,
                 "inject: [{ header: x-api-key, secret: env:KEY }], response: { redact: true }, ");
  gate_.set_policy(policy);
  const auto reply = grpc(check);
  EXPECT_NE(reply.header("grpc-status"), "0");
  EXPECT_TRUE(reply.body.empty()) << "no answer that could be an allow";
  EXPECT_EQ(record().string_or("reason", ""), "config_invalid");
  EXPECT_GE(get("/authz/billing-api/v1/invoices", {{"authorization", "Bearer " + token()}}).status, 500);
}

TEST_F(ExtAuthzTest, WhatIsNoCallOfCheckIsAnError) {
  EXPECT_EQ(call("").header("grpc-status"), "3");
  EXPECT_EQ(call(http::grpc_frame("\xff\xff")).header("grpc-status"), "3");
  EXPECT_EQ(call(http::grpc_frame(std::string(600'000, 'x'))).header("grpc-status"), "8");
  EXPECT_EQ(call(http::grpc_frame(with_token().SerializeAsString()), {{"content-type", "application/json"}}).status,
            404);
  const auto other = testing::call(*door_, {.method = "POST",
                                            .target = "/envoy.service.auth.v3.Authorization/Other",
                                            .headers = {{"content-type", "application/grpc"}}});
  EXPECT_EQ(other.status, 404);
}

// A status of 200 is an allow where Envoy asks in the HTTP form, whatever else the answer says.
TEST_F(ExtAuthzTest, ACallOverGrpcIsNeverAnAllowOfTheHttpForm) {
  const http::Headers grpc = {{"content-type", "application/grpc"}, {"authorization", "Bearer " + token()}};
  for (const auto* target :
       {"/", "/v1/x", "/auth/billing-api/acme.Billing/Get", "/envoy.service.auth.v3.Authorization/Check",
        "/envoy.service.auth.v3.Authorization/Other"})
    EXPECT_EQ(testing::call(*http_door_, {.method = "POST", .target = target, .headers = grpc}).status, 404) << target;
  EXPECT_EQ(testing::call(*door_, {.target = "/authz/billing-api/v1/x", .headers = grpc}).status, 404);
}

TEST_F(ExtAuthzTest, TheHttpFormAllowsWith200AndNamesWhatToRemove) {
  const auto reply = get("/authz/billing-api/v1/invoices?page=2",
                         {{"authorization", "Bearer " + token()}, {"x-watchword-role", "forged"}});
  EXPECT_EQ(reply.status, 200);
  EXPECT_NE(reply.header("watchword-assertion"), "");
  EXPECT_EQ(reply.header("x-watchword-record"), record().string_or("id", "?"));
  const auto removed = "," + reply.header("x-envoy-auth-headers-to-remove") + ",";
  for (const auto* name : {",authorization,", ",dpop,", ",x-watchword-role,", ",x-real-ip,"})
    EXPECT_THAT(removed, HasSubstr(name));
  EXPECT_THAT(removed, Not(HasSubstr(",watchword-assertion,")));
}

TEST_F(ExtAuthzTest, TheHttpFormNeverSays200ToWhatIsNotAllowed) {
  EXPECT_EQ(get("/authz/billing-api/v1/x").status, 401);
  EXPECT_EQ(get("/authz/billing-api/v1/x", {{"content-type", "application/grpc"}}).status, 401);
  EXPECT_EQ(get("/authz/gone/v1/x", {{"authorization", "Bearer " + token()}}).status, 403);
  EXPECT_EQ(get("/authz/billing-api/../v1/x", {{"authorization", "Bearer " + token()}}).status, 400);
  EXPECT_EQ(get("/authz/billing-api").status, 500);
  EXPECT_EQ(get("/authz//v1/x", {{"authorization", "Bearer " + token()}}).status, 500);
  const auto spelled = get("/authz/billing-api/v1/%69nvoices", {{"authorization", "Bearer " + token()}});
  EXPECT_EQ(spelled.status, 400) << "Envoy cannot be told another path";
  EXPECT_THAT(spelled.body, HasSubstr("path_ambiguous"));
  gate_.store().fail(true);
  EXPECT_EQ(get("/authz/billing-api/v1/x", {{"authorization", "Bearer " + token()}}).status, 503);
}

}  // namespace
}  // namespace watchword::envoy
