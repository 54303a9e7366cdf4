#include "policy/who_can.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/analysis_test_util.h"
#include "policy/words.h"

namespace watchword::policy::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

std::vector<Way> ways(const Policy& policy, std::string_view permission = "billing-api/write") {
  auto found = who_can(policy, permission, {}, kNoon);
  if (found) return *std::move(found);
  ADD_FAILURE() << to_string(found.error());
  return {};
}

// Of a role with this binding and condition, under these deny rules.
Way way_of(const std::string& binding, const std::string& when = {}, const std::string& deny = {}) {
  static std::vector<std::shared_ptr<const Policy>> kept;  // ways are views into their policy
  const std::string permission =
      when.empty() ? "billing-api/write" : "{ permission: billing-api/write, when: '" + when + "' }";
  kept.push_back(policy_of(kBillingApi + "roles: { r: { granted_to: [ " + binding + " ], allow: [ " + permission +
                           " ] } }\n" + (deny.empty() ? "" : "deny: [ " + deny + " ]\n")));
  auto found = ways(*kept.back());
  EXPECT_THAT(found, SizeIs(1));
  if (found.front().sample) {
    const Verdict verdict = replay(*kept.back(), *found.front().sample, "billing-api", "write");
    EXPECT_EQ(verdict.outcome, found.front().answer.outcome) << "the sample does not come out as it is said to";
    EXPECT_EQ(verdict.rule, found.front().answer.rule);
  }
  return std::move(found.front());
}

bool through(const Way& way) { return way.shown && way.answer.outcome == Outcome::allow; }

TEST(WhoCan, SaysInWordsWhoHoldsARole) {
  EXPECT_EQ(way_of("{ job: { issuer: gitlab, project_path: acme/billing, ref: main, ref_protected: true, environment: "
                   "production } }")
                .who,
            "jobs of gitlab in project acme/billing on protected ref main, environment production");
  EXPECT_EQ(way_of("{ job: { issuer: gitlab, namespace_path: acme, ref_protected: false, forks: true } }").who,
            "jobs of gitlab in namespace acme on unprotected refs, and of its forks");
  EXPECT_EQ(way_of("{ service: { issuer: okta, sub: [bot, re:ci-.*] } }").who,
            "services of okta, with sub bot or re:ci-.*");
}

TEST(WhoCan, FindsSomebodyForEveryKindOfBinding) {
  for (const std::string binding :
       {"{ job: { issuer: gitlab, project_id: 42 } }",
        "{ job: { issuer: gitlab, project_path: 'acme/*', ref: 'release/**' } }",
        "{ job: { issuer: gitlab, ref: 're:(release|hotfix)/[0-9]{2,3}(-rc\\d+)?' } }",
        "{ job: { issuer: gitlab, groups_direct: acme/ops } }", "{ job: { issuer: gitlab, runner_id: 7 } }",
        "{ job: { issuer: gitlab, ref_protected: true, environment_protected: false } }",
        "{ job: { issuer: gitlab, 'user_identities[0].extern_uid': jane } }",
        "{ job: { issuer: gitlab, ref: '*x*y?', forks: true } }", "{ service: { issuer: okta, sub: bot, level: 3 } }",
        "{ service: { issuer: okta, 'https://acme.example/roles': deploy } }",
        "{ person: { issuer: okta, email: '*@example.com', mfa: true } }"})
    EXPECT_TRUE(through(way_of(binding))) << binding;
}

TEST(WhoCan, MeetsConditionsWherePossible) {
  const std::string job = "{ job: { issuer: gitlab, project_path: acme/billing } }";
  for (const std::string condition :
       {"context.merged(into = \"main\", sha = job.sha)", "has(job.environment) && job.environment == \"production\"",
        "job.ref_protected && !context.frozen(environment = \"production\")",
        "job.ref == \"main\" || job.ref.startsWith(\"release/\")", "job.ref.matches(\"^v[0-9]+$\")",
        "\"ops\" in job.groups_direct", "job.user_login in [\"jane\", \"joe\"]",
        "context.mr(target = \"main\", sha = job.sha).approved && context.pipeline_status() == \"running\"",
        "request.method == \"POST\" && request.path.startsWith(\"/v1/\")",
        "now.getDayOfWeek(\"Europe/Berlin\") == 3 && now.getHours(\"Europe/Berlin\") >= 8",
        "now > timestamp(\"2030-01-01T00:00:00Z\")", "int(job.job_id) > 10 || job.runner_id >= 10",
        "job.groups_direct.exists(g, g == \"ops\")", "job.ref_protected ? job.ref == \"main\" : job.ref == \"x\"",
        "!(job.ref == \"main\")", "context.deployment(environment = \"production\").status == \"success\""})
    EXPECT_TRUE(through(way_of(job, condition))) << condition;
}

