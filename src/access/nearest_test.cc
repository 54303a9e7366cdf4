// What a refusal is told beside its reason: the nearest rule, and a fix that names it.
#include "access/nearest.h"

#include <gtest/gtest.h>

#include "issuer/profile.h"

namespace watchword::access {
namespace {

constexpr const char* kPolicy = R"(
resources:
  api:
    http: { upstream: https://api.internal, host: api.gate.acme.dev }
    actions: { read: { methods: [GET] }, write: { methods: [POST] } }
roles:
  writer:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing, environment: production } }]
    allow: [api/write]
  web:
    granted_to: [{ job: { issuer: gitlab, project_path: Acme/Web } }]
    allow: [api/read]
  merging:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/merging } }]
    allow:
      - permission: api/write
        when: context.merged(into = "main", sha = job.sha)
)";

class NearestTest : public ::testing::Test {
 protected:
  static issuer::Principal job(const char* project, const char* environment = "staging") {
    const auto claims = Json::object({{"iss", "https://gitlab.acme.dev"},
                                      {"sub", "job"},
                                      {"project_id", "42"},
                                      {"project_path", project},
                                      {"namespace_id", "7"},
                                      {"namespace_path", "acme"},
                                      {"pipeline_id", "1"},
                                      {"job_id", "2"},
                                      {"ref", "main"},
                                      {"ref_type", "branch"},
                                      {"ref_protected", "true"},
                                      {"environment", environment},
                                      {"sha", "9f3c2d1e0b7a4c5d6e8f90a1b2c3d4e5f6071829"}});
    return issuer::imagine_principal(claims, "gitlab", {issuer::ProfileName::gitlab, {}}).value();
  }

  Decision decided(const issuer::Principal& who, std::string_view action) {
    const auto roles = snapshot_.policy->roles_of(who);
    auto decision = decide(snapshot_, who, roles, {"api", action, {}, {}, {}}, now_);
    add_nearest(decision, snapshot_, who, roles, {"api", action, {}, {}, {}}, now_);
    return decision;
  }

  Time now_ = from_unix(1'795'251'600);
  Snapshot snapshot_{policy::Policy::parse({{"p.yaml", kPolicy}}).value(), std::make_shared<context::TableFacts>()};
};

TEST_F(NearestTest, TheFixNamesTheRuleAndTheClaim) {
  const auto decision = decided(job("acme/billing"), "write");
  ASSERT_TRUE(decision.nearest);
  EXPECT_EQ(to_json(*decision.nearest).dump(),
            R"({"expected":"production","found":"staging","part":"environment","role":"writer","rule":"p.yaml:8"})");
  EXPECT_EQ(decision.refusal->fix,
            "run the job with 'environment: production', as p.yaml:8 (role writer) asks for; or change that binding");
  EXPECT_EQ(decided(job("acme/web"), "read").refusal->fix,
            "write project_path as the CI system does, acme/web, in p.yaml:11 (role web)");
}

TEST_F(NearestTest, AConditionsOwnFixStays) {
  const auto decision = decided(job("acme/merging"), "write");
  ASSERT_TRUE(decision.nearest);
  EXPECT_EQ(decision.nearest->part, "when");
  EXPECT_FALSE(decision.refusal->fix.starts_with("meet "));
}

// Facts are of a project by its id, which only the whole identity tells.
class OfProject42 final : public context::Facts {
 public:
  std::optional<context::Fact> find(const context::Scope& scope, std::string_view, const Json&) const override {
    if (scope.project_id != "42") return std::nullopt;
    return context::Fact{.value = false, .source = "webhook", .at = from_unix(1'795'251'000)};
  }
};

TEST_F(NearestTest, AFactThatIsKnownIsKnownHereToo) {
  snapshot_.facts = std::make_shared<OfProject42>();
  const auto decision = decided(job("acme/merging"), "write");
  ASSERT_TRUE(decision.nearest);
  EXPECT_NE(decision.nearest->found.find("is false (webhook"), std::string::npos) << decision.nearest->found;
}

TEST_F(NearestTest, AnAllowAndWhatIsNoAnswerOfARuleHaveNone) {
  const auto who = job("acme/billing", "production");
  const auto allowed = decided(who, "write");
  EXPECT_TRUE(allowed.allowed() && !allowed.nearest);
  Decision refused;
  refused.refusal = Error{Reason::dpop_required, "no DPoP header", "a DPoP proof", {}, {}};
  add_nearest(refused, snapshot_, who, snapshot_.policy->roles_of(who), {"api", "write", {}, {}, {}}, now_);
  EXPECT_TRUE(!refused.nearest && refused.refusal->fix.empty());
}

}  // namespace
}  // namespace watchword::access
