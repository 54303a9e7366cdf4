#include "issuer/claim_path.h"

#include <gmock/gmock.h>

namespace watchword::issuer {
namespace {

// Claims in the shapes that providers use: namespaced URLs (Auth0), colons (Cognito), nested objects (Keycloak).
const Json& claims() {
  static const Json all = parse_json(R"({
    "project_path": "acme/billing",
    "user_identities": [{"provider": "saml", "extern_uid": "jane"}, {"provider": "ldap", "extern_uid": "uid=jane"}],
    "https://acme.example/roles": ["deployer", "reader"],
    "https://acme.example/app": {"tier": "gold"},
    "cognito:groups": ["ops"],
    "realm_access": {"roles": ["admin"]},
    "resource_access": {"my-app.v2": {"roles": ["r1"]}},
    "a.b": "literal", "a": {"b": "nested", "c": "only nested"},
    "claims": {"x": "claim named claims"}, "x": "top",
    "": "empty name", "it's": 1, "say \"hi\"": 2, "schlüssel": 3, "n": null})")
                              .value();
  return all;
}

struct Found {
  const char* path;
  const char* value;  // JSON; null: absent
};

TEST(ClaimPath, FindsWhatItNames) {
  const Found table[] = {
      {"project_path", "\"acme/billing\""},
      {"user_identities[0].extern_uid", "\"jane\""},
      {"user_identities[1][\"provider\"]", "\"ldap\""},
      {"user_identities[2].provider", nullptr},
      {"user_identities.provider", nullptr},
      {"project_path[0]", nullptr},
      {"https://acme.example/roles", R"(["deployer","reader"])"},
      {R"(claims["https://acme.example/roles"])", R"(["deployer","reader"])"},
      {"claims['https://acme.example/roles'][1]", "\"reader\""},
      {R"(claims["https://acme.example/app"].tier)", "\"gold\""},
      {"cognito:groups", R"(["ops"])"},
      {"cognito:groups[0]", "\"ops\""},
      {"realm_access.roles", R"(["admin"])"},
      {"claims.realm_access.roles", R"(["admin"])"},
      {"resource_access['my-app.v2'].roles[0]", "\"r1\""},
      {"resource_access.my-app.v2.roles", nullptr},
      {"a.b", "\"literal\""},
      {R"(claims["a.b"])", "\"literal\""},
      {R"(a["b"])", "\"nested\""},
      {"a.c", "\"only nested\""},
      {"claims", R"({"x":"claim named claims"})"},
      {"claims.x", "\"top\""},
      {R"(claims["claims"].x)", "\"claim named claims\""},
      {R"(claims[""])", "\"empty name\""},
      {"it's", "1"},
      {R"(claims["it's"])", "1"},
      {R"(claims["say \"hi\""])", "2"},
      {"claims['say \"hi\"']", "2"},
      {R"(claims["schl\u00fcssel"])", "3"},
      {"schlüssel", "3"},
      {"n", "null"},
      {"absent", nullptr},
      {"claims.absent.deeper", nullptr},
  };
  for (const auto& [text, value] : table) {
    const auto path = ClaimPath::parse(text);
    ASSERT_TRUE(path.has_value()) << text << ": " << to_string(path.error());
    EXPECT_EQ(path->text(), text);
    const Json* found = path->find(claims());
    EXPECT_EQ(found == nullptr ? "absent" : found->dump(), value == nullptr ? "absent" : value) << text;
  }
}

TEST(ClaimPath, RefusesWhatCouldBeMeantOtherwise) {
  const std::string_view table[] = {
      "",
      " project_path",
      "project_path ",
      "a\nb",
      "a\x7f",
      "\xff",
      "a[",
      "a[]",
      "a]",
      "[0]",
      "a[0",
      "a[01]",
      "a[-1]",
      "a[1.5]",
      "a[10000]",
      "a[99999999999999999999]",
      "a[b]",
      "a[\"b]",
      "a[\"b\"",
      "a['b]",
      "a[\"\\q\"]",
      "a[\"\\",
      "a[0]b",
      "a[0].",
      "a..b[0]",
      ".a[0]",
      "https://acme.example/roles[0]",
      "a[0] ",
      "a[ 0 ]",
      "a[\"b\"x]",
      "claims[",
  };
  for (const std::string_view text : table) {
    const auto path = ClaimPath::parse(text);
    ASSERT_FALSE(path.has_value()) << text;
    EXPECT_EQ(path.error().reason, Reason::config_invalid) << text;
    EXPECT_FALSE(path.error().expected.empty()) << text;
  }
  EXPECT_FALSE(ClaimPath::parse(std::string(513, 'a')));
  EXPECT_TRUE(ClaimPath::parse(std::string(512, 'a')));
  std::string deep = "a";
  for (int i = 0; i < 16; ++i) deep += "[0]";
  EXPECT_FALSE(ClaimPath::parse(deep));
  EXPECT_TRUE(ClaimPath::parse(deep.substr(0, deep.size() - 3)));
}

TEST(ClaimPath, SaysWhereItStumbled) {
  EXPECT_THAT(ClaimPath::parse("a[0]b").error().found, ::testing::HasSubstr("character 5"));
  EXPECT_THAT(ClaimPath::parse("https://acme.example/roles[0]").error().expected,
              ::testing::HasSubstr("claims[\"...\"]"));
}

TEST(ClaimPath, FindsNothingInWhatIsNoObject) {
  const auto path = ClaimPath::parse("a.b");
  for (const Json& other : {Json(), Json(1), Json("a.b"), Json::array()}) EXPECT_EQ(path->find(other), nullptr);
}

}  // namespace
}  // namespace watchword::issuer
