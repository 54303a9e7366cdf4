// No expression and no claim makes a condition large, deep or slow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/condition.h"

namespace watchword::policy {
namespace {

using ::testing::HasSubstr;

std::string repeated(std::string_view text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += text;
  return out;
}

std::string refusal(const std::string& text) {
  const auto condition = Condition::compile(text);
  return condition ? "accepted" : to_string(condition.error());
}

TEST(Limits, BoundTheTextThePartsAndTheNesting) {
  EXPECT_EQ(refusal("true" + repeated(" ", 4092)), "accepted");
  EXPECT_THAT(refusal("true" + repeated(" ", 4093)), HasSubstr("4097 bytes"));
  EXPECT_EQ(refusal("true" + repeated(" || true", 498)), "accepted");
  EXPECT_THAT(refusal("true" + repeated(" || true", 500)), HasSubstr("500 parts"));
  EXPECT_EQ(refusal(repeated("(", 32) + "true" + repeated(")", 32)), "accepted");
  EXPECT_THAT(refusal(repeated("(", 33) + "true" + repeated(")", 33)), HasSubstr("32 levels"));
  EXPECT_EQ(refusal(repeated("!", 63) + "true"), "accepted");
  EXPECT_THAT(refusal(repeated("!", 64) + "true"), HasSubstr("64 operations"));
  EXPECT_THAT(refusal("job" + repeated(".a", 64)), HasSubstr("64 operations"));
  EXPECT_THAT(refusal("[1].all(a, [1].all(b, [1].all(c, true)))"), HasSubstr("2 macros"));
  EXPECT_EQ(refusal("[1].all(a, [1].all(b, true)) && [1].all(c, [1].all(d, true))"), "accepted");
}

TEST(Limits, HoldAgainstFloodsOfEveryBracket) {
  for (const char* open : {"(",    "[",      "{",     "!",          "-",    "a(",         "a[",
                           "a.b(", "{1:",    "true?", "true?true:", "has(", "[1].all(x,", "context.merged(",
                           "'",    "\"\"\"", "1+",    "a.",         "a&&",  "a||!"}) {
    const int times = static_cast<int>(4000 / std::string_view(open).size());
    EXPECT_NE(refusal(repeated(open, times)), "accepted") << open;
  }
}

// 200 strings of 100 bytes: as much as a large token can carry.
Json many_groups() {
  Json groups = Json::array();
  for (int i = 0; i < 200; ++i) groups.push(std::to_string(i) + std::string(97, 'g'));
  return Json::object({{"job", Json::object({{"groups", groups}, {"long", std::string(60'000, 'a')}})}});
}

TEST(Limits, BoundTheWorkOfAnEvaluation) {
  const Json variables = many_groups();
  const char* const kCostly[] = {
      "job.groups.all(a, job.groups.all(b, a == b || a != b))",
      "job.groups.all(a, job.groups.exists(b, job.groups == job.groups && a == '') || true)",
      "size(job.groups.map(a, job.groups.map(b, a + b))) > 0",
      "size(job.groups.map(a, job.groups.map(b, job.groups))) > 0",
      "job.groups.all(a, job.groups.all(b, job.long.contains('aaaaaaaaaaaaaaab') || true))",
      "job.groups.all(a, job.groups.all(b, job.long.matches('(a|aa)+b') || true))",
      "job.groups.all(a, job.long.lowerAscii() + job.long != '')",
  };
  for (const char* text : kCostly) {
    const auto result = Condition::evaluate_any(text, variables, Time{});
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().reason, Reason::condition_failed) << text;
  }
  EXPECT_THAT(to_string(Condition::evaluate_any(kCostly[0], variables, Time{}).error()), HasSubstr("costs more"));
  EXPECT_TRUE(Condition::evaluate_any("job.groups.all(a, job.groups.exists(b, a == b))", variables, Time{}));
}

TEST(Limits, BoundTheStringsThatAreMade) {
  const auto result = Condition::evaluate_any("size(job.long + job.long)", many_groups(), Time{});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().found, HasSubstr("64 KiB"));
}

TEST(Limits, MakeACostlyConditionAnErrorAndNeverAnAnswer) {
  const std::string costly = "job.groups.all(a, job.groups.all(b, a != b || true))";
  for (const std::string& text : {costly, "!" + costly, costly + " || true", costly + " && false", costly + " ? 1 : 2"})
    EXPECT_FALSE(Condition::evaluate_any(text, many_groups(), Time{})) << text;
}

}  // namespace
}  // namespace watchword::policy
