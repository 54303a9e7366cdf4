#include "policy/policy_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/analysis_test_util.h"
#include "policy/diff_side.h"

namespace watchword::policy::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::shared_ptr<const Policy> parse(const std::string& rest) { return policy_of(kBillingApi + rest); }

std::string role(const std::string& binding, const std::string& allow = "billing-api/write",
                 const std::string& session = {}) {
  return "roles: { r: { granted_to: [ " + binding + " ], allow: [ " + allow + " ]" +
         (session.empty() ? "" : ", session: " + session) + " } }\n";
}
std::string job(const std::string& claims) { return "{ job: { issuer: gitlab, " + claims + " } }"; }

// "access grants", "condition may take", "resource": of each change; the samples of all are tried.
std::vector<std::string> changes(const Policy& before, const Policy& after) {
  std::vector<std::string> out;
  for (const Change& change : diff(before, after, {}, kNoon).changes) {
    std::string line(name(change.kind));
    if (change.grants) line += change.shown ? " grants" : " may grant";
    if (change.takes) line += change.shown ? " takes" : " may take";
    out.push_back(line);
    if (!change.sample) continue;
    EXPECT_TRUE(change.shown);
    for (const std::string& permission : change.permissions) {
      const auto slash = permission.find('/');
      const std::string resource = permission.substr(0, slash), action = permission.substr(slash + 1);
      EXPECT_EQ(replay(before, *change.sample, resource, action).outcome == Outcome::allow, change.takes) << permission;
      EXPECT_EQ(replay(after, *change.sample, resource, action).outcome == Outcome::allow, change.grants) << permission;
    }
  }
  return out;
}
std::vector<std::string> changes(const std::string& before, const std::string& after) {
  return changes(*parse(before), *parse(after));
}

TEST(PolicyDiff, FindsAWidenedPatternAndNotANarrowerOne) {
  const auto of = [](const std::string& project) { return role(job("project_path: " + project)); };
  EXPECT_THAT(changes(of("acme/billing"), of("acme/*")), ElementsAre("access grants"));
  EXPECT_THAT(changes(of("acme/*"), of("acme/billing")), ElementsAre("access takes"));
  EXPECT_THAT(changes(of("acme/*"), of("acme/**")), ElementsAre("access grants"));
  EXPECT_THAT(changes(of("'re:acme/[0-9]+'"), of("acme/*")), ElementsAre("access grants", "access may take"));
  EXPECT_THAT(changes(of("acme/billing"), of("acme/shop")), ElementsAre("access grants", "access takes"));
  EXPECT_THAT(changes(of("[acme/a, acme/b]"), of("[acme/b, acme/a, acme/c]")), ElementsAre("access grants"));
}

TEST(PolicyDiff, FindsDroppedClaimsAndAdmittedForks) {
  EXPECT_THAT(changes(role(job("project_path: a/b, ref_protected: true")), role(job("project_path: a/b"))),
              ElementsAre("access grants"));
  EXPECT_THAT(changes(role(job("project_path: a/b, environment: production")), role(job("project_path: a/b"))),
              ElementsAre("access grants"));
  EXPECT_THAT(changes(role(job("project_path: a/b")), role(job("project_path: a/b, forks: true"))),
              ElementsAre("access grants"));
  EXPECT_THAT(changes(role(job("project_path: a/b, forks: true")), role(job("project_path: a/b"))),
              ElementsAre("access takes"));
}

TEST(PolicyDiff, FindsPermissionsThatARoleGainsAndLoses) {
  const std::string who = job("project_path: a/b");
  EXPECT_THAT(changes(role(who, "billing-api/read"), role(who, "billing-api/*")), ElementsAre("access grants"));
  EXPECT_THAT(changes(role(who, "billing-api/*"), role(who, "billing-api/write")), ElementsAre("access takes"));
  const auto found =
      diff(*parse(role(who, "billing-api/read")), *parse(role(job("ref: x"), "billing-api/*")), {}, kNoon);
  EXPECT_THAT(found.changes.front().permissions, ElementsAre("billing-api/read", "billing-api/write"))
      << "what one sample shows is one change";
}

