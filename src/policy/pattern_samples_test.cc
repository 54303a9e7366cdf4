#include "policy/pattern_samples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace watchword::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> samples(std::string_view pattern, std::size_t most = 6) {
  return samples_of(Pattern::parse(pattern).value(), most);
}

TEST(PatternSamples, AreMatchedAndDiffer) {
  for (const char* text : {"acme/*", "**", "a?c", "release/**/x", "*-*-*", "re:release/[0-9]+", "re:(a|b)*c?",
                           "re:v\\d{1,3}(\\.\\d+)*", "re:(?i)main", "re:(?P<x>ab)+|cd", "re:[^/]+/[[:alpha:]_]+",
                           "re:\\Qa.b\\E.*", "re:^x$", "re:\\w+@example\\.com", "re:.{3,}"}) {
    const Pattern pattern = Pattern::parse(text).value();
    const auto found = samples_of(pattern, 6);
    EXPECT_FALSE(found.empty()) << text;
    EXPECT_EQ(std::set<std::string>(found.begin(), found.end()).size(), found.size()) << text;
    for (const std::string& one : found) EXPECT_TRUE(pattern.matches(one)) << text << ": " << one;
  }
  EXPECT_GT(samples("acme/**").size(), 3U) << "some with '/', some without";
}

TEST(PatternSamples, OfAnExactPatternIsItself) { EXPECT_THAT(samples("acme/billing"), ElementsAre("acme/billing")); }

TEST(PatternSamples, AreNoneWhereNoneIsFound) {
  EXPECT_THAT(samples("re:[^\\s\\S]"), IsEmpty());
  EXPECT_THAT(samples("re:a\\bb"), IsEmpty());
}

TEST(PatternSamples, AreBoundedWhateverThePattern) {
  std::string deep;
  for (int i = 0; i < 300; ++i) deep += "(";
  for (int i = 0; i < 300; ++i) deep += "a)";
  for (const std::string& text : {"re:" + deep, std::string("re:((a{60}){60})"), "re:" + std::string(900, '.') + "*"})
    if (const auto pattern = Pattern::parse(text))
      for (const std::string& one : samples_of(*pattern, 6)) EXPECT_LT(one.size(), 40'000U);
}

}  // namespace
}  // namespace watchword::policy
