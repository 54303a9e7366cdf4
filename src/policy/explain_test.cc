// Explain: every rule that bears on the question, and which part of it held.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kPolicy = R"(
resources:
  api:
    http: { upstream: https://api.internal, host: api.gate.acme.dev }
    actions: { read: { methods: [GET] }, write: { methods: [POST] } }
roles:
  reader:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]
    allow: [api/read]
  deployer:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing, ref: main } }]
    allow: [{ permission: api/write, when: job.environment == "production" && job.ref_protected }]
  stranger:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/shop } }]
    allow: [api/read]
deny:
  - { name: fence, permission: api/write, to: { job: { environment: production } }, unless: job.ref_protected }
)";

std::vector<Considered> explain(const issuer::Principal& who, std::string_view action,
                                std::string_view resource = "api") {
  const auto policy = policy_of(kPolicy);
  const Roles roles = policy->roles_of(who);
  return policy->explain({who, roles, resource, action, "POST", "/", "", no_facts(), from_unix(1'795'251'600)});
}
std::vector<std::string> lines(const std::vector<Considered>& considered) {
  std::vector<std::string> out;
  for (const Considered& one : considered)
    out.push_back(fmt::format("{} {} {} {}", one.kind, one.role, one.rule, one.matched ? "yes" : "no"));
  return out;
}

TEST(Explain, NamesEveryRuleThatBearsOnTheQuestion) {
  EXPECT_THAT(lines(explain(job(), "write")),
              ElementsAre("deny  p.yaml:17 no", "binding reader p.yaml:8 yes", "permission reader p.yaml:7 no",
                          "binding deployer p.yaml:11 yes", "permission deployer p.yaml:12 yes"));
  EXPECT_THAT(lines(explain(job({{"ref", "dev"}}), "read")),
              ElementsAre("binding reader p.yaml:8 yes", "permission reader p.yaml:9 yes",
                          "binding stranger p.yaml:14 no", "permission stranger p.yaml:15 yes"));
}

TEST(Explain, SaysWhichPartFailed) {
  const auto considered = explain(job({{"ref", "dev"}, {"ref_protected", "false"}}), "write");
  ASSERT_EQ(considered.size(), 5U);
  EXPECT_TRUE(considered[0].matched);
  EXPECT_THAT(considered[0].held, Contains("environment is production"));
  EXPECT_THAT(considered[0].failed, Contains(HasSubstr("unless: job.ref_protected does not hold")));
  EXPECT_THAT(considered[2].failed, ElementsAre("api/write is not in 'allow'"));
  EXPECT_THAT(considered[3].failed, ElementsAre("ref is dev, wanted main"));
  EXPECT_FALSE(considered[4].matched);
  EXPECT_THAT(considered[4].held, Contains(HasSubstr("when: job.environment == \"production\" holds")));
  EXPECT_THAT(considered[4].failed, Contains(HasSubstr("when: job.ref_protected does not hold")));
}

TEST(Explain, NamesForksAsTheReason) {
  const auto considered = explain(job({{"job_project_id", "666"}}), "read");
  EXPECT_THAT(considered[0].failed, ElementsAre("the job is a fork's, wanted 'forks: true'"));
  EXPECT_FALSE(considered[0].matched);
}

TEST(Explain, HasNothingToSayOfWhatDoesNotExist) {
  EXPECT_THAT(explain(job(), "read", "apo"), IsEmpty());
  EXPECT_THAT(explain(job(), "raed"), IsEmpty());
}

}  // namespace
}  // namespace watchword::policy::testing