TEST(PolicyDiff, FindsChangedConditions) {
  const auto of = [](const std::string& when) {
    return role(job("project_path: a/b"),
                when.empty() ? "billing-api/write" : "{ permission: billing-api/write, when: '" + when + "' }");
  };
  const std::string merged = "context.merged(into = \"main\", sha = job.sha)";
  EXPECT_THAT(changes(of(merged), of("")), ElementsAre("condition grants"));
  EXPECT_THAT(changes(of(""), of(merged)), ElementsAre("condition takes"));
  EXPECT_THAT(changes(of(merged), of(merged + " || job.ref_protected")), ElementsAre("condition grants"));
  EXPECT_THAT(changes(of("job.ref == \"a\""), of("job.ref == \"b\"")),
              ElementsAre("condition grants", "condition takes"));
  EXPECT_THAT(changes(of("job.ref == \"a\""), of("\"a\" == job.ref")),
              ElementsAre("condition may grant", "condition may take"))
      << "what is not proven is not claimed";
  EXPECT_THAT(changes(of(merged), of(merged + "  // why")), IsEmpty());
  const auto wider = diff(*parse(of(merged)), *parse(of("")), {}, kNoon);
  EXPECT_THAT(wider.changes.front().what, HasSubstr("is allowed always: wider"));
}

TEST(PolicyDiff, FindsDenyRulesThatCameOrWent) {
  const std::string rights = role(job("project_path: a/b"), "billing-api/*");
  for (const std::string rule :
       {"{ permission: '*/write' }",
        "{ permission: '*/write', to: { job: { environment: production } }, unless: job.ref_protected }",
        "{ permission: billing-api/write, when: 'context.frozen(environment = \"production\")' }",
        "{ permission: ['*/read', '*/write'], unless: 'context.merged(into = \"main\", sha = job.sha)' }"}) {
    EXPECT_THAT(changes(rights + "deny: [ " + rule + " ]\n", rights), ElementsAre("deny_rule grants")) << rule;
    EXPECT_THAT(changes(rights, rights + "deny: [ " + rule + " ]\n"), ElementsAre("deny_rule takes")) << rule;
  }
  EXPECT_THAT(changes(rights + "deny: [{ permission: '*/write', to: { job: { environment: production } }, unless: "
                               "job.ref_protected }]\n",
                      rights + "deny: [{ permission: '*/write', to: { job: { environment: 'prod*' } } }]\n"),
              ElementsAre("deny_rule takes"))
      << "the stricter one stands for the other";
  EXPECT_THAT(changes(rights + "deny: [{ name: a, permission: '*/write', why: x }]\n",
                      rights + "deny: [{ permission: ['*/write'] }]\n"),
              IsEmpty());
  EXPECT_THAT(changes(role(job("ref: x"), "billing-api/read"),
                      role(job("ref: x"), "billing-api/read") + "deny: [{ permission: '*/write' }]\n"),
              IsEmpty())
      << "nobody had it";
}

TEST(PolicyDiff, FindsSessionsThatMayMore) {
  const std::string who = job("ref: x");
  const auto of = [&](const std::string& session) { return role(who, "billing-api/read", session); };
  EXPECT_THAT(changes(of("{ ttl: 15m }"), of("{ ttl: 1h }")), ElementsAre("session grants"));
  EXPECT_THAT(changes(of("{ ttl: 1h }"), of("")), ElementsAre("session takes"));
  EXPECT_THAT(changes(of("{ proof: dpop }"), of("{ limits: { rate: 5/s } }")), ElementsAre("session grants takes"));
  EXPECT_THAT(changes(of("{ ends_with_job: false }"), of("")), ElementsAre("session takes"));
}

TEST(PolicyDiff, SaysNothingWhereRulesOnlyMoved) {
  const std::string a = job("project_path: a/b, ref: [x, y]"), b = job("project_path: a/c");
  const auto both = role(a + ", " + b, "billing-api/read, billing-api/write");
  EXPECT_THAT(changes(both, "# said again\n" + role(b + ", " + job("ref: [y, x], project_path: a/b"),
                                                    "billing-api/write, billing-api/read")),
              IsEmpty());
  const auto apart = Policy::parse(
      {{"a.yaml", kBillingApi},
       {"b.yaml", "roles: { other: { granted_to: [ " + b + " ], allow: [ billing-api/* ] } }\n"},
       {"c.yaml", "roles: { one: { granted_to: [ " + job("project_path: a/b, ref: x") + ", " +
                      job("project_path: a/b, ref: y") + " ], allow: [ billing-api/read, billing-api/write ] } }\n"}});
  ASSERT_TRUE(apart.has_value());
  EXPECT_THAT(changes(*parse(both), **apart), IsEmpty());
  EXPECT_THAT(changes(**apart, *parse(both)), IsEmpty());
}

