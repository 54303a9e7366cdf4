#include "policy/pattern.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace watchword::policy {
namespace {

struct Case {
  std::string_view pattern, value;
  bool matches;
};

class PatternTable : public testing::TestWithParam<Case> {};

TEST_P(PatternTable, MatchesTheWholeValueAndNothingElse) {
  const auto pattern = Pattern::parse(GetParam().pattern);
  ASSERT_TRUE(pattern) << to_string(pattern.error());
  EXPECT_EQ(pattern->matches(GetParam().value), GetParam().matches) << GetParam().pattern << " on " << GetParam().value;
}

INSTANTIATE_TEST_SUITE_P(Exact, PatternTable,
                         testing::Values(Case{"main", "main", true}, Case{"main", "main2", false},
                                         Case{"main", "xmain", false}, Case{"main", "", false},
                                         Case{"main", "Main", false}, Case{"main", "main\n", false},
                                         Case{"v1.0", "v1x0", false}, Case{"[a]", "a", false}, Case{"a|b", "a", false},
                                         Case{"*.com", "x.com", true}, Case{"main", "*", false},
                                         Case{"acme/billing", "acme/*", false}, Case{"acme/billing", "re:.*", false},
                                         Case{"main", "ma?n", false}));

INSTANTIATE_TEST_SUITE_P(
    Segment, PatternTable,
    testing::Values(Case{"acme/*", "acme/billing", true}, Case{"acme/*", "acme/billing/x", false},
                    Case{"acme/*", "acme/", true}, Case{"acme/*", "acme", false}, Case{"acme/*", "evil/acme/x", false},
                    Case{"*/write", "billing-api/write", true}, Case{"*/write", "a/b/write", false},
                    Case{"release-*", "release-", true}, Case{"release-*", "release-1/2", false},
                    Case{"a*b*c", "a-b-c", true}, Case{"a*b*c", "abbbc", true}, Case{"a*b*c", "ab/bc", false},
                    Case{"a*a", "a", false}, Case{"a*a", "aa", true}, Case{"*", "", true}, Case{"*", "a/b", false}));

INSTANTIATE_TEST_SUITE_P(
    Anything, PatternTable,
    testing::Values(Case{"/v1/**", "/v1/", true}, Case{"/v1/**", "/v1/a/b", true}, Case{"/v1/**", "/v1", false},
                    Case{"/v1/**", "/v10/a", false}, Case{"/a/**/z", "/a/b/c/z", true}, Case{"/a/**/z", "/a/z", false},
                    Case{"/a/**/z", "/a//z", true}, Case{"**/z", "a/b/z", true}, Case{"**", "", true},
                    Case{"**", "a\nb", true}, Case{"a***b", "a/x/b", true}, Case{"/*/x/**", "/a/x/b/c", true},
                    Case{"/*/x/**", "/a/b/x/c", false}, Case{"**/x/*", "a/b/x/c", true}, Case{"**/x/*", "x/c", false},
                    Case{"**a*b**", "//a-b/", true}, Case{"**a*b", "a/ab", true}, Case{"**a*b", "a/b", false}));

INSTANTIATE_TEST_SUITE_P(One, PatternTable,
                         testing::Values(Case{"v?", "v1", true}, Case{"v?", "v", false}, Case{"v?", "v12", false},
                                         Case{"v?", "v/", false}, Case{"v?", "vä", true}, Case{"??", "ä", false},
                                         Case{"v?x", "v\xffx", true}, Case{"ä*", "äb", true},
                                         Case{"ä*x?", "äbxé", true}));

INSTANTIATE_TEST_SUITE_P(Regex, PatternTable,
                         testing::Values(Case{"re:release/.*", "release/1", true},
                                         Case{"re:release/.*", "x-release/1", false}, Case{"re:a|b", "ab", false},
                                         Case{"re:a|b", "b", true}, Case{"re:a", "a\n", false},
                                         Case{"re:^a$", "a", true}, Case{"re:(?i)main", "MAIN", true},
                                         Case{"re:\\*", "*", true}, Case{"re:.*", "a\nb", false}));

TEST(Pattern, RefusesWhatIsNoPattern) {
  for (const std::string& text :
       {std::string(), std::string("re:"), std::string("re:("), std::string("re:(?=a)"),
        std::string("re:a{1000}{1000}"), std::string("re:\\1"), std::string(Pattern::kMaxBytes + 1, 'a')}) {
    const auto pattern = Pattern::parse(text);
    ASSERT_FALSE(pattern) << text.substr(0, 40);
    EXPECT_EQ(pattern.error().reason, Reason::policy_invalid);
    EXPECT_FALSE(pattern.error().expected.empty());
  }
}

TEST(Pattern, ExactlyNeverReadsItsTextAsAPattern) {
  for (const std::string_view text : {"*", "**", "acme/*", "re:.*", "a?"}) {
    const Pattern pattern = Pattern::exactly(text);
    EXPECT_TRUE(pattern.exact());
    EXPECT_TRUE(pattern.matches(text));
    EXPECT_FALSE(pattern.matches("acme/x"));
    EXPECT_FALSE(pattern.matches("ab"));
  }
}

TEST(Pattern, KnowsWhatEveryMatchBeginsWith) {
  EXPECT_EQ(Pattern::parse("acme/bil*")->literal_prefix(), "acme/bil");
  EXPECT_EQ(Pattern::parse("acme/billing")->literal_prefix(), "acme/billing");
  EXPECT_EQ(Pattern::parse("re:acme/.*")->literal_prefix(), "");
}

// The obvious definition, for short texts.
bool reference(std::string_view glob, std::string_view value) {
  if (glob.empty()) return value.empty();
  if (glob[0] == '*') {
    const std::size_t stars = std::min(glob.find_first_not_of('*'), glob.size());
    const std::string_view rest = glob.substr(stars);
    for (std::size_t i = 0; i <= value.size(); ++i) {
      if (reference(rest, value.substr(i))) return true;
      if (stars == 1 && i < value.size() && value[i] == '/') return false;
    }
    return false;
  }
  return !value.empty() && (glob[0] == '?' ? value[0] != '/' : value[0] == glob[0]) &&
         reference(glob.substr(1), value.substr(1));
}

TEST(Pattern, AgreesWithTheObviousDefinition) {
  std::mt19937 random(7);
  const auto text = [&](std::string_view alphabet, std::size_t longest) {
    std::string out(random() % (longest + 1), ' ');
    for (char& c : out) c = alphabet[random() % alphabet.size()];
    return out;
  };
  int matched = 0;
  for (int i = 0; i < 50'000; ++i) {
    const std::string glob = "*" + text("ab/*?*", 8), value = text("ab/", 10);
    const bool expected = reference(glob, value);
    ASSERT_EQ(Pattern::parse(glob)->matches(value), expected) << glob << " on " << value;
    matched += expected ? 1 : 0;
  }
  EXPECT_GT(matched, 5'000);
}

// A backtracking matcher takes 40-choose-20 steps for this; the test then never ends.
TEST(Pattern, TakesLinearTimeOnHostileValues) {
  std::string glob, regex = "re:";
  for (int i = 0; i < 40; ++i) {
    glob += i % 2 == 0 ? "*a" : "**a";
    regex += "(a*)*";
  }
  const std::string value(20'000, 'a');
  EXPECT_FALSE(Pattern::parse(glob + "?b")->matches(value));
  EXPECT_FALSE(Pattern::parse(regex + "b")->matches(value));
}

}  // namespace
}  // namespace watchword::policy
