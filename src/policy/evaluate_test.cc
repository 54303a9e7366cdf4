// What the policy decides.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

const std::string kPolicy = R"(
resources:
  api:
    http: { upstream: https://api.internal, host: api.gate.acme.dev }
    actions: { read: { methods: [GET] }, write: { methods: [POST] }, purge: { methods: [DELETE] } }
roles:
  reader:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]
    allow: [api/read]
  deployer:
    granted_to:
      - job: { issuer: gitlab, project_path: acme/billing, ref: main, ref_protected: true }
    allow:
      - api/read
      - permission: api/write
        when: context.merged(into = "main", sha = job.sha)
)";

context::TableFacts merged(bool value) {
  Json fact = Json::object({{"fact", "merged"}, {"value", value}});
  return *context::TableFacts::from_json(Json::array().push(fact), from_unix(1'795'251'000));
}

TEST(Evaluate, DeniesWhatNothingAllows) {
  const auto policy = policy_of(kPolicy);
  EXPECT_EQ(shown(ask(*policy, job(), "api", "read")), "allow reader p.yaml:9");
  EXPECT_EQ(shown(ask(*policy, job(), "api", "purge")), "deny not_permitted p.yaml:7");
  EXPECT_EQ(shown(ask(*policy, job({{"project_path", "acme/shop"}}), "api", "read")), "deny no_binding");
  EXPECT_EQ(shown(ask(*policy, job({}, "gitlab-mirror"), "api", "read")), "deny no_binding");
  EXPECT_EQ(shown(ask(*policy, job(), "apo", "read")), "deny resource_unknown");
  EXPECT_EQ(shown(ask(*policy, job(), "api", "raed")), "deny action_unknown");
  EXPECT_EQ(shown(ask(*policy, job(), "", "")), "deny resource_unknown");
  EXPECT_EQ(shown(ask(**Policy::parse({}), job(), "api", "read")), "deny resource_unknown");
}

TEST(Evaluate, ADenialSaysWhatWasFoundAndWhatIsMissing) {
  const auto policy = policy_of(kPolicy);
  const Verdict none = ask(*policy, job({{"project_path", "acme/shop"}}), "api", "read");
  EXPECT_THAT(none.found, HasSubstr("acme/shop"));
  const Verdict other = ask(*policy, job(), "api", "purge");
  EXPECT_EQ(other.found, "role reader, deployer");
  EXPECT_EQ(other.expected, "a role that allows api/purge");
  const auto unmerged = merged(false);
  const Verdict waiting = ask(*policy, job(), "api", "write", unmerged);
  EXPECT_EQ(waiting.expected, "context.merged(into = \"main\", sha = job.sha)");
  EXPECT_THAT(waiting.found, Not(IsEmpty()));
  EXPECT_EQ(waiting.role, "deployer");
}

TEST(Evaluate, AConditionNotMetNotKnownAndFailedAreThreeAnswers) {
  const auto policy = policy_of(kPolicy);
  const auto yes = merged(true), no = merged(false);
  EXPECT_EQ(shown(ask(*policy, job(), "api", "write", yes)), "allow deployer p.yaml:15");
  EXPECT_EQ(shown(ask(*policy, job(), "api", "write", no)), "deny context_not_met p.yaml:15");
  EXPECT_EQ(shown(ask(*policy, job(), "api", "write")), "deny context_unknown p.yaml:15");
  const auto failing = policy_of(kPolicy.substr(0, kPolicy.rfind("when:")) + "when: job.no_such_claim == \"x\"\n");
  EXPECT_EQ(shown(ask(*failing, job(), "api", "write")), "error condition_failed p.yaml:15");
}

std::string two_conditions(const std::string& first, const std::string& second) {
  const std::string head = kPolicy.substr(0, kPolicy.find("roles:"));
  return head +
         "roles:\n  a:\n    granted_to: [{ job: { issuer: gitlab, ref: main } }]\n    allow:\n      - { permission: "
         "api/write, when: '" +
         first + "' }\n      - { permission: api/write, when: '" + second + "' }\n";
}

TEST(Evaluate, OneConditionThatHoldsIsEnoughAndAFailureOutweighsAMissingFact) {
  const std::string yes = "true", no = "false", unknown = "context.merged(into = \"main\", sha = job.sha)",
                    error = "job.absent == 1";
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {no, yes, "allow a p.yaml:11"},
      {error, yes, "allow a p.yaml:11"},
      {unknown, yes, "allow a p.yaml:11"},
      {yes, error, "allow a p.yaml:10"},
      {no, no, "deny context_not_met p.yaml:10"},
      {no, unknown, "deny context_unknown p.yaml:11"},
      {unknown, no, "deny context_unknown p.yaml:10"},
      {unknown, error, "error condition_failed p.yaml:11"},
      {error, unknown, "error condition_failed p.yaml:10"}};
  for (const auto& [first, second, expected] : table)
    EXPECT_EQ(shown(ask(*policy_of(two_conditions(first, second)), job(), "api", "write")), expected)
        << first << " | " << second;
}

std::string fenced(const std::string& rule) { return kPolicy + "deny:\n" + rule; }

TEST(Evaluate, ADenyRuleOverridesEveryAllow) {
  const auto production = policy_of(fenced(
      "  - permission: \"*/write\"\n    to: { job: { environment: production } }\n    unless: job.ref_protected\n"
      "    why: production is written only from protected refs\n"));
  const auto yes = merged(true);
  EXPECT_EQ(shown(ask(*production, job(), "api", "write", yes)), "allow deployer p.yaml:15");
  const Verdict denied = ask(*production, job({{"ref_protected", "false"}}), "api", "write", yes);
  EXPECT_EQ(shown(denied), "deny denied_by_rule p.yaml:18");
  EXPECT_THAT(denied.found, HasSubstr("production is written only from protected refs"));
  EXPECT_EQ(denied.expected, "job.ref_protected");
  EXPECT_EQ(shown(ask(*production, job({{"ref_protected", "false"}}), "api", "read", yes)), "allow reader p.yaml:9");
  EXPECT_EQ(shown(ask(*production, job({{"ref_protected", "false"}, {"environment", "staging"}}), "api", "write", yes)),
            "deny not_permitted p.yaml:7");
}

TEST(Evaluate, ADenyRuleThatCannotBeDecidedDenies) {
  const std::string unknown = "context.merged(into = \"main\", sha = job.sha)";
  const std::vector<std::pair<std::string, std::string>> table = {
      {"", "deny denied_by_rule p.yaml:18"},
      {"    when: 'true'\n", "deny denied_by_rule p.yaml:18"},
      {"    when: 'false'\n", "allow reader p.yaml:9"},
      {"    unless: 'true'\n", "allow reader p.yaml:9"},
      {"    when: " + unknown + "\n", "deny context_unknown p.yaml:18"},
      {"    unless: " + unknown + "\n", "deny context_unknown p.yaml:18"},
      {"    when: job.absent == 1\n", "error condition_failed p.yaml:18"},
      {"    unless: job.absent == 1\n", "error condition_failed p.yaml:18"},
      {"    when: job.absent == 1\n    unless: 'true'\n", "allow reader p.yaml:9"},
      {"    when: 'false'\n    unless: job.absent == 1\n", "allow reader p.yaml:9"},
      {"    when: job.absent == 1\n    unless: 'false'\n", "error condition_failed p.yaml:18"},
      {"    when: 'true'\n    unless: " + unknown + "\n", "deny context_unknown p.yaml:18"},
      // A certain denial is the answer whatever other rules come to.
      {"    unless: job.absent == 1\n  - permission: api/*\n", "deny denied_by_rule p.yaml:20"}};
  for (const auto& [conditions, expected] : table)
    EXPECT_EQ(shown(ask(*policy_of(fenced("  - permission: api/read\n" + conditions)), job(), "api", "read")), expected)
        << conditions;
}

TEST(Evaluate, ADenyRuleIsForThoseItNamesAndSparesNoFork) {
  const auto policy = policy_of(fenced(
      "  - permission: [api/read]\n    to:\n      - job: { project_path: acme/billing, ref: [dev, 're:feature/.*'] }\n"
      "      - service: {issuer: okta}\n"));
  EXPECT_EQ(shown(ask(*policy, job(), "api", "read")), "allow reader p.yaml:9");
  EXPECT_EQ(shown(ask(*policy, job({{"ref", "feature/x"}}), "api", "read")), "deny denied_by_rule p.yaml:18");
  EXPECT_EQ(shown(ask(*policy, job({{"ref", "dev"}, {"job_project_id", "666"}}), "api", "read")),
            "deny denied_by_rule p.yaml:18");
  EXPECT_EQ(shown(ask(*policy, job({{"ref", "dev"}}, "another-gitlab"), "api", "read")),
            "deny denied_by_rule p.yaml:18");
  EXPECT_EQ(shown(ask(*policy, service(Json::object({{"sub", "x"}})), "api", "read")), "deny denied_by_rule p.yaml:18");
}

TEST(Evaluate, ForksHoldOnlyRolesThatAdmitThem) {
  const auto strict = policy_of(kPolicy);
  const auto fork = job({{"job_project_path", "mallory/billing"}, {"job_project_id", "666"}});
  EXPECT_EQ(shown(ask(*strict, fork, "api", "read")), "deny fork_not_admitted");
  EXPECT_TRUE(strict->roles_of(fork).fork_refused);
  std::string text = kPolicy;
  text.replace(text.find("project_path: acme/billing }"), 28, "project_path: acme/billing, forks: true }");
  const auto open = policy_of(text);
  EXPECT_EQ(shown(ask(*open, fork, "api", "read")), "allow reader p.yaml:9");
  EXPECT_EQ(shown(ask(*open, fork, "api", "write")), "deny not_permitted p.yaml:7");
}

TEST(Evaluate, ClaimsAreNeverReadAsPatterns) {
  const auto policy = policy_of(kPolicy);
  for (const std::string value : {"*", "**", "acme/*", "re:.*", "acme/billing*", "acme/billin?", "ACME/BILLING",
                                  "acme/billing/", "acme//billing"})
    EXPECT_EQ(shown(ask(*policy, job({{"project_path", value}}), "api", "read")), "deny no_binding") << value;
}

TEST(Evaluate, KindsDoNotMix) {
  std::string text = kPolicy;
  text.replace(text.find("job: { issuer: gitlab, project_path: acme/billing }"), 51,
               "person: { issuer: okta, sub: ada }");
  const auto policy = policy_of(text);
  const Json claims = Json::object({{"sub", "ada"}});
  EXPECT_EQ(shown(ask(*policy, person(claims), "api", "read")), "allow reader p.yaml:9");
  EXPECT_EQ(shown(ask(*policy, service(claims), "api", "read")), "deny no_binding");
}

TEST(Evaluate, RolesOfAnotherPolicyAreFoundAnew) {
  const auto before = policy_of(kPolicy);
  const auto who = job();
  const Roles old = before->roles_of(who);
  std::string text = kPolicy;
  text.replace(text.find("acme/billing }"), 14, "acme/shop }");
  text.replace(text.find("ref: main"), 9, "ref: prod");
  const auto after = policy_of(text);
  const Verdict verdict = after->evaluate({who, old, "api", "read", {}, {}, {}, no_facts(), from_unix(0)});
  EXPECT_EQ(shown(verdict), "deny no_binding");
}

TEST(Evaluate, SessionsAreAsStrictAsTheStrictestRole) {
  const auto with = [](const std::string& reader, const std::string& deployer) {
    std::string text = kPolicy;
    text.replace(text.find("  deployer:"), 0, "    session: { " + reader + " }\n");
    return policy_of(text + "    session: { " + deployer + " }\n")->roles_of(job()).limits;
  };
  const SessionLimits defaults = policy_of(kPolicy)->roles_of(job()).limits;
  EXPECT_EQ(defaults.ttl, std::chrono::minutes(15));
  EXPECT_TRUE(defaults.ends_with_job);
  const SessionLimits mixed = with("ttl: 1h, ends_with_job: false, proof: dpop", "ttl: 5m, exchanges: once");
  EXPECT_EQ(mixed.ttl, std::chrono::minutes(5));
  EXPECT_TRUE(mixed.ends_with_job);
  EXPECT_TRUE(mixed.single_exchange);
  EXPECT_EQ(mixed.proof, Proof::dpop);
  const SessionLimits wide = with("ttl: 1h, ends_with_job: false", "ttl: 2h, ends_with_job: false");
  EXPECT_EQ(wide.ttl, std::chrono::hours(1));
  EXPECT_FALSE(wide.ends_with_job);
  EXPECT_FALSE(wide.single_exchange);
  EXPECT_EQ(wide.proof, Proof::bearer);
}

TEST(Evaluate, SessionsKeepToTheLimitsOfAllTheirRoles) {
  const auto with = [](const std::string& reader, const std::string& deployer) {
    std::string text = kPolicy;
    if (!reader.empty()) text.replace(text.find("  deployer:"), 0, "    session: { limits: { " + reader + " } }\n");
    if (!deployer.empty()) text += "    session: { limits: { " + deployer + " } }\n";
    return policy_of(text)->roles_of(job()).limits.quota;
  };
  EXPECT_EQ(with("", ""), Quota());
  EXPECT_FALSE(with("", "").any());
  const Quota one{.rate = {100, 100, std::chrono::seconds(1)}, .concurrent = 20, .bytes = 10'000'000'000};
  const std::string text = "rate: 100/s, concurrent: 20, bytes: 10GB";
  EXPECT_EQ(with(text, ""), one) << "a role that says nothing lifts no limit";
  EXPECT_EQ(with("", text), one);
  EXPECT_EQ(with("rate: 200/s, concurrent: 30", "rate: 100/s, concurrent: 20, bytes: 10GB"), one);
  EXPECT_EQ(with("concurrent: 20", "rate: 100/s, bytes: 10GB"), one);
  const Rate both{3000, 100, std::chrono::minutes(1)};
  EXPECT_EQ(with("rate: 100/s", "rate: 3000/m").rate, both)
      << "slower in the long run than the one, no burst of the other";
  EXPECT_EQ(with("rate: 3000/m", "rate: 100/s").rate, both);
}

TEST(Policy, ListsWhatRolesPermitAndWhichIssuersAreNamed) {
  const auto policy = policy_of(fenced("  - permission: api/*\n    to: { job: { issuer: other } }\n"));
  EXPECT_THAT(policy->permissions(policy->roles_of(job())), ElementsAre(Pair("api", "read"), Pair("api", "write")));
  EXPECT_THAT(policy->permissions(policy->roles_of(job({{"project_path", "x/y"}}))), IsEmpty());
  std::vector<std::string> named;
  for (const auto& [name, where] : policy->issuers_named()) named.push_back(name + " " + where);
  EXPECT_THAT(named, ElementsAre("gitlab p.yaml:8:20", "other p.yaml:19:11"));
  EXPECT_EQ(policy->rule_count(), 6U);
  std::vector<std::string> roles;
  for (const Role* role : policy->roles_of(job()).all) roles.push_back(name_of(*role));
  EXPECT_THAT(roles, ElementsAre("reader", "deployer"));
}

}  // namespace
}  // namespace watchword::policy::testing
