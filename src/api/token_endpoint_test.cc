// The token endpoint, from the form to the answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/endpoints.h"
#include "api/oauth_error.h"
#include "base/encoding.h"
#include "support/gate_fixture.h"
#include "support/http_call.h"

namespace watchword::api {
namespace {

using testing::Call;
using testing::DpopKey;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::post_form;
using Fields = std::vector<std::pair<std::string, std::string>>;

constexpr std::string_view kGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
constexpr std::string_view kIdToken = "urn:ietf:params:oauth:token-type:id_token";

class TokenEndpoint : public ::testing::Test {
 protected:
  TokenEndpoint() { add_oauth(router_, gate_.service(), gate_.clients()); }

  Fields form(std::string token) {
    return {{"grant_type", std::string(kGrant)},
            {"subject_token_type", std::string(kIdToken)},
            {"subject_token", std::move(token)}};
  }
  // The good form of a job of acme/billing, with `more` instead of or beside what it holds; an empty value removes.
  Fields form_with(const Fields& more) {
    auto fields = form(gate_.id_token());
    for (const auto& [name, value] : more) {
      std::erase_if(fields,
                    [&](const auto& field) { return field.first == name && name != "audience" && name != "resource"; });
      if (!value.empty()) fields.emplace_back(name, value);
    }
    return fields;
  }
  testing::Reply post(const Fields& fields, http::Headers headers = {}) {
    return testing::call(router_, post_form("/oauth/token", fields, std::move(headers)));
  }
  Json claims_of(const std::string& token) {
    auto dot = token.find('.');
    return parse_json(*from_base64url(std::string_view(token).substr(dot + 1, token.rfind('.') - dot - 1))).value();
  }

