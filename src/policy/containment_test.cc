#include "policy/containment.h"

#include <gtest/gtest.h>

#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

bool contains(std::string_view outer, std::string_view inner) {
  return policy::contains(Pattern::parse(outer).value(), Pattern::parse(inner).value());
}

TEST(Containment, IsClaimedWhereItIsCertain) {
  for (const auto& [outer, inner] : {std::pair("acme/*", "acme/billing"),
                                     {"acme/**", "acme/*"},
                                     {"**", "x?y*"},
                                     {"acme/*", "acme/bill*"},
                                     {"re:a+", "aaa"},
                                     {"re:a+", "re:a+"},
                                     {"acme/*", "acme/a?c"}})
    EXPECT_TRUE(contains(outer, inner)) << outer << " " << inner;
}

TEST(Containment, IsNotClaimedOtherwise) {
  for (const auto& [outer, inner] : {std::pair("acme/*", "acme/a/b"),
                                     {"acme/*", "acme/**"},
                                     {"acme/billing", "acme/*"},
                                     {"acme/*", "ac*"},
                                     {"re:.*", "acme/*"},
                                     {"acme/*", "re:acme/a"},
                                     {"acme/*-x", "acme/*"},
                                     {"acme/*", "acme/*/b"},
                                     {"a?", "ab*"}})
    EXPECT_FALSE(contains(outer, inner)) << outer << " " << inner;
}

TEST(Containment, OfWantedValuesKnowsTheirTypes) {
  const Wanted number = std::int64_t{42}, text = Pattern::exactly("42"), flag = true;
  EXPECT_TRUE(policy::contains(number, text)) << "an integer matches its digits";
  EXPECT_FALSE(policy::contains(text, number));
  EXPECT_FALSE(policy::contains(number, flag));
  EXPECT_FALSE(policy::contains(flag, Wanted(false)));
  EXPECT_FALSE(policy::contains(number, Wanted(Pattern::exactly("042"))));
}

Matcher matcher(const std::string& text) {
  static std::vector<std::shared_ptr<const Policy>> kept;
  kept.push_back(
      policy_of("resources: { api: { http: { upstream: https://x, host: x }, actions: { r: { methods: [GET] } } } }\n"
                "roles: { r: { granted_to: [ " +
                text + " ], allow: [api/r] } }\n"));
  return *kept.back()->matchers().front();
}

TEST(Containment, OfMatchersCountsForksIssuersAndClaims) {
  const Matcher main = matcher("{ job: { issuer: gitlab, project_path: a/b, ref: main } }"),
                any = matcher("{ job: { issuer: gitlab, project_path: a/* } }"),
                forks = matcher("{ job: { issuer: gitlab, project_path: a/b, forks: true } }"),
                other = matcher("{ job: { issuer: gitlab2, project_path: a/b } }");
  EXPECT_TRUE(policy::contains(any, main));
  EXPECT_FALSE(policy::contains(main, any));
  EXPECT_FALSE(policy::contains(any, forks));
  EXPECT_FALSE(policy::contains(any, other));
  EXPECT_TRUE(policy::contains(forks, main));
}

TEST(Containment, DisjointAreOnlyClaimsThatCannotBeLists) {
  const auto disjoint = [](const std::string& a, const std::string& b) {
    return policy::disjoint(matcher("{ job: { issuer: gitlab, " + a + " } }"),
                            matcher("{ job: { issuer: gitlab, " + b + " } }"), is_gitlab_scalar);
  };
  EXPECT_TRUE(disjoint("environment: production", "environment: staging"));
  EXPECT_TRUE(disjoint("ref_protected: true", "ref_protected: false"));
  EXPECT_FALSE(disjoint("environment: production", "environment: prod*"));
  EXPECT_FALSE(disjoint("environment: a*", "environment: '*b'"));
  EXPECT_FALSE(disjoint("groups_direct: a", "groups_direct: b"));
  EXPECT_FALSE(disjoint("environment: production", "ref: main"));
}

}  // namespace
}  // namespace watchword::policy::testing
