// `explain` says check by check what holds, and opens no claim of a token that nobody signed.
#include <gmock/gmock.h>

#include "jose/jwt.h"
#include "support/mint.h"

namespace watchword::jose {
namespace {

using crypto::Algorithm;
using ::testing::ElementsAre;
using testing::gitlab_claims;
using ::testing::HasSubstr;
using testing::Issuer;

const Time kNow = from_unix(1'795'000'000);

std::vector<Check> explain(const std::string& compact, const KeySet& keys) {
  const Verifier verifier = Verifier::make({.issuer = std::string(testing::kIssuerUrl),
                                            .audiences = {std::string(testing::kAudience)},
                                            .algorithms = {Algorithm::es256},
                                            .max_age = {}})
                                .value();
  return verifier.explain(UnverifiedToken::parse(compact).value(), keys, kNow);
}

std::vector<std::string> names(const std::vector<Check>& checks) {
  std::vector<std::string> out;
  for (const Check& check : checks) out.push_back(check.name + (check.failure ? " failed" : ""));
  return out;
}

TEST(Explain, NamesEveryCheckOfAGoodToken) {
  const Issuer issuer = Issuer::make();
  const auto checks = explain(issuer.mint(gitlab_claims(kNow)), issuer.keys());
  EXPECT_THAT(names(checks), ElementsAre("type", "algorithm", "key", "key algorithm", "signature", "issuer", "audience",
                                         "expiry", "not before", "issued", "age", "subject"));
  EXPECT_THAT(checks[2].detail, HasSubstr("key-1"));
  EXPECT_THAT(checks[6].detail, HasSubstr("https://gate.example.com"));
  EXPECT_EQ(checks[7].detail, "exp " + to_rfc3339(kNow + std::chrono::hours(1)));
}

TEST(Explain, GoesOnAfterAFailure) {
  const Issuer issuer = Issuer::make();
  Json claims = gitlab_claims(kNow);
  claims.set("aud", "https://vault.example.com").set("exp", 1'700'000'000).set("nbf", "soon");
  EXPECT_THAT(names(explain(issuer.mint(claims, "at+jwt"), issuer.keys())),
              ElementsAre("type failed", "algorithm", "key", "key algorithm", "signature", "issuer", "audience failed",
                          "expiry failed", "not before failed", "issued", "age", "subject"));
}

TEST(Explain, OpensNoClaimOfATokenWithABadSignature) {
  const Issuer issuer = Issuer::make(), attacker = Issuer::make();
  const std::string forged = attacker.mint(gitlab_claims(kNow));
  EXPECT_THAT(names(explain(forged, issuer.keys())),
              ElementsAre("type", "algorithm", "key", "key algorithm", "signature failed"));
  EXPECT_THAT(names(explain(forged, KeySet::of({}))), ElementsAre("type", "algorithm", "key failed"));
  const Issuer rsa = Issuer::make(Algorithm::rs256);
  EXPECT_THAT(names(explain(rsa.mint(gitlab_claims(kNow)), issuer.keys())),
              ElementsAre("type", "algorithm failed", "key", "key algorithm failed"));
}

}  // namespace
}  // namespace watchword::jose
