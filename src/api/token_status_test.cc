// Introspection and revocation, over HTTP.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/endpoints.h"
#include "base/encoding.h"
#include "crypto/digest.h"
#include "http/uri.h"
#include "support/gate_fixture.h"
#include "support/http_call.h"

namespace watchword::api {
namespace {

using testing::DpopKey;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post_form;
using Fields = std::vector<std::pair<std::string, std::string>>;

const std::string kSecret = "correct horse:battery staple";
const std::string kUrl(testing::kGateUrl);

testing::GateOptions with_clients(const testing::Issuer& backend) {
  testing::GateOptions options;
  auto keys = std::make_shared<const jose::KeySet>(backend.keys());
  options.clients = {{"ledger", "sha256:" + crypto::sha256_hex(kSecret), nullptr, {"ledger"}},
                     {"billing", "", keys, {"billing-api"}},
                     {"stranger", "sha256:" + crypto::sha256_hex("other"), nullptr, {"paper"}}};
  return options;
}

std::string basic(std::string_view id, std::string_view secret) {
  return "Basic " + to_base64(as_bytes(http::percent_encode(id) + ":" + http::percent_encode(secret)));
}

class TokenStatus : public ::testing::Test {
 protected:
  TokenStatus() { add_oauth(router_, gate_.service(), gate_.clients()); }
  testing::Reply post(const std::string& path, const Fields& fields, http::Headers headers = {}) {
    return testing::call(router_, post_form(path, fields, std::move(headers)));
  }
  testing::Reply introspect(const std::string& token, const std::string& authorization = basic("ledger", kSecret)) {
    return post("/oauth/introspect", {{"token", token}}, {{"authorization", authorization}});
  }
  bool allowed(const std::string& token, const DpopKey* key = nullptr) {
    return gate_.decide(token, "ledger", "read", key).allowed();
  }
  // A private_key_jwt of the client "billing"; `change` may spoil it.
  Fields assertion(const std::function<void(Json&)>& change = [](Json&) {}) {
    auto now = to_unix(gate_.clock.now());
    auto claims = Json::object({{"iss", "billing"},
                                {"sub", "billing"},
                                {"aud", kUrl},
                                {"iat", now},
                                {"exp", now + 60},
                                {"jti", "jti-" + std::to_string(++jti_)}});
    change(claims);
    return {{"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
            {"client_assertion", backend_.mint(claims)}};
  }
  static Fields joined(Fields a, const Fields& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
  }

  testing::Issuer backend_ = testing::Issuer::make();
  testing::TestGate gate_{with_clients(backend_)};
  Router router_;
  int jti_ = 0;
};

TEST_F(TokenStatus, ShowsALiveTokenToTheBackendItIsFor) {
  auto token = gate_.access_token(gate_.id_token());
  auto reply = introspect(token);
  ASSERT_EQ(reply.status, 200) << reply.body;
  auto body = reply.json();
  EXPECT_EQ(body.find("active")->dump(), "true");
  EXPECT_EQ(body.string_or("scope", ""), "ledger/read") << "and nothing of other resources";
  EXPECT_EQ(body.string_or("iss", ""), kUrl);
  EXPECT_EQ(body.string_or("token_type", ""), "Bearer");
  EXPECT_EQ(body.find("job")->string_or("job", ""), "4711");
  EXPECT_EQ(reply.header("cache-control"), "no-store");
  EXPECT_EQ(gate_.log().back().string_or("event", ""), "introspection");
}

TEST_F(TokenStatus, SaysOnlyInactiveAboutAllElse) {
  auto token = gate_.access_token(gate_.id_token());
  auto for_billing = gate_.access_token(gate_.id_token("1"), {.scope = "billing-api/read"});
  auto revoked = gate_.access_token(gate_.id_token("2"));
  ASSERT_EQ(post("/oauth/revoke", {{"token", revoked}}, {{"authorization", "Bearer " + revoked}}).status, 200);
  auto changed = token;
  changed[changed.size() - 10] = changed[changed.size() - 10] == 'A' ? 'B' : 'A';
  introspect(token, basic("stranger", "other"));
  EXPECT_EQ(gate_.log().back().string_or("reason", ""), "client_not_permitted") << "the record says why";
  const std::pair<const char*, testing::Reply> replies[] = {
      {"no token at all", introspect("x")},     {"an ID token", introspect(gate_.id_token())},
      {"a changed token", introspect(changed)}, {"another backend's", introspect(for_billing)},
      {"a revoked one", introspect(revoked)},   {"asked by a stranger", introspect(token, basic("stranger", "other"))},
  };
  for (const auto& [name, reply] : replies) {
    EXPECT_EQ(reply.status, 200) << name;
    EXPECT_EQ(reply.body, R"({"active":false})") << name;
  }
  gate_.clock.advance(std::chrono::hours(1));
  EXPECT_EQ(introspect(token).body, R"({"active":false})") << "an expired one";
}

TEST_F(TokenStatus, RefusesClientsThatDoNotProveThemselves) {
  auto token = gate_.access_token(gate_.id_token());
  const std::pair<const char*, std::string> rows[] = {
      {"a wrong secret", basic("ledger", "wrong")},
      {"an unknown client", basic("nobody", kSecret)},
      {"a client without secret", basic("billing", "")},
      {"no colon", "Basic " + to_base64(as_bytes("ledger"))},
      {"no base64", "Basic !!"},
      {"a bearer token", "Bearer " + token},
      {"the digest instead of the secret", basic("ledger", "sha256:" + crypto::sha256_hex(kSecret))},
  };
  std::string first;
  for (const auto& [name, authorization] : rows) {
    auto reply = introspect(token, authorization);
    EXPECT_EQ(reply.status, 401) << name;
    EXPECT_EQ(reply.header("www-authenticate"), "Basic realm=\"watchword\"") << name;
    auto body = reply.json();
    EXPECT_EQ(body.string_or("error", ""), "invalid_client") << name;
    EXPECT_EQ(gate_.log().back().string_or("id", ""), body.string_or("record", "-")) << name;
    body.set("record", "");
    if (first.empty()) first = body.dump();
    EXPECT_EQ(body.dump(), first) << "the answers do not tell which clients exist: " << name;
  }
  EXPECT_EQ(post("/oauth/introspect", {{"token", token}}).status, 401);
  EXPECT_EQ(post("/oauth/introspect", {{"token", token}, {"client_id", "ledger"}, {"client_secret", kSecret}}).status,
            400);
  EXPECT_EQ(post("/oauth/introspect", {}, {{"authorization", basic("ledger", kSecret)}}).status, 400) << "no token";
  auto twice =
      post("/oauth/introspect", joined({{"token", token}}, assertion()), {{"authorization", basic("ledger", kSecret)}});
  EXPECT_EQ(twice.json().string_or("error", ""), "invalid_request") << "two client authentications";
}

TEST_F(TokenStatus, TakesAPrivateKeyJwtOnce) {
  auto token = gate_.access_token(gate_.id_token());
  auto form = joined({{"token", token}}, assertion());
  auto first = post("/oauth/introspect", form);
  EXPECT_EQ(first.json().string_or("scope", ""), "billing-api/read") << first.body;
  EXPECT_EQ(post("/oauth/introspect", form).status, 401) << "a replay";

  auto now = to_unix(gate_.clock.now());
  const std::pair<const char*, std::function<void(Json&)>> rows[] = {
      {"another audience", [](Json& c) { c.set("aud", "https://other.example.com"); }},
      {"another subject", [](Json& c) { c.set("sub", "ledger"); }},
      {"another issuer", [](Json& c) { c.set("iss", "ledger").set("sub", "ledger"); }},
      {"expired", [&](Json& c) { c.set("exp", now - 120).set("iat", now - 180); }},
      {"far too long", [&](Json& c) { c.set("exp", now + 86400); }},
      {"no jti", [](Json& c) { c.set("jti", ""); }},
      {"no exp",
       [&](Json& c) { c = Json::object({{"iss", "billing"}, {"sub", "billing"}, {"aud", kUrl}, {"jti", "x"}}); }},
  };
  for (const auto& [name, change] : rows)
    EXPECT_EQ(post("/oauth/introspect", joined({{"token", token}}, assertion(change))).status, 401) << name;
  auto other = testing::Issuer::make();
  auto claims = Json::object(
      {{"iss", "billing"}, {"sub", "billing"}, {"aud", kUrl}, {"iat", now}, {"exp", now + 60}, {"jti", "y"}});
  EXPECT_EQ(
      post("/oauth/introspect", {{"token", token},
                                 {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
                                 {"client_assertion", other.mint(claims)}})
          .status,
      401)
      << "another's key";
}

TEST_F(TokenStatus, RevokesForTheHolder) {
  auto token = gate_.access_token(gate_.id_token());
  auto other = gate_.access_token(gate_.id_token());
  EXPECT_EQ(post("/oauth/revoke", {{"token", token}}).status, 401) << "without any proof";
  EXPECT_EQ(post("/oauth/revoke", {{"token", token}}, {{"authorization", "Bearer " + other}}).status, 400)
      << "another token";
  EXPECT_TRUE(allowed(token));
  EXPECT_EQ(post("/oauth/revoke", {{"token", token}}, {{"authorization", "Bearer " + token}}).status, 200);
  EXPECT_EQ(gate_.decide(token, "ledger", "read").refusal->reason, Reason::token_revoked);
  EXPECT_TRUE(allowed(other)) << "the session goes on";
  EXPECT_EQ(gate_.log().back().string_or("event", ""), "revocation");
}

TEST_F(TokenStatus, RevokesABoundTokenOnlyWithItsProof) {
  DpopKey key, thief;
  auto token = gate_.access_token(gate_.id_token(), {.key = &key});
  auto revoke = [&](std::string authorization, const std::string& proof) {
    http::Headers headers{{"authorization", std::move(authorization)}};
    if (!proof.empty()) headers.add("dpop", proof);
    return post("/oauth/revoke", {{"token", token}}, std::move(headers));
  };
  auto now = gate_.clock.now();
  const auto url = kUrl + "/oauth/revoke";
  auto nonce = gate_.dpop().nonce(now);
  EXPECT_EQ(revoke("Bearer " + token, "").status, 400);
  EXPECT_EQ(revoke("DPoP " + token, "").status, 400);
  EXPECT_EQ(revoke("DPoP " + token, thief.proof("POST", url, now, nonce, token)).status, 400);
  auto without_nonce = revoke("DPoP " + token, key.proof("POST", url, now, "", token));
  EXPECT_EQ(without_nonce.json().string_or("error", ""), "use_dpop_nonce");
  EXPECT_EQ(without_nonce.header("dpop-nonce"), nonce);
  EXPECT_TRUE(allowed(token, &key));
  EXPECT_EQ(revoke("DPoP " + token, key.proof("POST", url, now, nonce, token)).status, 200);
  EXPECT_FALSE(allowed(token, &key));
}

TEST_F(TokenStatus, RevokesForTheBackendItIsForAndForNoOther) {
  auto token = gate_.access_token(gate_.id_token());
  auto denied = post("/oauth/revoke", {{"token", token}}, {{"authorization", basic("stranger", "other")}});
  EXPECT_EQ(denied.status, 400);
  EXPECT_EQ(denied.json().string_or("error", ""), "unauthorized_client");
  EXPECT_EQ(gate_.log().back().string_or("id", ""), denied.json().string_or("record", "-"));
  EXPECT_TRUE(allowed(token));
  EXPECT_EQ(post("/oauth/revoke", {{"token", token}}, {{"authorization", basic("ledger", kSecret)}}).status, 200);
  EXPECT_FALSE(allowed(token));
}

TEST_F(TokenStatus, AnswersTheSameForTokensThatAreNone) {
  for (const auto* token : {"x", "a.b.c"}) {
    EXPECT_EQ(post("/oauth/revoke", {{"token", token}}, {{"authorization", basic("ledger", kSecret)}}).status, 200);
    EXPECT_EQ(post("/oauth/revoke", {{"token", token}}, {{"authorization", std::string("Bearer ") + token}}).status,
              200);
  }
  EXPECT_EQ(post("/oauth/revoke", {}, {{"authorization", basic("ledger", kSecret)}}).status, 400);
}

TEST_F(TokenStatus, DoesNotAcknowledgeARevocationThatIsNotDurable) {
  auto token = gate_.access_token(gate_.id_token());
  gate_.store().fail(true);
  EXPECT_EQ(post("/oauth/revoke", {{"token", token}}, {{"authorization", "Bearer " + token}}).status, 503);
  EXPECT_FALSE(allowed(token)) << "but it is refused from now on";
}

}  // namespace
}  // namespace watchword::api