TEST(WhoCan, SaysWhereNobodyCameThrough) {
  const Way never = way_of("{ job: { issuer: gitlab, ref: main } }", "job.ref == \"other\"");
  ASSERT_TRUE(never.sample.has_value());
  EXPECT_EQ(never.answer.outcome, Outcome::deny);
  EXPECT_EQ(never.answer.reason, Reason::context_not_met);

  const Way fenced = way_of("{ job: { issuer: gitlab, ref: main } }", {}, "{ name: closed, permission: '*/write' }");
  ASSERT_TRUE(fenced.sample.has_value());
  EXPECT_EQ(fenced.answer.reason, Reason::denied_by_rule);
  EXPECT_THAT(fenced.fences, SizeIs(1));

  EXPECT_FALSE(way_of("{ job: { issuer: gitlab, ref: 're:[^\\s\\S]' } }").sample.has_value());
  EXPECT_FALSE(way_of("{ job: { issuer: gitlab, project_id: acme } }").sample.has_value()) << "GitLab sends digits";
}

TEST(WhoCan, DoesNotTakeAnotherWayForThisOne) {
  const auto policy =
      policy_of(kBillingApi +
                "roles:\n  all: { granted_to: [{ job: { issuer: gitlab, ref: main } }], allow: [billing-api/write] }\n"
                "  never: { granted_to: [{ job: { issuer: gitlab, ref: main } }], allow: [{ permission: "
                "billing-api/write, when: 'job.ref == \"other\"' }] }\n");
  const auto found = ways(*policy);
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_TRUE(found[0].shown);
  EXPECT_FALSE(found[1].shown);
  EXPECT_EQ(found[1].answer.role, "all");
}

TEST(WhoCan, GetsRoundDenyRules) {
  const std::string job = "{ job: { issuer: gitlab, project_path: acme/billing, environment: production } }";
  for (const std::string deny :
       {"{ permission: '*/write', to: { job: { environment: production } }, unless: job.ref_protected }",
        "{ permission: '*/write', when: 'context.frozen(environment = job.environment)' }",
        "{ permission: '*/write', to: { job: { ref: main } } }",
        "{ permission: '*/write', unless: 'context.merged(into = \"main\", sha = job.sha)' }",
        "{ permission: '*/write', when: 'job.ref == \"main\"' }, { permission: '*/write', unless: job.ref_protected }"})
    EXPECT_TRUE(through(way_of(job, {}, deny))) << deny;
}

TEST(WhoCan, NamesTheDenyRulesThatMayConcernABindingOnly) {
  const std::string job = "{ job: { issuer: gitlab, project_path: acme/billing, environment: production } }";
  EXPECT_THAT(way_of(job, {}, "{ permission: '*/write', to: { job: { environment: staging } } }").fences, SizeIs(0));
  EXPECT_THAT(way_of(job, {}, "{ permission: '*/read' }").fences, SizeIs(0));
  EXPECT_THAT(way_of(job, {}, "{ permission: '*/write', to: { job: { ref: main } } }").fences, SizeIs(1));
  EXPECT_THAT(way_of(job, {}, "{ permission: '*/write', to: { person: { sub: x } } }").fences, SizeIs(0));
  EXPECT_THAT(way_of("{ service: { issuer: okta, group: ops } }", {},
                     "{ permission: '*/write', to: { service: { group: dev } } }")
                  .fences,
              SizeIs(1))
      << "somebody can be in both";
}

TEST(WhoCan, TakesAllActionsAndNamesTheNearestWord) {
  const auto policy = policy_of(kBillingApi +
                                "roles: { r: { granted_to: [{ job: { issuer: gitlab, ref: main } }], allow: "
                                "[billing-api/*] } }\n");
  EXPECT_THAT(ways(*policy, "billing-api/*"), SizeIs(2));
  EXPECT_THAT(ways(*policy, "billing-api/read"), SizeIs(1));
  const auto refused = [&](std::string_view permission) { return who_can(*policy, permission, {}, kNoon).error(); };
  EXPECT_EQ(refused("biling-api/read").fix, "did you mean 'billing-api'?");
  EXPECT_EQ(refused("billing-api/raed").fix, "did you mean 'read'?");
  EXPECT_THAT(refused("billing-api").expected, HasSubstr("billing-api/*"));
  EXPECT_EQ(refused("").reason, Reason::usage_invalid);
}

}  // namespace
}  // namespace watchword::policy::testing
