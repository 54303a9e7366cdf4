// Policies and samples for the tests of who-can and diff.
#pragma once

#include "policy/policy_diff.h"
#include "policy/policy_test_util.h"
#include "policy/who_can.h"

namespace watchword::policy::testing {

inline const Time kNoon = from_unix(1'795'251'600);

inline const std::string kBillingApi =
    "resources:\n"
    "  billing-api:\n"
    "    http: { upstream: https://billing.internal, host: billing.gate.example.com }\n"
    "    actions:\n"
    "      read: { methods: [GET] }\n"
    "      write: { methods: [POST], paths: [/v1/**] }\n";

// What the policy says of the sample, read as `policy explain --claims FILE --facts FILE --at TIME` reads it: from
// JSON.
inline Verdict replay(const Policy& policy, const Scene& sample, std::string_view resource, std::string_view action) {
  const auto claims = parse_json(sample.claims.dump());
  const auto principal = issuer::imagine_principal(claims.value(), sample.issuer, sample.profile);
  EXPECT_TRUE(principal.has_value()) << to_string(principal.error());
  const auto facts = context::TableFacts::from_json(parse_json(sample.facts.dump()).value(), sample.at);
  EXPECT_TRUE(facts.has_value());
  const Roles roles = policy.roles_of(*principal);
  return policy.evaluate(
      {*principal, roles, resource, action, sample.method, sample.path, sample.host, *facts, sample.at});
}

}  // namespace watchword::policy::testing
