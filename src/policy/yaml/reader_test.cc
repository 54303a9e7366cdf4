#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/yaml/node.h"

namespace watchword::yaml {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Bad {
  std::string text;
  std::string where, found;
};

class BadYaml : public testing::TestWithParam<Bad> {};

TEST_P(BadYaml, IsRefusedWithItsPlace) {
  const auto node = read("f.yaml", GetParam().text, Reason::config_invalid);
  ASSERT_FALSE(node) << GetParam().text;
  const Error& error = node.error().front();
  EXPECT_EQ(error.reason, Reason::config_invalid);
  EXPECT_EQ(error.where, "f.yaml:" + GetParam().where) << to_string(error);
  EXPECT_THAT(error.found, HasSubstr(GetParam().found));
  EXPECT_FALSE(error.expected.empty());
}

INSTANTIATE_TEST_SUITE_P(
    Beyond, BadYaml,
    testing::Values(Bad{"a: &x 1\n", "1:4", "the anchor &x"}, Bad{"a: &x [1]\n", "1:4", "the anchor &x"},
                    Bad{"a: &x {b: 1}\n", "1:4", "the anchor &x"}, Bad{"a: 1\nb: *x\n", "2:4", "the alias *x"},
                    Bad{"a: !!str 1\n", "1:4", "the tag tag:yaml.org,2002:str"}, Bad{"a: !x {}\n", "1:4", "the tag !x"},
                    Bad{"a: !!python/object:os.system [x]\n", "1:4", "the tag"},
                    Bad{"a:\n  <<: {b: 1}\n", "2:3", "a merge key"},
                    Bad{"a: 1\n---\nb: 2\n", "2:1", "a second document"},
                    Bad{"%YAML 1.1\n---\na: 1\n", "1:1", "a directive"},
                    Bad{"%TAG ! tag:x,2000:\n---\na: 1\n", "1:1", "a directive"}));

INSTANTIATE_TEST_SUITE_P(
    Keys, BadYaml,
    testing::Values(Bad{"a: 1\nb: 2\na: 3\n", "3:1", "the key 'a' a second time"},
                    Bad{"x: {\"a\": 1, a: 2}\n", "1:13", "the key 'a' a second time"},
                    Bad{"1: x\n", "1:1", "an integer as a key"}, Bad{"true: x\n", "1:1", "a boolean as a key"},
                    Bad{"~: x\n", "1:1", "nothing as a key"}, Bad{": x\n", "1:1", "did not find expected key"},
                    Bad{"\"\": x\n", "1:1", "an empty key"}, Bad{"? [a]\n: x\n", "1:3", "a list as a key"},
                    Bad{"{a: 1}: x\n", "1:1", "an object as a key"}, Bad{"1.5: x\n", "1:1", "a number as a key"}));

INSTANTIATE_TEST_SUITE_P(Characters, BadYaml,
                         testing::Values(Bad{"a:\tb\n", "1:3", "a tab"}, Bad{"a:\n\tb: 1\n", "2:1", "a tab"},
                                         Bad{"a: \"\xff\"\n", "1:5", "not valid UTF-8"},
                                         Bad{"# \xc0\xaf\n", "1:3", "not valid UTF-8"},
                                         Bad{std::string("a: b\0c\n", 7), "1:5", "control character (\\x00)"},
                                         Bad{"a: b\rc: d\n", "1:5", "control character (\\x0d)"},
                                         Bad{"\xef\xbb\xbf"
                                             "a: 1\n",
                                             "1:1", "invisible"},
                                         Bad{"a: b\xe2\x80\xa8"
                                             "c: d\n",
                                             "1:5", "invisible"},
                                         Bad{"ä: b\xc2\x85"
                                             "c: d\n",
                                             "1:5", "invisible"},
                                         Bad{"a: \xe2\x80\xae"
                                             "x\n",
                                             "1:4", "invisible"},
                                         Bad{std::string("\xfe\xff\0a\0:\0 \0b", 10), "1:1", "not valid UTF-8"}));

INSTANTIATE_TEST_SUITE_P(Syntax, BadYaml,
                         testing::Values(Bad{"", "1:1", "an empty file"},
                                         Bad{"# only a comment\n", "1:1", "an empty file"},
                                         Bad{"a: [1, 2\n", "2:1", "did not find expected"},
                                         Bad{"a: b: c\n", "1:5", "mapping values are not allowed"},
                                         Bad{"a: 1\n  b: 2\n", "2:4", "mapping values are not allowed"},
                                         Bad{"a: \"x\n", "2:1", "unexpected end of stream"},
                                         Bad{"a: */write\n", "1:5", "alias"},
                                         Bad{"a: @x\n", "1:4", "cannot start any token"}));

TEST(Yaml, HintsAtTheQuotesThatAreMissing) {
  for (const std::string text : {"a: */write\n", "a: b: c\n", "a: @x\n", "a: &*x\n"}) {
    const auto node = read("f.yaml", text, Reason::policy_invalid);
    ASSERT_FALSE(node);
    if (text != "a: &*x\n") EXPECT_THAT(node.error().front().fix, HasSubstr("quotes")) << text;
  }
}

TEST(Yaml, GivesEveryStructuralErrorAndNotTheFirstOnly) {
  const auto node = read("f.yaml", "a: &x 1\nb: *x\nb: !t 2\n", Reason::policy_invalid);
  ASSERT_FALSE(node);
  std::vector<std::string> places;
  for (const Error& error : node.error()) places.push_back(error.where);
  EXPECT_THAT(places, ElementsAre("f.yaml:1:4", "f.yaml:2:4", "f.yaml:3:4", "f.yaml:3:1"));
}

TEST(Yaml, RefusesWhatIsTooDeepOrTooLarge) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(read("f", nested(16), Reason::policy_invalid));
  for (const std::string& text : {nested(17), std::string(500'000, '['), "a: " + std::string(500'000, '{')}) {
    const auto deep = read("f", text, Reason::policy_invalid);
    ASSERT_FALSE(deep);
    EXPECT_EQ(deep.error().front().found, "deeper nesting");
  }
  const auto large = read("f", std::string((1 << 20) + 1, ' '), Reason::policy_invalid);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().front().expected, "at most 1048576 bytes");
}

