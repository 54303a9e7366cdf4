// What a verifier finds that knows nothing but the issuer's URL.
#include <gtest/gtest.h>

#include "api/endpoints.h"
#include "jose/jwt.h"
#include "support/gate_fixture.h"
#include "support/http_call.h"

namespace watchword::api {
namespace {

class Metadata : public ::testing::Test {
 protected:
  Metadata() { add_oauth(router_, gate_.service(), gate_.clients()); }
  testing::Reply get(std::string path) { return testing::call(router_, {.target = std::move(path)}); }
  testing::TestGate gate_;
  Router router_;
};

TEST_F(Metadata, IsTheSameUnderBothNames) {
  auto oauth = get("/.well-known/oauth-authorization-server"), oidc = get("/.well-known/openid-configuration");
  EXPECT_EQ(oauth.body, oidc.body);
  EXPECT_EQ(oauth.header("content-type"), "application/json");
  EXPECT_EQ(oauth.header("cache-control"), "public, max-age=300");
}

TEST_F(Metadata, NamesTheIssuerAndItsOwnEndpointsOnly) {
  auto body = get("/.well-known/openid-configuration").json();
  EXPECT_EQ(body.string_or("issuer", ""), testing::kGateUrl);
  std::size_t endpoints = 0;
  for (const auto& [name, value] : *body.members()) {
    if (!value.string() || name == "issuer") continue;
    ++endpoints;
    ASSERT_TRUE(value.string()->starts_with(std::string(testing::kGateUrl) + "/")) << name;
    auto path = value.string()->substr(testing::kGateUrl.size());
    EXPECT_NE(get(path).status, 404) << name << " is served";
  }
  EXPECT_EQ(endpoints, 4u);
  EXPECT_EQ(body.find("response_types_supported")->dump(), "[]");
  EXPECT_EQ(body.find("subject_types_supported")->dump(), R"(["public"])");
  EXPECT_EQ(body.find("id_token_signing_alg_values_supported")->dump(), R"(["ES256"])");
  EXPECT_EQ(body.find("token_endpoint_auth_methods_supported")->dump(), R"(["none"])");
  EXPECT_EQ(body.find("grant_types_supported")->dump(), R"(["urn:ietf:params:oauth:grant-type:token-exchange"])");
  EXPECT_EQ(body.find("scopes_supported"), nullptr) << "would tell the policy to everyone";
}

TEST_F(Metadata, KeySetVerifiesTheTokensAndHoldsNothingPrivate) {
  auto reply = get("/.well-known/jwks.json");
  EXPECT_EQ(reply.header("content-type"), "application/jwk-set+json");
  EXPECT_EQ(reply.header("cache-control"), "public, max-age=300");
  auto document = reply.json();
  for (const auto& key : *document.find("keys")->array_items())
    for (const auto* member : {"d", "p", "q", "dp", "dq", "qi", "k"}) EXPECT_EQ(key.find(member), nullptr);

  auto keys = jose::KeySet::parse(reply.body);
  ASSERT_TRUE(keys.has_value());
  auto token = gate_.access_token(gate_.id_token(), {.scope = "ledger/read"});
  auto verifier = jose::Verifier::make({.issuer = std::string(testing::kGateUrl),
                                        .audiences = {"ledger"},
                                        .algorithms = {crypto::Algorithm::es256},
                                        .types = {"at+jwt"},
                                        .max_age = std::nullopt});
  auto verified = verifier->verify(jose::UnverifiedToken::parse(token).value(), *keys, gate_.clock.now());
  ASSERT_TRUE(verified.has_value()) << to_string(verified.error());
  EXPECT_EQ(verified->claims().string_or("client_id", ""), "acme/billing");
}

}  // namespace
}  // namespace watchword::api
