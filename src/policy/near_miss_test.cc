// A denial that is one step from an allow says which, and says nothing of other projects.
#include "policy/near_miss.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::StartsWith;

const std::string kResources = R"(
resources:
  api:
    http: { upstream: https://api.internal, host: api.gate.acme.dev }
    actions: { read: { methods: [GET] }, write: { methods: [POST] } }
)";

std::string shown(const std::optional<NearMiss>& near) {
  if (!near) return "none";
  return fmt::format("{} {} {}: {}, wanted {}", near->rule, near->role, near->part, near->found, near->expected);
}

std::string nearest_of(const std::string& rules, const issuer::Principal& who, Told told = Told::caller,
                       std::string_view action = "write", std::string_view resource = "api") {
  const auto policy = policy_of(kResources + rules);
  const Roles roles = policy->roles_of(who);
  return shown(
      policy->nearest({who, roles, resource, action, "POST", "/", "", no_facts(), from_unix(1'795'251'600)}, told));
}

// A role that writes, granted to jobs of gitlab with these claims.
std::string granted_to(const std::string& claims) {
  return fmt::format(
      "roles:\n  writer:\n    granted_to: [{{ job: {{ issuer: gitlab, {} }} }}]\n    allow: [api/write]\n", claims);
}

TEST(NearMiss, NamesTheOneClaimThatFails) {
  const std::string rules = granted_to("project_path: acme/billing, environment: production, ref_protected: true");
  EXPECT_EQ(nearest_of(rules, job({{"environment", "staging"}})),
            "p.yaml:8 writer environment: staging, wanted production");
  EXPECT_EQ(nearest_of(rules, job({{"environment", nullptr}})),
            "p.yaml:8 writer environment: absent, wanted production");
  EXPECT_EQ(nearest_of(rules, job({{"ref_protected", "false"}})), "p.yaml:8 writer ref_protected: false, wanted true");
  EXPECT_EQ(nearest_of(rules, job({{"environment", "staging"}, {"ref_protected", "false"}})), "none") << "two steps";
  EXPECT_EQ(nearest_of(granted_to("namespace_path: acme, ref: [main, release/*]"), job({{"ref", "dev"}})),
            "p.yaml:8 writer ref: dev, wanted main or release/*");
  EXPECT_EQ(nearest_of(granted_to("ref_protected: true"), job({{"ref_protected", "false"}})),
            "p.yaml:8 writer ref_protected: false, wanted true");
}

TEST(NearMiss, TellsOfTheSameProjectWrittenOtherwise) {
  for (const auto* written : {"Acme/Billing", "acme/billing/", "/acme/billing"})
    EXPECT_EQ(nearest_of(granted_to(fmt::format("project_path: {}", written)), job()),
              fmt::format("p.yaml:8 writer project_path: acme/billing, wanted {}", written));
}

// Whoever may make projects could otherwise read the policy by making some with similar names.
TEST(NearMiss, TellsNoCallerOfAnotherProject) {
  for (const auto* claims :
       {"project_path: acme/biling", "project_path: acme/shop", "project_path: acme/*ping", "namespace_path: acne",
        "project_id: 43", "sub: 'project_path:acme/billing:ref_type:branch:ref:release'",
        "job_project_path: acme/deploy", "project_path: [acme/shop, acme/web]"})
    EXPECT_EQ(nearest_of(granted_to(claims), job()), "none") << claims;
  EXPECT_EQ(nearest_of(granted_to("project_path: acme/shop, environment: staging"), job()), "none");
  EXPECT_EQ(nearest_of(granted_to("project_path: [acme/secret, Acme/Billing, acme/web]"), job()),
            "p.yaml:8 writer project_path: acme/billing, wanted Acme/Billing")
      << "those that are listed beside it";
}

TEST(NearMiss, NamesPeopleOnlyWithinTheirOwnProject) {
  const auto who = job({{"user_login", "mallory"}});
  EXPECT_EQ(nearest_of(granted_to("user_login: jane"), who), "none");
  EXPECT_EQ(nearest_of(granted_to("namespace_path: acme, user_login: jane"), who), "none");
  EXPECT_EQ(nearest_of(granted_to("project_path: 'acme/**', user_login: jane"), who), "none");
  EXPECT_EQ(nearest_of(granted_to("project_path: acme/billing, user_login: jane"), who),
            "p.yaml:8 writer user_login: mallory, wanted jane");
  const std::string people =
      "roles:\n  on-call:\n    granted_to: [{ person: { issuer: okta, email: jane@example.com } }]\n    allow: "
      "[api/write]\n";
  EXPECT_EQ(nearest_of(people, person(Json::object({{"sub", "m"}, {"email", "mallory@example.com"}}))), "none");
}

TEST(NearMiss, TellsAForkNothingAndTheAuthorEverything) {
  const std::string rules = granted_to("project_path: acme/billing, environment: production");
  EXPECT_EQ(nearest_of(rules, job({{"job_project_id", "666"}})), "none");
  EXPECT_EQ(nearest_of(rules, job({{"job_project_id", "666"}}), Told::author),
            "p.yaml:8 writer forks: a job of a fork, wanted forks: true");
  EXPECT_EQ(nearest_of(granted_to("project_path: acme/biling"), job(), Told::author),
            "p.yaml:8 writer project_path: acme/billing, wanted acme/biling");
  EXPECT_EQ(nearest_of(granted_to("project_path: umbrella/shop"), job(), Told::author), "none") << "no slip of the pen";
}

TEST(NearMiss, NamesOnlyRolesThatWouldAllowWhatIsAsked) {
  const std::string rules = R"(
roles:
  reader:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing, environment: test } }]
    allow: [api/read]
  maybe:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing, environment: stage } }]
    allow: [{ permission: api/write, when: job.ref == "release" }]
  writer:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing, environment: canary } }]
    allow: [api/write]
)";
  EXPECT_EQ(nearest_of(rules, job()), "p.yaml:15 writer environment: production, wanted canary");
  EXPECT_EQ(nearest_of(rules, job(), Told::caller, "read"), "p.yaml:9 reader environment: production, wanted test");
  EXPECT_EQ(nearest_of(rules, job(), Told::caller, "", ""), "p.yaml:9 reader environment: production, wanted test");
  EXPECT_EQ(nearest_of(rules, job(), Told::caller, "", "apo"), "none");
  EXPECT_EQ(nearest_of(rules, job(), Told::caller, "raed"), "none");
}

