#include "policy/misfits.h"

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

// Of a binding and of a deny rule with the same matcher.
std::vector<std::string> misfits_of(const std::string& matcher, bool okta = true) {
  std::vector<ConfiguredIssuer> issuers = {{"gitlab", {issuer::ProfileName::gitlab, {}}}};
  if (okta) issuers.push_back({"okta", {issuer::ProfileName::generic, issuer::PersonMapping{}}});
  const bool bindable = matcher.find("issuer") != std::string::npos;
  const auto policy =
      policy_of(kResources + (bindable ? "roles: { r: { granted_to: [" + matcher + "], allow: [api/r] } }\n" : "\n") +
                "deny: [{ permission: api/r, to: " + matcher + " }]\n");
  std::vector<std::string> out;
  for (const Error& error : misfits(*policy, issuers)) {
    EXPECT_EQ(error.reason, Reason::policy_invalid);
    EXPECT_FALSE(error.expected.empty());
    out.push_back(error.where + " " + error.found + (error.fix.empty() ? "" : " | " + error.fix));
  }
  return out;
}

TEST(Misfits, FindWhatCouldNeverMatch) {
  EXPECT_THAT(misfits_of("{ job: { issuer: gitlab, project_path: a/b, user_identities.0: x } }"), IsEmpty());
  EXPECT_THAT(misfits_of("{ job: { issuer: gitlba, ref: main } }"),
              ElementsAre("p.yaml:2:30 the issuer 'gitlba' | did you mean 'gitlab'?",
                          "p.yaml:3:35 the issuer 'gitlba' | did you mean 'gitlab'?"));
  EXPECT_THAT(misfits_of("{ service: { issuer: gitlab, ref: main } }"),
              ElementsAre("p.yaml:2:30 'service'", "p.yaml:3:35 'service'"));
  EXPECT_THAT(misfits_of("{ job: { issuer: gitlab, ref: main, enviroment: production } }"),
              ElementsAre("p.yaml:2:30 the claim 'enviroment' | did you mean 'environment'?",
                          "p.yaml:3:35 the claim 'enviroment' | did you mean 'environment'?"));
}

TEST(Misfits, LeaveUnknownClaimsAloneThatNobodyMistyped) {
  EXPECT_THAT(misfits_of("{ job: { issuer: gitlab, something_of_a_newer_release: x } }"), IsEmpty());
  EXPECT_THAT(misfits_of("{ person: { issuer: okta, enviroment: x } }"), IsEmpty());
}

TEST(Misfits, OfARuleForAnyIssuerAreThoseThatNoIssuerHas) {
  EXPECT_THAT(misfits_of("{ job: { enviroment: x } }", false),
              ElementsAre("p.yaml:3:35 the claim 'enviroment' | did you mean 'environment'?"));
  EXPECT_THAT(misfits_of("{ job: { enviroment: x } }"), SizeIs(1));
  EXPECT_THAT(misfits_of("{ person: { enviroment: x } }"), IsEmpty());
  EXPECT_THAT(misfits_of("{ person: { email: x } }", false), ElementsAre("p.yaml:3:35 'person'"));
}

}  // namespace
}  // namespace watchword::policy::testing
