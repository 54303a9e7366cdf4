// What a principal's claims select of a policy is found once, and is one object for all of whom it is the same.
#include "policy/shared_roles.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

constexpr std::string_view kResources =
    "resources: { api: { http: { upstream: https://api.internal, host: api.acme.dev }, actions: { read: { methods: "
    "[GET] }, write: { methods: [POST] } } }, bank: { http: { upstream: https://bank.internal, host: bank.acme.dev }, "
    "actions: { read: { methods: [GET] }, write: { methods: [POST] } } } }\n";
constexpr std::string_view kPolicy =
    "roles: { r: { granted_to: [{ job: { issuer: gitlab, project_path: acme/* } }], allow: [api/*, bank/*] } }\n"
    "deny:\n"
    "  - { permission: '*/write', to: [{ job: { ref: dev } }, { job: { environment: staging } }] }\n"
    "  - { permission: bank/read, to: { job: { user_login: mallory } } }\n";

std::string text(std::string_view policy) { return std::string(kResources) + std::string(policy); }

TEST(SharedRoles, AreOneObjectForTheSameContent) {
  const auto policy = policy_of(text(kPolicy));
  const auto one = policy->shared_roles_of(job({{"project_path", "acme/a"}, {"job_id", "1"}}));
  EXPECT_EQ(policy->shared_roles_of(job({{"project_path", "acme/b"}, {"job_id", "2"}})), one);
  EXPECT_EQ(one->all, policy->roles_of(job()).all);
  EXPECT_EQ(one->policy, policy);

  const auto denied = policy->shared_roles_of(job({{"ref", "dev"}}));
  EXPECT_NE(denied, one) << "other deny rules";
  EXPECT_EQ(policy->shared_roles_of(job({{"ref", "dev"}, {"environment", "staging"}})), denied)
      << "the same rule twice";
  EXPECT_NE(policy->shared_roles_of(job({{"user_login", "mallory"}})), denied);
  const auto nobody = policy->shared_roles_of(job({{"project_path", "x/y"}}));
  EXPECT_NE(nobody, one);
  EXPECT_NE(policy->shared_roles_of(job({{"job_project_id", "99"}})), nobody) << "one is refused as a fork";
  EXPECT_NE(policy_of(text(kPolicy))->shared_roles_of(job()), one) << "another policy, if of the same text";
}

TEST(SharedRoles, GoWithTheLastWhoHoldsThem) {
  std::weak_ptr<const Policy> gone;
  {
    const auto policy = policy_of(text(kPolicy));
    gone = policy;
    const std::weak_ptr<const Roles> roles = policy->shared_roles_of(job());
    EXPECT_TRUE(roles.expired());
    for (int i = 0; i < 300; ++i) EXPECT_EQ(policy->shared_roles_of(job())->all.size(), 1U);
  }
  EXPECT_TRUE(gone.expired()) << "a policy and its roles do not hold each other";
}

TEST(SharedRoles, ServeSeveralThreads) {
  const auto policy = policy_of(text(kPolicy));
  const auto first = job(), second = job({{"ref", "dev"}});
  const auto held = policy->shared_roles_of(first);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 500; ++n) {
        EXPECT_EQ(policy->shared_roles_of(first), held);
        EXPECT_EQ(policy->shared_roles_of(second)->fences.size(), 1U);
      }
    });
}

// Deny rules at random: who is denied is the same whether the rules were selected before, or each is tried (explain).
TEST(SharedRoles, SelectTheDenyRulesThatTryingThemAllFinds) {
  std::mt19937 random(1);
  const auto pick = [&](std::initializer_list<const char*> from) {
    return std::string(from.begin()[random() % from.size()]);
  };
  int denied = 0, asked = 0;
  for (int round = 0; round < 60; ++round) {
    std::string rules =
        "roles: { r: { granted_to: [{ job: { issuer: gitlab, project_id: 42 } }], allow: [api/*, bank/*] } }\ndeny:\n";
    for (unsigned i = 0; i < 1 + random() % 8; ++i) {
      rules += "  - { permission: " +
               pick({"'*/*'", "'*/write'", "api/read", "[bank/write, api/*]", "[bank/read, '*/write']"});
      const auto matcher = [&] {
        return "{ job: { project_path: " + pick({"acme/a", "acme/b", "'acme/*'", "'re:.*b'"}) +
               pick({"", ", ref: main", ", ref: [main, dev]"}) + " } }";
      };
      if (random() % 4 != 0) rules += ", to: [" + matcher() + ", " + matcher() + "]";
      rules +=
          pick({"", "", ", when: job.ref == 'dev'", ", unless: job.ref == 'main'", ", when: job.absent == 1"}) + " }\n";
    }
    const auto policy = policy_of(text(rules));
    for (int i = 0; i < 20; ++i) {
      const auto who =
          job({{"project_path", pick({"acme/a", "acme/b", "acme/c", "x/b"})}, {"ref", pick({"main", "dev", "x"})}});
      const auto roles = policy->shared_roles_of(who);
      const std::string resource = pick({"api", "bank"}), action = pick({"read", "write"});
      const Question question{who, *roles, resource, action, "GET", "/", "", no_facts(), from_unix(0)};
      bool fenced = false;
      for (const auto& line : policy->explain(question)) fenced |= line.kind == "deny" && line.matched;
      ASSERT_EQ(policy->evaluate(question).outcome != Outcome::allow, fenced) << rules << resource << "/" << action;
      denied += fenced ? 1 : 0;
      ++asked;
    }
  }
  EXPECT_GT(denied, asked / 10);
  EXPECT_LT(denied, asked * 9 / 10);
}

}  // namespace
}  // namespace watchword::policy::testing
