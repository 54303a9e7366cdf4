// accept_facts_for: a permission that counts on facts which are older than the normal limit.
#include <gmock/gmock.h>

#include "context/fact_table.h"
#include "context/witness.h"
#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

using std::chrono::minutes;
using ::testing::HasSubstr;

const std::string kPolicy = R"(
resources:
  api:
    http: { upstream: https://api.internal, host: api.gate.acme.dev }
    actions: { read: { methods: [GET] }, write: { methods: [POST] }, fenced: { methods: [PUT] } }
roles:
  deployer:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]
    allow:
      - { permission: api/read, when: context.pipeline_status() == "running" }
      - { permission: api/write, when: context.pipeline_status() == "running", accept_facts_for: 1h }
      - { permission: api/fenced, when: context.pipeline_status() == "running", accept_facts_for: 1h }
deny:
  - { name: fence, permission: api/fenced, unless: context.pipeline_status() == "running" }
)";

// GitLab was last heard of at kTold, and the facts' normal limit is ten minutes.
class AcceptFacts : public ::testing::Test {
 protected:
  static constexpr Time kTold{std::chrono::seconds(1'790'000'000)};

  AcceptFacts() { facts_.apply("gitlab", {{"42", kTold, context::PipelineChange{"1280", "running"}}}, "webhook"); }

  std::string ask(std::string_view action) {
    const auto who = job();
    const auto& machine = *who.machine();
    witness_.emplace(facts_, context::Scope{.issuer = who.issuer,
                                            .project = machine.project,
                                            .project_id = machine.project_id,
                                            .job = machine.job,
                                            .pipeline = machine.pipeline});
    const Roles roles = policy_->roles_of(who);
    return shown(policy_->evaluate({who, roles, "api", action, "GET", "/", "", *witness_, clock_.now()}));
  }

  std::shared_ptr<const Policy> policy_ = policy_of(kPolicy);
  ManualClock clock_{kTold};
  context::FactTable facts_{{.max_age = minutes(10)}, clock_};
  std::optional<context::Witness> witness_;
};

TEST_F(AcceptFacts, AreWhatBothPermissionsCountOnWhileTheyAreFresh) {
  clock_.advance(minutes(10));
  EXPECT_EQ(ask("read"), "allow deployer p.yaml:10");
  EXPECT_EQ(ask("write"), "allow deployer p.yaml:11");
  EXPECT_EQ(ask("fenced"), "allow deployer p.yaml:12");
  EXPECT_FALSE(witness_->take()[0].fact->past_limit);
}

TEST_F(AcceptFacts, LaterCountForThatPermissionOnly) {
  clock_.advance(minutes(30));
  EXPECT_EQ(ask("read"), "deny context_unknown p.yaml:10");
  EXPECT_EQ(ask("write"), "allow deployer p.yaml:11");
}

TEST_F(AcceptFacts, NeverCountForADenyRule) {
  clock_.advance(minutes(30));
  EXPECT_EQ(ask("fenced"), "deny context_unknown p.yaml:14");
}

TEST_F(AcceptFacts, DoNotCountBeyondThat) {
  clock_.advance(std::chrono::hours(1));
  EXPECT_EQ(ask("write"), "allow deployer p.yaml:11");
  clock_.advance(Duration(1));
  EXPECT_EQ(ask("write"), "deny context_unknown p.yaml:11");
}

TEST_F(AcceptFacts, AreRecordedWithTheirTime) {
  clock_.advance(minutes(30));
  ask("write");
  const auto seen = witness_->take();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].fact->at, kTold);
  EXPECT_EQ(seen[0].fact->source, "webhook");
  EXPECT_TRUE(seen[0].fact->past_limit);
}

TEST_F(AcceptFacts, AreNamedByExplainWithSourceAndTime) {
  clock_.advance(minutes(30));
  const auto who = job();
  const auto& machine = *who.machine();
  const context::Witness facts(facts_, {.issuer = who.issuer,
                                        .project = machine.project,
                                        .project_id = machine.project_id,
                                        .job = machine.job,
                                        .pipeline = machine.pipeline});
  const Roles roles = policy_->roles_of(who);
  const auto explain = [&](std::string_view action) {
    return policy_->explain({who, roles, "api", action, "GET", "/", "", facts, clock_.now()}).back();
  };
  EXPECT_THAT(explain("write").held,
              ::testing::ElementsAre(HasSubstr("(webhook, 2026-09-21T14:13:20.000Z, older than the normal limit)")));
  EXPECT_THAT(explain("read").failed, ::testing::ElementsAre(HasSubstr("is not known")));
}

TEST(AcceptFactsFor, IsForConditionsOverFactsAndBounded) {
  const auto errors = [](const std::string& permission) {
    const auto policy = Policy::parse({{"p.yaml", R"(
resources:
  api:
    http: { upstream: https://api.internal, host: api.gate.acme.dev }
    actions: { read: { methods: [GET] } }
roles:
  reader:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]
    allow: [{ permission: api/read, )" + permission + " }]\n"}});
    std::string out;
    if (!policy)
      for (const Error& error : policy.error()) out += error.where + " " + error.found + ";";
    return out;
  };
  const std::string idle = "'accept_facts_for' where no fact is asked for;";
  EXPECT_EQ(errors("accept_facts_for: 24h, when: context.job_running()"), "");
  EXPECT_EQ(errors("accept_facts_for: 1h"), "p.yaml:9:55 " + idle);
  EXPECT_EQ(errors("accept_facts_for: 1h, when: job.ref_protected"), "p.yaml:9:55 " + idle);
  EXPECT_EQ(errors("accept_facts_for: 25h, when: context.job_running()"), "p.yaml:9:55 '25h';");
  EXPECT_EQ(errors("accept_facts_for: 0s, when: context.job_running()"), "p.yaml:9:55 '0s';");
  EXPECT_THAT(errors("accept_facts_for: 1h, when: context.job_runing()"),
              ::testing::AllOf(HasSubstr("job_runing"), ::testing::Not(HasSubstr("no fact"))));
}

}  // namespace
}  // namespace watchword::policy::testing
