#include "policy/diff_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "policy/analysis_test_util.h"

namespace watchword::policy::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

Change change_of(std::string who) {
  return {Change::Kind::access, true, false, true, std::move(who), {"a/b"}, "x", "p:1"};
}

TEST(DiffReport, EverythingThatSomebodyWroteIsEscaped) {
  const std::string hostile =
      "@all `x` | <img src=x onerror=y> [l](http://e.example) www.e.example *b* _i_ ~s~ :tada: #1 !2 $3 &amp;\n## "
      "h\r\x1b[31m";
  const std::string text = markdown({{change_of(hostile)}});
  EXPECT_EQ(std::ranges::count(text, '\n'), 5) << "summary, empty line, head, rule, one row";
  const auto row = text.substr(text.rfind('\n', text.size() - 2) + 1);
  EXPECT_EQ(std::ranges::count(row, '|'), 6);
  for (const char* part : {"@", "`", "<img", "](", "www.", "*", "_", "~", ":tada", "!", "$", "\x1b", "://"})
    EXPECT_THAT(row, Not(HasSubstr(part))) << part;
}

TEST(DiffReport, BeginsWithTheSummary) {
  Change may = change_of("b");
  may.shown = false;
  Change neutral = change_of("c");
  neutral.grants = false;
  EXPECT_THAT(markdown({{change_of("a"), may, neutral}}), StartsWith("**Watchword policy: grants 1, may change 1**\n"));
  EXPECT_EQ(summary_of({{neutral}}), "no change of rights");
  EXPECT_EQ(markdown({}), "**Watchword policy: no change of rights**\n");
  EXPECT_EQ(effect_of(may), "may grant");
  EXPECT_EQ(effect_of(neutral), "rights unchanged");
}

TEST(DiffReport, IsBoundedAndSaysSo) {
  const PolicyDiff many{std::vector<Change>(kMostRows + 7, change_of("a"))};
  EXPECT_THAT(markdown(many), HasSubstr("7 more changes are left out"));
  Change wordy = change_of(std::string(100'000, '@'));
  EXPECT_THAT(markdown({{wordy}}), HasSubstr("</code> and 99000 bytes more |"));
  wordy.what = wordy.where = wordy.who;
  wordy.sample = Scene{};
  wordy.sample->claims = Json::object({{"ref", wordy.who}});
  wordy.before = wordy.after = Answer{};
  const auto text = markdown({std::vector<Change>(kMostRows, wordy)});
  EXPECT_LT(text.size(), kMostBytes + 50'000);
  EXPECT_THAT(text, HasSubstr("more changes are left out"));
}

}  // namespace
}  // namespace watchword::policy::testing
