// Conditions over principals, requests, time and facts: the three (and a half) truths, and what is said about them.
#include "policy/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::policy {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

Json json(std::string_view text) { return parse_json(text).value(); }

class ConditionTest : public ::testing::Test {
 protected:
  ConditionResult evaluate(std::string_view text) const { return Condition::compile(text).value().evaluate(input_); }
  Truth truth(std::string_view text) const { return evaluate(text).truth; }

  const issuer::Claims claims_{json(R"({"ref": "feature/x", "sha": "9f3c2d1", "ref_protected": false, "job_id": 4711,
    "groups": ["dev", "ops"], "a/b": {"c": 1}, "hostile": "x\nrm -rf\u202e", "text": "true"})")};
  const context::TableFacts facts_ = context::TableFacts::from_json(json(R"([
        {"fact": "merged", "arguments": {"into": "main", "sha": "9f3c2d1"}, "value": false},
        {"fact": "merged", "arguments": {"into": "develop", "sha": "9f3c2d1"}, "value": true},
        {"fact": "frozen", "arguments": {"environment": "production"}, "value": true},
        {"fact": "pipeline_status", "value": "running"},
        {"fact": "deployment", "arguments": {"environment": "production"}, "value": {"status": "success"}},
        {"fact": "job_running", "project": "acme/other", "value": true},
        {"fact": "frozen", "arguments": {"environment": "odd"}, "value": "yes"}])"),
                                                                    from_unix(1'790'000'000))
                                         .value();
  ConditionInput input_{
      &claims_, false, "gitlab", "acme/billing", "GET", "/v1/orders", "billing.example.com", from_unix(1'790'000'100),
      &facts_};
};

TEST_F(ConditionTest, LooksAtClaimsRequestAndTime) {
  EXPECT_EQ(truth("job.ref == 'feature/x' && claims.sha == job.sha && job.job_id == 4711"), Truth::yes);
  EXPECT_EQ(truth("job['a/b'].c == 1 && 'ops' in job.groups && has(job.ref) && !has(job.environment)"), Truth::yes);
  EXPECT_EQ(truth("request.method == 'GET' && request.path.startsWith('/v1/')"), Truth::yes);
  EXPECT_EQ(truth("request.host.endsWith('.example.com')"), Truth::yes);
  EXPECT_EQ(truth("now - timestamp(1790000000) == duration('100s')"), Truth::yes);
  EXPECT_EQ(truth("job.ref_protected"), Truth::no);
}

TEST_F(ConditionTest, AsksForFactsByNameAndArguments) {
  EXPECT_EQ(truth("context.merged(into = 'main', sha = job.sha)"), Truth::no);
  EXPECT_EQ(truth("context.merged(sha = job.sha, into = 'develop')"), Truth::yes);
  EXPECT_EQ(truth("context.merged('develop', job.sha)"), Truth::yes);
  EXPECT_EQ(truth("context.merged(into = 'main', sha = 'abc')"), Truth::unknown);
  EXPECT_EQ(truth("context.pipeline_status() in ['running', 'success']"), Truth::yes);
  EXPECT_EQ(truth("context.deployment(environment = 'production').status == 'success'"), Truth::yes);
  EXPECT_EQ(truth("context.job_running()"), Truth::unknown) << "another project's fact";
  EXPECT_EQ(truth("context.frozen('odd')"), Truth::error) << "a fact of the wrong type";
  EXPECT_EQ(truth("context.merged('main', job.job_id)"), Truth::error) << "an argument of the wrong type";
  input_.facts = nullptr;
  EXPECT_EQ(truth("context.pipeline_status() == 'running'"), Truth::unknown);
}

TEST_F(ConditionTest, UnknownYieldsToWhatDecidesAndBeatsErrors) {
  const std::pair<const char*, Truth> kRows[] = {
      {"context.job_running() && false", Truth::no},
      {"false && context.job_running()", Truth::no},
      {"context.job_running() || true", Truth::yes},
      {"context.job_running() && true", Truth::unknown},
      {"context.job_running() || false", Truth::unknown},
      {"!context.job_running()", Truth::unknown},
      {"1 / 0 > 0 && context.job_running()", Truth::unknown},
      {"context.job_running() || job.nothing", Truth::unknown},
      {"job.nothing == string(context.job_running())", Truth::unknown},
      {"context.job_running() ? true : true", Truth::unknown},
      {"true ? true : context.job_running()", Truth::yes},
      {"job.groups.all(g, context.protected(g) || g == 'x')", Truth::unknown},
      {"job.groups.exists(g, context.protected(g) || g == 'ops')", Truth::yes},
  };
  for (const auto& [text, wanted] : kRows) EXPECT_EQ(truth(text), wanted) << text;
}

TEST_F(ConditionTest, NeverTakesAnythingButTrueForYes) {
  for (const char* text : {"job.text", "job.job_id", "job.groups", "job.nothing", "job['a/b']", "dyn('true')", "dyn(1)",
                           "person.email == 'x'", "job.text && true", "job.text || false", "job.ref.nothing == 1"})
    EXPECT_EQ(truth(text), Truth::error) << text;
}

TEST_F(ConditionTest, KeepsPeopleAndJobsApart) {
  EXPECT_EQ(truth("person.sha == '9f3c2d1'"), Truth::error);
  EXPECT_EQ(truth("has(person.sha)"), Truth::error);
  input_.person = true;
  EXPECT_EQ(truth("person.sha == '9f3c2d1' && claims.sha == person.sha"), Truth::yes);
  EXPECT_EQ(truth("job.sha == '9f3c2d1'"), Truth::error);
  EXPECT_THAT(evaluate("job.sha == '9f3c2d1'").because, HasSubstr("the principal is a person"));
  input_.claims = nullptr;
  EXPECT_EQ(truth("person.sha == '9f3c2d1'"), Truth::error);
  EXPECT_EQ(truth("has(claims.sha)"), Truth::error);
}

TEST_F(ConditionTest, NamesTheSmallestPartThatDecided) {
  const std::pair<const char*, const char*> kRows[] = {
      {"request.method == 'GET' && (job.ref == 'main' && job.ref_protected)",
       "job.ref == 'main' (job.ref is \"feature/x\")"},
      {"job.ref_protected", "job.ref_protected is false"},
      {"job.ref == 'a' || job.ref == 'b'", "job.ref == 'a' || job.ref == 'b' (job.ref is \"feature/x\")"},
      {"context.job_running() && job.ref == 'main'", "job.ref == 'main' (job.ref is \"feature/x\")"},
      {"context.job_running() && true", "context.job_running() is not known"},
      {"job.ref_protected ? true : job.job_id > 5000", "job.job_id > 5000 (job.job_id is 4711)"},
      {"job.environment == 'production'", "job.environment == 'production' (job has no 'environment')"},
      {"has(job.environment)", "has(job.environment) (job has no 'environment')"},
      {"job.text", "job.text is \"true\"; a string where a bool belongs"},
      {"request.method == 'GET' &&\n  // why\n  job.ref\n    == 'main'",
       "job.ref == 'main' (job.ref is \"feature/x\")"},
      {"now < timestamp(0)", "now < timestamp(0) (now is 2026-09-21T14:15:00Z)"},
      {"job.hostile == ''", "job.hostile == '' (job.hostile is \"x\\x0arm -rf\\u{202e}\")"},
  };
  for (const auto& [text, wanted] : kRows) EXPECT_EQ(evaluate(text).because, wanted) << text;
  EXPECT_EQ(evaluate("job.job_id == 4711").because, "");
}

TEST_F(ConditionTest, SaysWhatAFactMeansAndWhatWouldChangeIt) {
  const auto merged = evaluate("job.job_id == 4711 && context.merged(into = 'main', sha = job.sha)");
  EXPECT_EQ(merged.because,
            "the change is not merged into main yet: context.merged(into = 'main', sha = job.sha) is false "
            "(test, 2026-09-21T14:13:20.000Z); job.sha is \"9f3c2d1\"");
  EXPECT_THAT(merged.fix, HasSubstr("merge the change into main"));
  const auto frozen = evaluate("!context.frozen('production')");
  EXPECT_THAT(frozen.because, AllOf(HasSubstr("production is frozen: !context.frozen"), HasSubstr("is true (test, ")));
  EXPECT_THAT(frozen.fix, HasSubstr("wait until the freeze of production ends"));
  EXPECT_THAT(evaluate("context.pipeline_status() == 'success'").fix, HasSubstr("wait until the pipeline"));
  EXPECT_THAT(evaluate("context.job_running()").fix, HasSubstr("wait until the fact arrives"));
  EXPECT_THAT(evaluate("job.reff == 'main'").fix, HasSubstr("did you mean 'ref'?"));
  EXPECT_THAT(evaluate("job.environment == 'x'").fix, HasSubstr("has(job.environment)"));
}

TEST_F(ConditionTest, ExplainsEveryPartInTheOrderOfTheText) {
  const auto condition =
      Condition::compile(
          "job.ref_protected || (request.method == 'GET' && !context.frozen('production')) || "
          "(has(job.x) ? job.x == 1 : context.job_running()) || !(job.ref == 'main' || job.text == 'true')")
          .value();
  const std::vector<Part> parts = condition.explain(input_);
  const Part kWanted[] = {
      {"job.ref_protected", Truth::no, "is false"},
      {"request.method == 'GET'", Truth::yes, "request.method is \"GET\""},
      {"!context.frozen('production')", Truth::no,
       "context.frozen('production') is true (test, 2026-09-21T14:13:20.000Z)"},
      {"has(job.x)", Truth::no, "job has no 'x'"},
      {"context.job_running()", Truth::unknown, "context.job_running() is not known"},
      {"job.ref == 'main'", Truth::no, "job.ref is \"feature/x\""},
      {"job.text == 'true'", Truth::yes, "job.text is \"true\""},
  };
  ASSERT_EQ(parts.size(), std::size(kWanted));
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EXPECT_EQ(parts[i].text, kWanted[i].text);
    EXPECT_EQ(parts[i].truth, kWanted[i].truth) << parts[i].text;
    EXPECT_EQ(parts[i].note, kWanted[i].note) << parts[i].text;
  }
}

TEST_F(ConditionTest, KeepsItsOwnTextAndCanBeCopied) {
  auto text = std::make_unique<std::string>("job.ref == 'main' && job.groups.exists(g, g == 'dev')");
  auto first = std::make_unique<Condition>(Condition::compile(*text).value());
  text.reset();
  const Condition second = *first;
  first.reset();
  EXPECT_EQ(second.text(), "job.ref == 'main' && job.groups.exists(g, g == 'dev')");
  EXPECT_EQ(second.evaluate(input_).because, "job.ref == 'main' (job.ref is \"feature/x\")");
}

TEST(EvaluateAny, TakesVariablesFactsAndTimeFromADocument) {
  const Json input = json(R"({"job": {"ref": "main", "project_path": "acme/billing"}, "x": [1, {"y": null}],
    "now": "2026-11-21T09:00:00Z",
    "context": [{"fact": "frozen", "project": "acme/billing", "arguments": {"environment": "p"}, "value": true}]})");
  const std::pair<const char*, const char*> kRows[] = {
      {"job.ref", "\"main\""},
      {"x[1]", "{\"y\":null}"},
      {"{'at': now, 'for': duration('10m'), 'all': x + [job.ref]}",
       R"({"all":[1,{"y":null},"main"],"at":"2026-11-21T09:00:00Z","for":"600s"})"},
      {"context.frozen('p')", "true"},
      {"context.frozen('another')", "false"},
      {"now.getDayOfWeek() == 6", "true"},
  };
  for (const auto& [text, wanted] : kRows) {
    const auto result = Condition::evaluate_any(text, input, Time{});
    ASSERT_TRUE(result) << text << ": " << to_string(result.error());
    EXPECT_EQ(result->dump(), wanted) << text;
  }
  EXPECT_EQ(Condition::evaluate_any("now", Json::object(), from_unix(0))->dump(), "\"1970-01-01T00:00:00Z\"");
}

TEST(EvaluateAny, TellsUnknownFailedAndInvalidApart) {
  const auto reason = [](std::string_view text, const Json& input) {
    return Condition::evaluate_any(text, input, Time{}).error().reason;
  };
  EXPECT_EQ(reason("context.job_running()", Json::object()), Reason::context_unknown);
  EXPECT_EQ(reason("1 / 0", Json::object()), Reason::condition_failed);
  EXPECT_EQ(reason("job.ref", Json::object()), Reason::condition_invalid) << "not given, so not known";
  EXPECT_EQ(reason("true", Json::array()), Reason::condition_invalid);
  EXPECT_EQ(reason("true", json(R"({"now": "today"})")), Reason::condition_invalid);
  EXPECT_FALSE(Condition::evaluate_any("true", json(R"({"context": [{"fcat": "x"}]})"), Time{}));
}

}  // namespace
}  // namespace watchword::policy
