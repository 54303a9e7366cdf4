#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/uri.h"

namespace watchword::http {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

TEST(Form, DecodesNamesAndValues) {
  EXPECT_THAT(*parse_form(""), IsEmpty());
  EXPECT_THAT(*parse_form("grant_type=urn%3Aietf&scope=a%2Fb+c&empty=&bare&x=a=b"),
              ElementsAre(Pair("grant_type", "urn:ietf"), Pair("scope", "a/b c"), Pair("empty", ""), Pair("bare", ""),
                          Pair("x", "a=b")));
  EXPECT_THAT(*parse_form("%73cope=%2B&n=%C3%BC"), ElementsAre(Pair("scope", "+"), Pair("n", "\xc3\xbc")));
}

TEST(Form, RefusesANameTwiceUnlessItMayRepeat) {
  EXPECT_THAT(*parse_form("resource=a&resource=b", {"resource", "audience"}),
              ElementsAre(Pair("resource", "a"), Pair("resource", "b")));
  const auto twice = parse_form("scope=a&resource=b&%73cope=c", {"resource"});
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().reason, Reason::request_invalid);
  EXPECT_EQ(twice.error().found, "parameter 'scope' twice");
}

TEST(Form, RefusesWhatIsNotAForm) {
  for (const std::string& bad :
       {"a=%"s, "a=%4"s, "a=%zz"s, "%=a"s, "a=%ff"s, "%c0%af=1"s, "a=\xff"s, "=a"s, "&"s, "a=1&"s, "&a=1"s, "a=1&&b=2"s,
        "a=1\r\n"s, "a b=1"s, "a=\0"s, "a=1\t"s, "{\"a\":\"b\"} "s}) {
    const auto form = parse_form(bad);
    ASSERT_FALSE(form) << bad;
    EXPECT_EQ(form.error().reason, Reason::request_invalid);
  }
}

TEST(Form, BoundsTheNumberOfParameters) {
  std::string text = "p0=";
  for (int i = 1; i < 100; ++i) text += "&p" + std::to_string(i) + "=";
  EXPECT_EQ(parse_form(text)->size(), 100u);
  EXPECT_EQ(parse_form(text + "&more=").error().found, "more than 100 parameters");
}

TEST(Form, KeepsMisplacedTokensOutOfErrors) {
  EXPECT_THAT(parse_form("eyJhbGciOi.S3cret&eyJhbGciOi.S3cret").error().found, Not(HasSubstr("S3cret")));
}

}  // namespace
}  // namespace watchword::http