struct Scalar {
  std::string_view text;
  Type type;
};
class PlainScalar : public testing::TestWithParam<Scalar> {};

TEST_P(PlainScalar, HasTheTypeOfTheCoreSchema) {
  EXPECT_EQ(type_of_plain(GetParam().text), GetParam().type) << GetParam().text;
}

INSTANTIATE_TEST_SUITE_P(
    Table, PlainScalar,
    testing::Values(Scalar{"true", Type::boolean}, Scalar{"False", Type::boolean}, Scalar{"yes", Type::string},
                    Scalar{"on", Type::string}, Scalar{"null", Type::null}, Scalar{"~", Type::null},
                    Scalar{"", Type::null}, Scalar{"42", Type::integer}, Scalar{"-7", Type::integer},
                    Scalar{"+7", Type::integer}, Scalar{"0x1F", Type::integer}, Scalar{"0o17", Type::integer},
                    Scalar{"0b1", Type::string}, Scalar{"007", Type::integer}, Scalar{"1_000", Type::string},
                    Scalar{"1.5", Type::number}, Scalar{".5", Type::number}, Scalar{"1e3", Type::number},
                    Scalar{"9e9f", Type::string}, Scalar{".inf", Type::number}, Scalar{"-.INF", Type::number},
                    Scalar{".nan", Type::number}, Scalar{".", Type::string}, Scalar{"-", Type::string},
                    Scalar{"1.2.3", Type::string}, Scalar{"12:30:45", Type::string}, Scalar{"2026-11-21", Type::string},
                    Scalar{"e5", Type::string}));

TEST(Yaml, ReadsIntegersOf64BitsWithoutLeadingZeros) {
  EXPECT_EQ(to_integer("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(to_integer("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(to_integer("0x10"), 16);
  EXPECT_EQ(to_integer("0o10"), 8);
  EXPECT_EQ(to_integer("0"), 0);
  for (const std::string_view text :
       {"9223372036854775808", "-9223372036854775809", "010", "-01", "0x", "1 ", "--1", "0x8000000000000000"})
    EXPECT_EQ(to_integer(text), std::nullopt) << text;
}

TEST(Yaml, BuildsTheTreeWithItsPlaces) {
  const auto block = read("f", "b: |\n  one\n  two\n", Reason::policy_invalid);
  ASSERT_TRUE(block);
  EXPECT_EQ(block->find("b")->text, "one\ntwo\n");
  EXPECT_FALSE(block->find("b")->verbatim);
  const auto node = read("f", "a:\n  - x\n  - 'y z'\nb: {c: \"t\\n\", d: 'ä'}\n", Reason::policy_invalid);
  ASSERT_TRUE(node);
  const Node& quoted = node->find("a")->items[1];
  EXPECT_EQ(quoted.at.line, 3U);
  EXPECT_EQ(quoted.at.column, 5U);
  EXPECT_TRUE(quoted.verbatim);
  EXPECT_EQ(quoted.text_column, 6U);
  EXPECT_FALSE(node->find("b")->find("c")->verbatim);
  EXPECT_TRUE(node->find("b")->find("d")->verbatim);
  EXPECT_EQ(node->find("b")->entries[1].key.at.column, 15U);
  EXPECT_EQ(node->find("z"), nullptr);
}

TEST(Yaml, BecomesTheSameJson) {
  const auto node =
      read("f", "{s: x, q: \"1\", i: 1, n: -1.5, b: false, z: , l: [1, [a]], o: {k: 0o17}}", Reason::policy_invalid);
  ASSERT_TRUE(node);
  EXPECT_EQ(to_json(*node)->dump(),
            R"({"b":false,"i":1,"l":[1,["a"]],"n":-1.5,"o":{"k":15},"q":"1","s":"x","z":null})");
  for (const std::string text : {"a: .inf", "a: 007", "a: 99999999999999999999", "a: 1e999"})
    EXPECT_FALSE(to_json(*read("f", text, Reason::policy_invalid))) << text;
}

}  // namespace
}  // namespace watchword::yaml