std::string api(const std::string& http, const std::string& actions) {
  return "resources: { api: { http: { " + http + " }, actions: { " + actions + " } } }\n" +
         "roles: { r: { granted_to: [{ job: { issuer: gitlab, ref: x } }], allow: [ api/read ] } }\n";
}

TEST(PolicyDiff, FindsChangedResources) {
  const std::string http = "upstream: https://a.internal, host: a", read = "read: { methods: [GET] }";
  const auto of = [](const std::string& before, const std::string& after) {
    return changes(*policy_of(before), *policy_of(after));
  };
  EXPECT_THAT(of(api(http, read), api("upstream: https://b.internal, host: a", read)),
              ElementsAre("resource may grant may take"));
  EXPECT_THAT(of(api(http, read), api(http + ", timeouts: { idle: 5s }", read)), ElementsAre("resource"));
  EXPECT_THAT(of(api(http, read), api(http, "read: { methods: [GET, DELETE] }")), ElementsAre("resource grants"));
  EXPECT_THAT(of(api(http, "read: { methods: [GET, DELETE] }"), api(http, read)), ElementsAre("resource takes"));
  EXPECT_THAT(of(api(http, read + ", more: { methods: [POST] }"), api(http, "read: { methods: ['*'] }")),
              ElementsAre("resource grants takes"));
  EXPECT_THAT(of(kBillingApi, kBillingApi + "  db: { tcp: { upstream: 'db.internal:5432' } }\n"),
              ElementsAre("resource"));
  const std::string under =
      kBillingApi + "  a: { http: { upstream: https://a, prefix: /a }, actions: { " + read + " } }\n";
  EXPECT_THAT(of(under, under + "  b: { http: { upstream: https://b, prefix: /a/b }, actions: { " + read + " } }\n"),
              ElementsAre("resource may grant may take"))
      << "requests of a go to b";
}

TEST(PolicyDiff, FindsFreezesWhereAConditionAsksForThem) {
  const std::string freeze =
      "freezes: [{ environment: production, from: 2026-12-20T18:00:00, until: 2027-01-04T08:00:00, zone: UTC }]\n";
  const std::string rights = role(job("ref: x"));
  const std::string fence = "deny: [{ permission: '*/write', when: 'context.frozen(environment = \"production\")' }]\n";
  EXPECT_THAT(changes(rights + fence, rights + fence + freeze), ElementsAre("freeze may grant may take"));
  EXPECT_THAT(changes(rights, rights + freeze), ElementsAre("freeze"));
}

TEST(PolicyDiff, OfManyBindingsTriesThoseThatDiffer) {
  std::string bindings, more;
  for (int i = 0; i < 10'000; ++i) bindings += (i == 0 ? "" : ", ") + job("project_path: acme/p" + std::to_string(i));
  more = bindings + ", " + job("project_path: acme/new");
  EXPECT_THAT(changes(role(bindings), role(more)), ElementsAre("access grants"));
}

// The policies of a merge request may be a stranger's: what is not tried may be a grant, and is said to be.
TEST(PolicyDiff, TriesNoMoreThanItMay) {
  const auto before = parse(role(job("project_path: acme/other"))),
             after = parse(role(job("project_path: acme/billing"),
                                "{ permission: billing-api/write, when: 'job.ref == \"a\" && job.ref == \"b\"' }"));
  const Side old_side(*before), new_side(*after);
  const Role& granted = new_side.rules.roles.front();
  const Right& right = new_side.rights_of(granted).front();
  const Grant grant{&granted, &granted.bindings.front(), right.permission, right.action};
  const auto found = [&](std::size_t tries, const Patience& patience = {}) {
    Effort effort(tries, patience);
    const Judged judged = judge(new_side, old_side, grant, right, {}, kNoon, effort);
    EXPECT_EQ(judged.finding, Finding::may);
    return std::pair(effort.exhausted(), judged.obstacle);
  };
  EXPECT_EQ(found(0), std::pair(true, std::string("not tried, as so much differs")));
  EXPECT_TRUE(found(20).first);
  EXPECT_TRUE(found(10'000, [] { return false; }).first) << "whoever waits for it has gone";
  EXPECT_FALSE(found(10'000).first) << "nobody comes through, and no more is left to try";
}

}  // namespace
}  // namespace watchword::policy::testing