TEST(NearMiss, NamesTheOneConjunctOfAPermission) {
  const std::string rules = R"(
roles:
  writer:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]
    allow:
      - permission: api/write
        when: job.ref_protected && context.merged(into = "main", sha = job.sha)
      - { permission: api/read, when: job.ref == "a" || job.ref == "b" }
)";
  EXPECT_THAT(nearest_of(rules, job()),
              AllOf(StartsWith("p.yaml:11 writer when: "),
                    EndsWith("is not known, wanted context.merged(into = \"main\", sha = job.sha)")));
  EXPECT_EQ(nearest_of(rules, job({{"ref_protected", "false"}})), "none") << "two steps";
  EXPECT_EQ(nearest_of(rules, job(), Told::caller, "read"), "none") << "no single part decides";
}

TEST(NearMiss, NamesTheDenyRuleThatAloneForbids) {
  const std::string roles = granted_to("project_path: acme/billing");
  const std::string one = roles + "deny:\n  - { permission: api/write, unless: job.ref_protected }\n";
  const auto unprotected = job({{"ref_protected", "false"}});
  EXPECT_EQ(nearest_of(one, unprotected), "p.yaml:11  unless: is false, wanted job.ref_protected");
  EXPECT_EQ(nearest_of(one + "  - { permission: api/write, unless: job.ref == \"x\" }\n", unprotected), "none");
  EXPECT_EQ(nearest_of(roles + "deny:\n  - { permission: api/write, why: never }\n", job()), "none");
}

TEST(NearMiss, TriesABoundedNumberOfBindingsForACaller) {
  std::string rules = "roles:\n  writer:\n    allow: [api/write]\n    granted_to:\n";
  const auto add = [&](const std::string& claims) {
    rules += fmt::format("      - {{ job: {{ issuer: gitlab, {} }} }}\n", claims);
  };
  for (int i = 0; i < 3'000; ++i) add(fmt::format("project_path: acme/other-{}, environment: e", i));
  for (std::size_t i = 0; i < NearIndex::kMost; ++i) add(fmt::format("pipeline_source: s{}, environment: e", i));
  add("environment: beyond");
  EXPECT_EQ(nearest_of(rules, job()), "none") << "the last is beyond the bound";
  add("project_path: acme/billing, environment: canary");
  EXPECT_EQ(nearest_of(rules, job()),
            fmt::format("p.yaml:{} writer environment: production, wanted canary", 3'000 + NearIndex::kMost + 11));
  const auto policy = policy_of(kResources + rules);
  EXPECT_LE(NearIndex(policy->matchers()).around(job()).size(), 2 * NearIndex::kMost);
}

}  // namespace
}  // namespace watchword::policy::testing
