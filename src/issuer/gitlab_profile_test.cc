#include <gmock/gmock.h>

#include "issuer/issuer_test_util.h"
#include "issuer/profile.h"

namespace watchword::issuer {
namespace {

using ::testing::HasSubstr;

Json full() { return testing::gitlab_claims(kNow); }

Json without(Json claims, std::initializer_list<std::string_view> names) {
  Json left = Json::object();
  for (const auto& [key, value] : *claims.members())
    if (std::ranges::find(names, key) == names.end()) left.set(key, value);
  return left;
}

Json with(Json claims, std::initializer_list<std::pair<std::string_view, Json>> changes) {
  for (const auto& [key, value] : changes) claims.set(key, value);
  return claims;
}

Json text(std::string_view json) { return parse_json(json).value(); }

Result<Principal> map_claims(const Json& claims) { return map_gitlab(verified(claims), "gitlab"); }

TEST(GitLab, MapsAJobWithEveryDocumentedClaim) {
  const auto principal = map_claims(full());
  ASSERT_TRUE(principal.has_value()) << to_string(principal.error());
  EXPECT_EQ(principal->kind, Kind::job);
  EXPECT_EQ(principal->issuer, "gitlab");
  EXPECT_EQ(principal->issuer_url, testing::kIssuerUrl);
  EXPECT_EQ(principal->subject, "project_path:acme/billing:ref_type:branch:ref:main");
  EXPECT_EQ(principal->expires, kNow + std::chrono::hours(1));
  EXPECT_EQ(principal->issued, kNow);
  EXPECT_EQ(principal->token_sha256.size(), 64U);
  EXPECT_EQ(principal->person(), nullptr);
  const Machine& job = *principal->machine();
  EXPECT_EQ(job.job, "4711");
  EXPECT_EQ(job.project, "acme/billing");
  EXPECT_EQ(job.project_id, "42");
  EXPECT_EQ(job.pipeline, "815");
  EXPECT_EQ(job.ref, "main");
  EXPECT_EQ(job.sha, "9f3c2d1e4b5a69788796a5b4c3d2e1f009182736");
  EXPECT_EQ(job.environment, "production");
  EXPECT_EQ(job.user, "jane");
  EXPECT_TRUE(job.ref_protected);
  EXPECT_FALSE(job.fork);
}

TEST(GitLab, TurnsStringBooleansIntoBooleansAndNothingElse) {
  const auto principal = map_claims(with(full(), {{"environment_protected", "false"}}));
  ASSERT_TRUE(principal.has_value());
  EXPECT_EQ(*principal->claims.find("ref_protected"), Json(true));
  EXPECT_EQ(*principal->claims.find("environment_protected"), Json(false));
  EXPECT_EQ(*principal->claims.find("project_id"), Json("42"));
  EXPECT_EQ(*principal->claims.find("runner_id"), Json(12));
  for (const auto& [key, value] : *full().members())
    if (!key.ends_with("_protected") && key != "aud" && key != "exp")
      EXPECT_EQ(*principal->claims.find(key), value) << key;
}

// Tokens in the shapes that GitLab documents or is known to mint.
TEST(GitLab, AcceptsWhatGitLabMints) {
  const std::initializer_list<std::string_view> environment{"environment", "environment_protected",
                                                            "environment_action", "deployment_tier"};
  const Json plain = without(full(), environment);
  struct Case {
    const char* name;
    Json claims;
    bool fork, ref_protected;
  };
  const Case table[] = {
      {"gitlab.com, branch without environment",
       with(plain, {{"runner_environment", "gitlab-hosted"}, {"ref", "feature/x"}, {"ref_protected", "false"}}), false,
       false},
      {"self-managed 17.x without job_project_*, groups, job_source and job_config",
       without(plain, {"job_project_id", "job_project_path", "job_namespace_id", "job_namespace_path", "groups_direct",
                       "job_source", "job_config", "user_identities", "target_audience"}),
       false, true},
      {"merge request pipeline of a fork, running in the parent",
       with(plain, {{"pipeline_source", "merge_request_event"},
                    {"project_id", "99"},
                    {"project_path", "mallory/billing"},
                    {"namespace_id", "66"},
                    {"namespace_path", "mallory"},
                    {"ref_protected", "false"}}),
       true, false},
      {"a fork within the same group", with(plain, {{"project_id", "43"}, {"project_path", "acme/billing-fork"}}), true,
       true},
      {"a project that was renamed between two claims", with(plain, {{"job_project_path", "acme/other"}}), true, true},
      {"tag", with(plain, {{"ref", "v1.2.3"}, {"ref_type", "tag"}, {"ref_path", "refs/tags/v1.2.3"}}), false, true},
      {"schedule", with(plain, {{"pipeline_source", "schedule"}}), false, true},
      {"configuration of another project", with(plain, {{"ci_config_ref_uri", nullptr}, {"ci_config_sha", nullptr}}),
       false, true},
      {"user without membership", with(plain, {{"user_access_level", nullptr}}), false, true},
      {"no user at all",
       with(plain, {{"user_id", ""}, {"user_login", nullptr}, {"user_email", nullptr}, {"user_access_level", nullptr}}),
       false, true},
      {"job of an environment, community edition", with(full(), {{"environment_protected", "false"}}), false, true},
      {"claims of a later version", with(plain, {{"job_weather", text(R"({"sky": ["blue", 1, null]})")}}), false, true},
      {"no runner", without(plain, {"runner_id", "runner_environment"}), false, true},
  };
  for (const Case& c : table) {
    const auto principal = map_claims(c.claims);
    ASSERT_TRUE(principal.has_value()) << c.name << ": " << to_string(principal.error());
    EXPECT_EQ(principal->machine()->fork, c.fork) << c.name;
    EXPECT_EQ(principal->machine()->ref_protected, c.ref_protected) << c.name;
    EXPECT_EQ(principal->machine()->project, c.claims.string_or("project_path", "")) << c.name;
  }
}

TEST(GitLab, RefusesATokenThatLacksWhatGitLabAlwaysSends) {
  for (const std::string_view claim : {"sub", "project_id", "project_path", "namespace_id", "namespace_path",
                                       "pipeline_id", "job_id", "ref", "ref_type", "ref_protected", "sha"}) {
    const auto principal = map_claims(without(full(), {claim}));
    ASSERT_FALSE(principal.has_value()) << claim;
    EXPECT_EQ(principal.error().reason, Reason::claim_missing) << claim;
    EXPECT_EQ(principal.error().found, "no " + std::string(claim));
    EXPECT_FALSE(principal.error().expected.empty());
    EXPECT_FALSE(map_claims(with(full(), {{claim, ""}}))) << claim;
  }
}

TEST(GitLab, RefusesAClaimOfAnotherTypeThanDocumented) {
  struct Case {
    const char* claim;
    Json value;
    const char* found;
  };
  const Case table[] = {
      {"project_id", 42, "integer"},
      {"project_id", "42a", "'42a'"},
      {"project_id", "-42", "'-42'"},
      {"project_id", " 42", "' 42'"},
      {"project_id", nullptr, "null"},
      {"job_id", 4711, "integer"},
      {"job_id", 4711.5, "number"},
      {"job_id", text(R"(["4711"])"), "array"},
      {"job_id", "", "''"},
      {"pipeline_id", true, "boolean"},
      {"project_path", text(R"({"path": "acme/billing"})"), "object"},
      {"project_path", nullptr, "null"},
      {"job_project_id", 42, "integer"},
      {"job_project_path", nullptr, "null"},
      {"job_project_id", "", "''"},
      {"user_id", 1001, "integer"},
      {"user_login", text(R"(["jane"])"), "array"},
      {"ref", 1, "integer"},
      {"ref_type", true, "boolean"},
      {"ref_protected", true, "boolean"},
      {"ref_protected", "TRUE", "'TRUE'"},
      {"ref_protected", "yes", "'yes'"},
      {"ref_protected", "true ", "'true '"},
      {"ref_protected", 1, "integer"},
      {"ref_protected", nullptr, "null"},
      {"environment_protected", false, "boolean"},
      {"environment", text("{}"), "object"},
      {"environment", nullptr, "null"},
      {"runner_id", "12", "'12'"},
      {"runner_id", 1.5, "number"},
      {"sha", 9, "integer"},
      {"groups_direct", "acme", "'acme'"},
      {"groups_direct", text(R"(["acme", 1])"), "array"},
      {"user_identities", text(R"({"provider": "saml"})"), "object"},
      {"user_identities", text(R"([{"provider": "saml"}])"), "array"},
      {"user_identities", text(R"([{"provider": "saml", "extern_uid": 1}])"), "array"},
      {"job_config", "https://gitlab.example.com", "'https://gitlab.example.com'"},
      {"job_config", text(R"({"sha": 1})"), "object"},
      {"ci_config_ref_uri", 1, "integer"},
      {"jti", 1, "integer"},
  };
  for (const Case& c : table) {
    const auto principal = map_claims(with(full(), {{c.claim, c.value}}));
    ASSERT_FALSE(principal.has_value()) << c.claim << " " << c.value.dump();
    EXPECT_EQ(principal.error().reason, Reason::claim_invalid) << c.claim << " " << c.value.dump();
    EXPECT_THAT(principal.error().found, ::testing::StartsWith(c.claim));
    EXPECT_THAT(principal.error().found, HasSubstr(c.found));
    EXPECT_FALSE(principal.error().expected.empty());
  }
}

TEST(GitLab, QuotesNoMoreThanALittleOfAHostileClaim) {
  const auto principal = map_claims(with(full(), {{"project_id", std::string(5000, 'x')}}));
  ASSERT_FALSE(principal.has_value());
  EXPECT_LT(principal.error().found.size(), 100U);
}

}  // namespace
}  // namespace watchword::issuer
