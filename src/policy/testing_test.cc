// Policy tests: the examples pass, and a test that should fail does.
#include "policy/testing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/cel/context_functions.h"
#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(PolicyTests, TheExamplesPass) {
  const auto outcomes = run_tests(WATCHWORD_SOURCE_DIR "/examples/policy");
  if (!outcomes) FAIL() << to_string(outcomes.error()[0]);
  EXPECT_GE(outcomes->size(), 9U);
  for (const TestOutcome& outcome : *outcomes)
    EXPECT_FALSE(outcome.failure) << outcome.name << ": " << to_string(*outcome.failure);
}

const std::string kPolicy = R"(
resources:
  api:
    http: { upstream: https://api.internal, host: api.gate.acme.dev }
    actions: { read: { methods: [GET], paths: [/v1/**] }, bill: { grpc: [acme.v1.Billing/Get*] }, watch: { websocket: [/live] } }
  docs:
    http: { upstream: https://docs.internal, prefix: /docs, ambiguous_paths: refuse }
    actions: { read: { methods: [GET], paths: [/, /a] } }
roles:
  reader:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }, { person: { issuer: okta, sub: ada } }]
    allow: [api/read, api/bill, api/watch, docs/read]
)";

const std::string kBase = R"(
base:
  claims:
    sub: project_path:acme/billing:ref_type:branch:ref:main
    project_id: "42"
    project_path: acme/billing
    namespace_id: "7"
    namespace_path: acme
    pipeline_id: "1280"
    job_id: "4711"
    ref: main
    ref_type: branch
    ref_protected: "true"
    sha: 9f3c2d1
tests:
)";

// "passed", or the failure's found and expected, of each test; or the errors.
std::vector<std::string> run(const std::string& text) {
  std::vector<std::string> out;
  const auto outcomes = run_tests(*policy_of(kPolicy), "p.test.yaml", text);
  if (!outcomes) {
    for (const Error& error : outcomes.error())
      out.push_back(error.where + " " + error.found + (error.fix.empty() ? "" : " | " + error.fix));
    return out;
  }
  for (const TestOutcome& outcome : *outcomes) {
    if (outcome.failure) {
      EXPECT_EQ(outcome.failure->reason, Reason::test_failed);
      EXPECT_EQ(outcome.failure->where, outcome.where);
    }
    out.push_back(outcome.failure ? outcome.failure->found + ", wanted " + outcome.failure->expected : "passed");
  }
  return out;
}
std::vector<std::string> run_one(const std::string& fields) { return run(kBase + "  - { name: t, " + fields + " }\n"); }

TEST(PolicyTests, TakeEveryFactThatConditionsCanAskFor) {
  for (const std::string& name : cel::context_function_names())
    EXPECT_THAT(run_one("request: { resource: api, action: read }, expect: allow, facts: [{ fact: " + name +
                        ", value: true }]"),
                ElementsAre("passed"))
        << name;
}

TEST(PolicyTests, FailWhenTheDecisionIsAnother) {
  const std::string read = "request: { resource: api, action: read }, ";
  EXPECT_THAT(run_one(read + "expect: allow"), ElementsAre("passed"));
  EXPECT_THAT(run_one(read + "expect: allow, role: reader"), ElementsAre("passed"));
  EXPECT_THAT(run_one(read + "expect: allow, role: writer"),
              ElementsAre("allow by role reader (p.yaml:12), wanted allow by role writer"));
  EXPECT_THAT(run_one(read + "expect: deny"), ElementsAre("allow by role reader (p.yaml:12), wanted deny"));
  const std::string other = read + "claims: { project_path: x/y }, ";
  EXPECT_THAT(run_one(other + "expect: deny"), ElementsAre("passed"));
  EXPECT_THAT(run_one(other + "expect: deny, reason: no_binding"), ElementsAre("passed"));
  EXPECT_THAT(run_one(other + "expect: deny, reason: not_permitted"),
              ElementsAre(AllOf(StartsWith("deny no_binding: "), HasSubstr("wanted deny not_permitted"))));
  EXPECT_THAT(run_one(other + "expect: error"), ElementsAre(HasSubstr("wanted error")));
  EXPECT_THAT(run_one(other + "expect: allow"), ElementsAre(HasSubstr("wanted allow")));
}

TEST(PolicyTests, AskForHttpRequestsAsTheGatewayDoes) {
  const auto asked = [](const std::string& request, const std::string& reason) {
    return run_one("request: { " + request + " }, expect: deny, reason: " + reason);
  };
  const auto allowed = [](const std::string& request) {
    return run_one("request: { " + request + " }, expect: allow");
  };
  EXPECT_THAT(allowed("host: api.gate.acme.dev, method: GET, path: /v1/x"), ElementsAre("passed"));
  EXPECT_THAT(allowed("host: api.gate.acme.dev, method: GET, path: /v1/%78"), ElementsAre("passed"));
  EXPECT_THAT(allowed("method: GET, path: /docs"), ElementsAre("passed"));
  EXPECT_THAT(allowed("host: gate.acme.dev, method: GET, path: /docs/a"), ElementsAre("passed"));
  EXPECT_THAT(asked("host: api.gate.acme.dev, method: POST, path: /v1/x", "action_unknown"), ElementsAre("passed"));
  EXPECT_THAT(asked("host: api.gate.acme.dev, method: GET, path: /v2/x", "action_unknown"), ElementsAre("passed"));
  EXPECT_THAT(asked("host: api.gate.acme.dev, method: GET, path: /v1/../x", "path_ambiguous"), ElementsAre("passed"));
  EXPECT_THAT(asked("method: GET, path: /docs/b", "action_unknown"), ElementsAre("passed"));
  EXPECT_THAT(asked("method: GET, path: /other", "host_unknown"), ElementsAre("passed"));
  EXPECT_THAT(asked("method: GET, path: /docs/../other", "path_ambiguous"), ElementsAre("passed"));
}

TEST(PolicyTests, AskForGrpcMethodsAndWebSockets) {
  const auto asked = [](const std::string& request, const std::string& rest) {
    return run_one("request: { host: api.gate.acme.dev, " + request + " }, " + rest);
  };
  const std::string allowed = "expect: allow", uncovered = "expect: deny, reason: action_unknown";
  EXPECT_THAT(asked("grpc: acme.v1.Billing/GetInvoice", allowed), ElementsAre("passed"));
  EXPECT_THAT(asked("method: POST, path: /acme.v1.Billing/GetInvoice", allowed), ElementsAre("passed"));
  EXPECT_THAT(asked("grpc: acme.v1.Billing/Drop", uncovered), ElementsAre("passed"));
  EXPECT_THAT(asked("websocket: /live", allowed), ElementsAre("passed"));
  EXPECT_THAT(asked("method: GET, path: /live", uncovered), ElementsAre("passed"));
  EXPECT_THAT(asked("websocket: /v1/x", uncovered), ElementsAre("passed"));
  EXPECT_THAT(asked("grpc: acme.v1.Billing/Get*", allowed), ElementsAre("p.test.yaml:16:58 'acme.v1.Billing/Get*'"));
  for (const std::string two : {"grpc: a.B/C, websocket: /live", "grpc: a.B/C, method: POST",
                                "websocket: /live, path: /", "websocket: /live, resource: api, action: read"})
    EXPECT_THAT(asked(two, allowed), ElementsAre("p.test.yaml:16:25 another set of fields")) << two;
}

TEST(PolicyTests, ServeOtherIssuersAndKinds) {
  const std::string request = "request: { resource: api, action: read }, ";
  EXPECT_THAT(run("tests: [{ name: t, issuer: okta, profile: generic, kind: person, claims: { sub: ada }, " + request +
                  "expect: allow }]"),
              ElementsAre("passed"));
  EXPECT_THAT(run("tests: [{ name: t, issuer: okta, profile: generic, claims: { sub: ada }, " + request +
                  "expect: deny, reason: no_binding }]"),
              ElementsAre("passed"));
}

TEST(PolicyTests, RefuseTestsThatWouldTestNothing) {
  const std::string request = "request: { resource: api, action: read }, ";
  EXPECT_THAT(run("tests: []"), ElementsAre("p.test.yaml:1:8 an empty list"));
  EXPECT_THAT(run("{}"), ElementsAre("p.test.yaml:1:1 no 'tests'"));
  EXPECT_THAT(
      run_one(request + "expects: allow"),
      ElementsAre("p.test.yaml:16:58 the test key 'expects' | did you mean 'expect'?", "p.test.yaml:16:5 no 'expect'"));
  EXPECT_THAT(run_one(request + "expect: allowed"), ElementsAre("p.test.yaml:16:66 'allowed' | did you mean 'allow'?"));
  EXPECT_THAT(run_one(request + "expect: deny, reason: no_bindng"),
              ElementsAre("p.test.yaml:16:80 the reason 'no_bindng' | did you mean 'no_binding'?"));
  EXPECT_THAT(run_one(request + "expect: allow, reason: no_binding"),
              ElementsAre("p.test.yaml:16:81 a reason with 'expect: allow'"));
  EXPECT_THAT(run_one("request: { resource: api }, expect: allow"),
              ElementsAre("p.test.yaml:16:25 another set of fields"));
  EXPECT_THAT(run_one("request: { resource: api, action: read, method: GET, path: / }, expect: allow"),
              ElementsAre("p.test.yaml:16:25 another set of fields"));
  EXPECT_THAT(run_one(request + "expect: allow, facts: [{ value: true }]"),
              ElementsAre(HasSubstr("p.test.yaml:16:80 facts[0]")));
  EXPECT_THAT(run_one(request + "expect: allow, facts: [{ fact: mergd, value: true }]"),
              ElementsAre(AllOf(HasSubstr("facts[0]: the fact 'mergd'"), HasSubstr("write 'merged'"))));
  EXPECT_THAT(run_one(request + "expect: allow, at: today"), ElementsAre("p.test.yaml:16:77 'today'"));
  EXPECT_THAT(run_one(request + "expect: allow, claims: { ref_protected: maybe }"),
              ElementsAre(AllOf(StartsWith("p.test.yaml:16:81 "), HasSubstr("ref_protected"))));
  EXPECT_THAT(run_one(request + "expect: allow, without: [job_id]"),
              ElementsAre(AllOf(StartsWith("p.test.yaml:16:5 "), HasSubstr("job_id"))));
  const std::string twice = "  - { name: t, " + request + "expect: allow }\n";
  EXPECT_THAT(run(kBase + twice + twice), ElementsAre("p.test.yaml:17:13 the test 't' a second time"));
}

}  // namespace
}  // namespace watchword::policy::testing
