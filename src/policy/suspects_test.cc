#include "policy/suspects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const std::string kResources =
    "resources: { api: { http: { upstream: https://x.internal, host: x }, actions: { r: { methods: [GET] } } } }\n";

std::shared_ptr<const Policy> with_binding(const std::string& claims, const std::string& allow = "api/r") {
  return policy_of(kResources + "roles: { r: { granted_to: [{ job: { issuer: gitlab, " + claims + " } }], allow: [ " +
                   allow + " ] } }\n");
}

// "where found | expected | fix"
std::vector<std::string> lines(const std::vector<Error>& errors) {
  std::vector<std::string> out;
  for (const Error& error : errors) {
    EXPECT_EQ(error.reason, Reason::policy_suspect);
    out.push_back(error.where + " " + error.found + " | " + error.expected + " | " + error.fix);
  }
  return out;
}

TEST(Suspects, ResourcesThatNoRoleAllows) {
  EXPECT_THAT(
      lines(idle_resources(*policy_of(kResources))),
      ElementsAre("api the resource 'api', which no role allows | a role that allows one of its actions | allow it "
                  "in a role, or leave the resource out"));
  EXPECT_THAT(idle_resources(*with_binding("ref: main")), IsEmpty());
}

TEST(Suspects, ClaimsThatNoTokenHas) {
  const std::vector<ConfiguredIssuer> gitlab{{"gitlab", {issuer::ProfileName::gitlab, {}}}};
  const std::vector<ConfiguredIssuer> both{gitlab[0],
                                           {"okta", {issuer::ProfileName::generic, issuer::MachineMapping{}}}};
  EXPECT_THAT(lines(unsent_claims(*with_binding("ref: main, repository: acme/x"), gitlab)),
              ElementsAre("p.yaml:2:30 the claim 'repository' | a claim that the issuer's tokens have | leave it out, "
                          "unless a newer release of the issuer sends it"));
  const auto conditional =
      with_binding("ref: main", "{ permission: api/r, when: 'job.team == \"x\" && job.ref == \"y\"' }");
  EXPECT_THAT(unsent_claims(*conditional, gitlab), SizeIs(1));
  EXPECT_EQ(unsent_claims(*conditional, gitlab).front().found, "the claim 'team' in a condition");
  EXPECT_THAT(unsent_claims(*conditional, both), SizeIs(1)) << "the role is for jobs of gitlab only";
  const auto fenced = policy_of(kResources + "deny: [{ permission: api/r, when: 'job.team == \"x\"' }]\n");
  EXPECT_THAT(unsent_claims(*fenced, gitlab), SizeIs(1));
  EXPECT_THAT(unsent_claims(*fenced, both), IsEmpty()) << "okta may send it";
  EXPECT_THAT(unsent_claims(*with_binding("ref: main, 'user_identities[0].provider': x"), gitlab), IsEmpty());
}

TEST(Suspects, BindingsThatNobodySeenCouldMatch) {
  const std::vector<issuer::Principal> seen{job(), job({{"project_path", "acme/shop"}, {"ref", "release/1"}})};
  EXPECT_THAT(lines(never_matched(*with_binding("project_path: acme/biling, ref: main"), seen)),
              ElementsAre("p.yaml:2:30 project_path acme/biling, which none of 2 seen identities of gitlab has | "
                          "acme/billing | did you mean 'acme/billing'?"));
  EXPECT_THAT(
      lines(never_matched(*with_binding("environment: [staging, 're:qa-.*']"), seen)),
      ElementsAre("p.yaml:2:30 environment staging or re:qa-.*, which none of 2 seen identities of gitlab has | a "
                  "value that the issuer's tokens have had | leave the binding out, unless such a job is still to "
                  "come"));
  EXPECT_THAT(never_matched(
                  *with_binding("project_path: 'acme/*', ref: 'release/*', ref_protected: true, project_id: 42"), seen),
              IsEmpty());
}

TEST(Suspects, NothingIsSaidOfIssuersOfWhichNobodyWasSeen) {
  EXPECT_THAT(never_matched(*with_binding("project_path: acme/biling"), {}), IsEmpty());
  EXPECT_THAT(never_matched(*with_binding("project_path: acme/biling"), {job({}, "other")}), IsEmpty());
}

}  // namespace
}  // namespace watchword::policy::testing