  testing::TestGate gate_;
  Router router_;
};

TEST_F(TokenEndpoint, TurnsAnIdTokenIntoAJobBoundAccessToken) {
  auto reply = post(form(gate_.id_token()));
  ASSERT_EQ(reply.status, 200) << reply.body;
  auto body = reply.json();
  EXPECT_EQ(body.string_or("token_type", ""), "Bearer");
  EXPECT_EQ(body.string_or("issued_token_type", ""), "urn:ietf:params:oauth:token-type:access_token");
  EXPECT_EQ(*body.find_integer("expires_in"), 900);
  EXPECT_EQ(body.string_or("scope", ""), "billing-api/read ledger/read");
  EXPECT_EQ(reply.header("cache-control"), "no-store");
  EXPECT_EQ(reply.header("pragma"), "no-cache");
  EXPECT_FALSE(reply.header("dpop-nonce").empty());

  auto claims = claims_of(std::string(body.string_or("access_token", "")));
  EXPECT_EQ(claims.string_or("iss", ""), testing::kGateUrl);
  EXPECT_EQ(claims.string_or("sid", ""), body.string_or("session", ""));
  EXPECT_EQ(claims.string_or("scope", ""), "billing-api/read ledger/read");
  EXPECT_EQ(claims.find("job")->string_or("project", ""), "acme/billing");
  EXPECT_EQ(claims.find("job")->string_or("job", ""), "4711");
  EXPECT_EQ(gate_.log().back().string_or("id", ""), body.string_or("record", "-"));
}

TEST_F(TokenEndpoint, NarrowsByScopeAudienceAndResource) {
  const struct {
    const char* name;
    Fields fields;
    const char *audience, *scope;
  } rows[] = {
      {"scope", {{"scope", "ledger/read"}}, R"("ledger")", "ledger/read"},
      {"scope not granted now stays asked for",
       {{"scope", "billing-api/read billing-api/write"}},
       R"("billing-api")",
       "billing-api/read"},
      {"audience", {{"audience", "ledger"}}, R"("ledger")", "ledger/read"},
      {"two audiences",
       {{"audience", "ledger"}, {"audience", "billing-api"}},
       R"(["billing-api","ledger"])",
       "billing-api/read ledger/read"},
      {"resource by host", {{"resource", "https://billing.gate.example.com"}}, R"("billing-api")", "billing-api/read"},
      {"resource by host, with path and port",
       {{"resource", "https://billing.gate.example.com:8444/v1"}},
       R"("billing-api")",
       "billing-api/read"},
      {"resource by prefix", {{"resource", "https://gate.example.com/ledger"}}, R"("ledger")", "ledger/read"},
      {"audience and resource",
       {{"audience", "ledger"}, {"resource", "https://billing.gate.example.com"}},
       R"(["billing-api","ledger"])",
       "billing-api/read ledger/read"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    auto reply = post(form_with(row.fields));
    ASSERT_EQ(reply.status, 200) << reply.body;
    auto claims = claims_of(std::string(reply.json().string_or("access_token", "")));
    EXPECT_EQ(claims.find("aud")->dump(), row.audience);
    EXPECT_EQ(claims.string_or("scope", ""), row.scope);
  }
}

TEST_F(TokenEndpoint, KeepsAnOfferedJobTokenInMemoryUntilTheSessionEnds) {
  auto& tokens = gate_.service().job_tokens();
  const auto offer = [&](std::string token) { return post(form_with({{"ci_job_token", std::move(token)}})); };
  EXPECT_EQ(offer("glcbt-s3cret").json().string_or("reason", ""), "request_invalid") << "nobody can be asked with it";
  tokens.accept_from({"gitlab"});
  for (const auto& wrong : {std::string(4097, 'a'), std::string("glcbt-s3cret\r\nX: y"), std::string("glcbt s3cret")}) {
    const auto refused = offer(wrong);
    EXPECT_EQ(refused.json().string_or("reason", ""), "request_invalid");
    EXPECT_THAT(refused.body, Not(HasSubstr("s3cret")));
  }
  EXPECT_FALSE(tokens.find("gitlab", "4711"));

  ASSERT_EQ(offer("glcbt-s3cret").status, 200);
  ASSERT_TRUE(tokens.find("gitlab", "4711"));
  EXPECT_EQ(tokens.find("gitlab", "4711")->reveal(), "glcbt-s3cret");
  ASSERT_EQ(offer(std::string(4096, 'a')).status, 200);
  EXPECT_EQ(tokens.find("gitlab", "4711")->reveal().size(), 4096U) << "the newest counts";

  const auto session = gate_.sessions().find_job("gitlab", "4711");
  gate_.service().end_job("gitlab", session->principal().machine()->runs_in(), "4711");
  ASSERT_TRUE(session->ended());
  EXPECT_FALSE(tokens.find("gitlab", "4711"));
  EXPECT_NE(offer("glcbt-s3cret").status, 200);
  EXPECT_FALSE(tokens.find("gitlab", "4711"));
  for (const auto& entry : gate_.log()) EXPECT_THAT(entry.dump(), Not(HasSubstr("s3cret")));
}

TEST_F(TokenEndpoint, RefusesWhatIsNoTokenExchange) {
  const std::string type = "urn:ietf:params:oauth:token-type:";
  const struct {
    const char* name;
    Fields fields;
    const char *error, *reason;
  } rows[] = {
      {"no grant type", {{"grant_type", ""}}, "invalid_request", "request_invalid"},
      {"another grant type",
       {{"grant_type", "client_credentials"}},
       "unsupported_grant_type",
       "grant_type_unsupported"},
      {"no subject token", {{"subject_token", ""}}, "invalid_request", "request_invalid"},
      {"no subject token type", {{"subject_token_type", ""}}, "invalid_request", "request_invalid"},
      {"a refresh token",
       {{"subject_token_type", type + "refresh_token"}},
       "invalid_request",
       "token_type_unsupported"},
      {"an access token as subject",
       {{"subject_token_type", type + "access_token"}},
       "invalid_request",
       "token_type_unsupported"},
      {"a refresh token wanted",
       {{"requested_token_type", type + "refresh_token"}},
       "invalid_request",
       "token_type_unsupported"},
      {"an actor", {{"actor_token", "x"}}, "invalid_request", "request_invalid"},
      {"an actor's type", {{"actor_token_type", type + "jwt"}}, "invalid_request", "request_invalid"},
      {"a client secret", {{"client_secret", "hunter2"}}, "invalid_request", "request_invalid"},
      {"a bad scope", {{"scope", "billing-api"}}, "invalid_scope", "scope_invalid"},
      {"a resource that is no URI", {{"resource", "billing-api"}}, "invalid_target", "resource_unknown"},
      {"a resource with a fragment",
       {{"resource", "https://billing.gate.example.com/#x"}},
       "invalid_target",
       "resource_unknown"},
      {"a resource that nobody has", {{"resource", "https://other.example.com"}}, "invalid_target", "resource_unknown"},
      {"a prefix on another host",
       {{"resource", "https://other.example.com/ledger"}},
       "invalid_target",
       "resource_unknown"},
      {"a resource over http", {{"resource", "http://billing.gate.example.com"}}, "invalid_target", "resource_unknown"},
      {"an audience that nobody has", {{"audience", "paper"}}, "invalid_target", "resource_unknown"},
      {"one good audience, one unknown",
       {{"audience", "ledger"}, {"audience", "paper"}},
       "invalid_target",
       "resource_unknown"},
      {"an unknown action", {{"scope", "ledger/burn"}}, "invalid_scope", "action_unknown"},
      {"an action that no role has", {{"scope", "billing-api/delete"}}, "invalid_request", "not_permitted"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    auto reply = post(form_with(row.fields));
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(reply.json().string_or("error", ""), row.error) << reply.body;
    EXPECT_EQ(reply.json().string_or("reason", ""), row.reason) << reply.body;
    EXPECT_FALSE(reply.header("dpop-nonce").empty());
    EXPECT_EQ(reply.header("cache-control"), "no-store");
    EXPECT_THAT(reply.body, Not(HasSubstr("hunter2")));
  }
}

TEST_F(TokenEndpoint, ReadsTheFormStrictly) {
  auto good = post_form("/oauth/token", form(gate_.id_token()));
  auto changed = [&](const std::function<void(Call&)>& change) {
    auto call = good;
    change(call);
    return testing::call(router_, call);
  };
  const struct {
    const char* name;
    std::function<void(Call&)> change;
    int status;
  } rows[] = {
      {"as it is", [](Call&) {}, 200},
      {"with a charset",
       [](Call& c) { c.headers.set("content-type", "application/x-www-form-urlencoded; charset=UTF-8"); }, 200},
      {"no content type", [](Call& c) { c.headers.remove("content-type"); }, 400},
      {"two content types", [](Call& c) { c.headers.add("content-type", "application/x-www-form-urlencoded"); }, 400},
      {"JSON", [](Call& c) { c.headers.set("content-type", "application/json"); }, 400},
      {"multipart", [](Call& c) { c.headers.set("content-type", "multipart/form-data; boundary=x"); }, 400},
      {"latin-1", [](Call& c) { c.headers.set("content-type", "application/x-www-form-urlencoded; charset=latin-1"); },
       400},
      {"compressed", [](Call& c) { c.headers.set("content-encoding", "gzip"); }, 400},
      {"parameters in the URL", [](Call& c) { c.target += "?scope=ledger/read"; }, 400},
      {"a parameter twice", [](Call& c) { c.body += "&scope=ledger%2Fread&scope=billing-api%2Fread"; }, 400},
      {"an unknown parameter", [](Call& c) { c.body += "&flavour=sweet"; }, 200},
      {"an empty one", [](Call& c) { c.body += "&scope="; }, 200},
      {"a client id", [](Call& c) { c.body += "&client_id=ci"; }, 200},
      {"an Authorization header", [](Call& c) { c.headers.add("authorization", "Basic eDp5"); }, 400},
      {"a bad escape", [](Call& c) { c.body += "&x=%zz"; }, 400},
      {"64 KiB and more", [](Call& c) { c.body += "&x=" + std::string(70'000, 'x'); }, 413},
      {"no body", [](Call& c) { c.body.clear(); }, 400},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    auto reply = changed(row.change);
    EXPECT_EQ(reply.status, row.status) << reply.body;
    if (row.status != 200) EXPECT_EQ(reply.json().string_or("error", ""), "invalid_request");
  }
  EXPECT_EQ(changed([](Call& c) { c.method = "GET"; }).status, 405);
}

// A caller that nobody verified learns the reason and the record, and nothing of what the gate knows.
TEST_F(TokenEndpoint, TellsAnUnverifiedCallerOnlyTheReason) {
  auto stranger = testing::Issuer::make();
  const struct {
    const char* name;
    std::string token;
    const char* reason;
  } rows[] = {
      {"text", "x.y.z", "token_malformed"},
      {"an unknown issuer",
       gate_.issuer.mint(testing::gitlab_claims(gate_.clock.now()).set("iss", "https://evil.example.net")),
       "issuer_unknown"},
      {"another's signature", stranger.mint(testing::gitlab_claims(gate_.clock.now())), "signature_invalid"},
      {"another audience", gate_.id_token([](Json& c) { c.set("aud", "https://other.example.com"); }),
       "audience_mismatch"},
      {"long expired", gate_.id_token([](Json& c) {
         c.set("exp", *c.find_integer("iat") - 4000).set("iat", *c.find_integer("iat") - 8000).set("nbf", 0);
       }),
       "token_expired"},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.name);
    auto reply = post(form(row.token));
    EXPECT_EQ(reply.status, 400);
    auto body = reply.json();
    EXPECT_EQ(body.string_or("error", ""), "invalid_request");
    EXPECT_EQ(body.string_or("reason", ""), row.reason) << reply.body;
    for (const auto* hidden : {"found", "expected", "you_are", "role", "rule"})
      EXPECT_EQ(body.find(hidden), nullptr) << hidden;
    EXPECT_THAT(reply.body, Not(HasSubstr("gitlab.example.com")));
    auto entry = gate_.log().back();
    EXPECT_EQ(entry.string_or("id", ""), body.string_or("record", "-"));
    EXPECT_EQ(entry.string_or("decision", ""), "deny");
    EXPECT_EQ(entry.string_or("reason", ""), row.reason);
  }
}

TEST_F(TokenEndpoint, TellsAVerifiedCallerWhyAndWhatToDo) {
  gate_.set_policy(std::string(testing::kPolicy) + R"(
deny:
  - name: freeze
    permission: ledger/read
    why: the ledger is frozen until Monday
)");
  auto reply = post(form_with({{"scope", "ledger/read"}}));
  auto body = reply.json();
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(body.string_or("error", ""), "invalid_request");
  EXPECT_EQ(body.string_or("reason", ""), "denied_by_rule") << reply.body;
  EXPECT_THAT(std::string(body.string_or("you_are", "")), HasSubstr("acme/billing job 4711"));
  EXPECT_THAT(std::string(body.string_or("rule", "")), HasSubstr("policy.yaml:"));
  EXPECT_THAT(std::string(body.string_or("found", "")), HasSubstr("frozen until Monday"));
  EXPECT_FALSE(body.string_or("fix", "").empty());
}

TEST_F(TokenEndpoint, GivesATokenThatMayRiseWhenAFactIsMissing) {
  auto reply = post(form_with({{"scope", "billing-api/write"}}));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json().string_or("scope", "-"), "") << "nothing is allowed yet";
  auto token = std::string(reply.json().string_or("access_token", ""));
  EXPECT_EQ(claims_of(token).string_or("limit", ""), "billing-api/write");
  EXPECT_EQ(gate_.decide(token, "billing-api", "write").refusal->reason, Reason::context_unknown);
  EXPECT_EQ(gate_.decide(token, "billing-api", "read").refusal->reason, Reason::scope_not_in_token);
}

TEST_F(TokenEndpoint, PutsNoTokenIntoAnyAnswerOrRecord) {
  auto token = gate_.id_token([](Json& c) { c.set("aud", "https://other.example.com"); });
  auto refused = post(form(token));
  auto given = gate_.id_token();
  auto allowed = post(form(given));
  EXPECT_THAT(refused.body, Not(HasSubstr(token.substr(token.rfind('.')))));
  for (const auto& entry : gate_.log()) {
    EXPECT_THAT(entry.dump(), Not(HasSubstr(token.substr(token.rfind('.')))));
    EXPECT_THAT(entry.dump(), Not(HasSubstr(given.substr(given.rfind('.')))));
    auto minted = std::string(allowed.json().string_or("access_token", "?"));
    EXPECT_THAT(entry.dump(), Not(HasSubstr(minted.substr(minted.rfind('.')))));
  }
}

TEST_F(TokenEndpoint, BindsTheTokenToADpopKey) {
  DpopKey key;
  const std::string url = std::string(testing::kGateUrl) + "/oauth/token";
  auto now = gate_.clock.now();
  auto first = post(form(gate_.id_token()), {{"dpop", key.proof("POST", url, now, "")}});
  EXPECT_EQ(first.status, 400);
  EXPECT_EQ(first.json().string_or("error", ""), "use_dpop_nonce");
  auto nonce = first.header("dpop-nonce");
  auto second = post(form(gate_.id_token()), {{"dpop", key.proof("POST", url, now, nonce)}});
  ASSERT_EQ(second.status, 200) << second.body;
  EXPECT_EQ(second.json().string_or("token_type", ""), "DPoP");
  auto claims = claims_of(std::string(second.json().string_or("access_token", "")));
  EXPECT_EQ(claims.find("cnf")->string_or("jkt", ""), key.thumbprint());

  auto proof = key.proof("POST", url, now, nonce);
  auto two = post(form(gate_.id_token()), {{"dpop", proof}, {"dpop", proof}});
  EXPECT_EQ(two.json().string_or("error", ""), "invalid_dpop_proof") << two.body;
  auto elsewhere = post(form(gate_.id_token()), {{"dpop", key.proof("POST", url + "x", now, nonce)}});
  EXPECT_EQ(elsewhere.json().string_or("error", ""), "invalid_dpop_proof") << elsewhere.body;
  auto none = post(form(gate_.id_token()));
  EXPECT_EQ(none.json().string_or("reason", ""), "dpop_key_mismatch") << none.body;
}

TEST_F(TokenEndpoint, SaysWhereTheTokensResourcesAre) {
  gate_.set_policy(R"(
resources:
  code: { http: { kind: git, upstream: "https://g.internal", host: git.gate.example.com }, actions: { pull: { methods: [GET, POST] } } }
  ledger: { http: { upstream: "https://l.internal", prefix: /ledger }, actions: { read: { methods: [GET] } } }
  orders-db: { tcp: { upstream: "db.internal:5432" } }
roles:
  all:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]
    allow: [code/pull, ledger/read, orders-db/connect]
)");
  const std::string code = R"({"kind":"git","name":"code","url":"https://git.gate.example.com:8444"})",
                    ledger = R"({"kind":"api","name":"ledger","url":"https://gate.example.com:8444/ledger"})",
                    db = R"({"kind":"tcp","name":"orders-db","port":5432,"url":"https://gate.example.com:8444"})";
  EXPECT_EQ(post(form(gate_.id_token())).json().find("resources")->dump(), "[" + code + "," + ledger + "," + db + "]");
  EXPECT_EQ(post(form_with({{"audience", "orders-db"}})).json().find("resources")->dump(), "[" + db + "]");
  EXPECT_EQ(post(form_with({{"scope", "ledger/read"}})).json().find("resources")->dump(), "[" + ledger + "]");
  const auto by_url = post(form_with({{"resource", "https://gate.example.com:8444/ledger"}}));
  EXPECT_EQ(by_url.json().find("resources")->dump(), "[" + ledger + "]") << "by the URL that it was told";
}

TEST_F(TokenEndpoint, BindsNoTokenThatIsToBeBoundToNothing) {
  DpopKey key;
  const std::string url = std::string(testing::kGateUrl) + "/oauth/token";
  const auto proven = [&](std::string binding) {
    const auto now = gate_.clock.now();
    return post(form_with({{"token_binding", std::move(binding)}}),
                {{"dpop", key.proof("POST", url, now, gate_.dpop().nonce(now))}});
  };
  const auto reply = proven("none");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json().string_or("token_type", ""), "Bearer");
  EXPECT_EQ(claims_of(std::string(reply.json().string_or("access_token", ""))).find("cnf"), nullptr);
  EXPECT_EQ(proven("").json().string_or("token_type", ""), "DPoP");
  EXPECT_EQ(post(form_with({{"token_binding", "none"}})).json().string_or("reason", ""), "dpop_key_mismatch");
  for (const auto* wrong : {"None", "dpop", "none,none"})
    EXPECT_EQ(proven(wrong).json().string_or("reason", ""), "request_invalid") << wrong;
  const auto tools = post({{"grant_type", std::string(kGrant)},
                           {"subject_token_type", std::string(kIdToken)},
                           {"subject_token", gate_.id_token("1", "acme/tools")},
                           {"token_binding", "none"}},
                          {{"dpop", key.proof("POST", url, gate_.clock.now(), gate_.dpop().nonce(gate_.clock.now()))}});
  EXPECT_EQ(tools.json().string_or("reason", ""), "dpop_required");
  EXPECT_THAT(std::string(tools.json().string_or("fix", "")), HasSubstr("proof: dpop"));
}

TEST_F(TokenEndpoint, TellsEachDecisionToAVerifiedCallerWhoAsksForThem) {
  const auto given = post(form_with({{"explain", "true"}, {"scope", "ledger/read billing-api/write"}})).json();
  ASSERT_NE(given.find("decisions"), nullptr) << given.dump();
  const auto& both = *given.find("decisions")->array_items();
  ASSERT_EQ(both.size(), 2U);
  EXPECT_EQ(both[0].dump(),
            R"({"decision":"allow","permission":"ledger/read","role":"deploy","rule":"policy.yaml:20"})");
  EXPECT_EQ(both[1].string_or("permission", ""), "billing-api/write");
  EXPECT_EQ(both[1].string_or("decision", ""), "deny");
  EXPECT_EQ(both[1].string_or("reason", ""), "context_unknown");
  for (const auto* member : {"role", "rule", "expected", "fix"}) EXPECT_NE(both[1].find(member), nullptr) << member;

  const auto refused = post(form_with({{"explain", "true"}, {"scope", "billing-api/delete"}})).json();
  EXPECT_EQ(refused.find("decisions")->array_items()->at(0).string_or("reason", ""), "not_permitted");
  EXPECT_EQ(post(form_with({{"scope", "billing-api/delete"}})).json().find("decisions"), nullptr);
  const auto stranger =
      post(form_with({{"explain", "true"},
                      {"subject_token", testing::Issuer::make().mint(testing::gitlab_claims(gate_.clock.now()))}}));
  EXPECT_EQ(stranger.json().find("decisions"), nullptr) << stranger.body;
  EXPECT_EQ(post(form_with({{"explain", "1"}})).json().string_or("reason", ""), "request_invalid");
}

TEST_F(TokenEndpoint, HandsOutNothingThatIsNotOnRecord) {
  gate_.store().fail(true);
  auto reply = post(form(gate_.id_token()));
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.json().string_or("error", ""), "temporarily_unavailable");
  EXPECT_EQ(reply.json().find("access_token"), nullptr);
  EXPECT_EQ(reply.header("retry-after"), "1");
  gate_.store().fail(false);
  EXPECT_EQ(post(form(gate_.id_token())).status, 200);
}

TEST_F(TokenEndpoint, KeepsTheRequestIdAndTheTrace) {
  post(form(gate_.id_token()),
       {{"x-request-id", "build-17.3"}, {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  auto entry = gate_.log().back();
  EXPECT_EQ(entry.string_or("request_id", ""), "build-17.3");
  EXPECT_EQ(entry.string_or("trace", ""), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(entry.string_or("peer", ""), "192.0.2.7:1234");
}

// RFC 6749 5.2: error_description holds no quotes and no backslash.
TEST(OAuthError, HasACodeForEveryReason) {
  for (auto reason : all_reasons()) {
    auto code = oauth_code_of(reason);
    EXPECT_FALSE(code.error.empty());
    EXPECT_GE(code.status, 400);
    EXPECT_EQ(describe(reason).meaning.find_first_of("\"\\"), std::string_view::npos) << name(reason);
  }
}

}  // namespace
}  // namespace watchword::api
