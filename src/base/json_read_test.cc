// What the readers must refuse, and what they must take, of JSON (RFC 8259; cases after "Parsing JSON is a Minefield").
#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <thread>

#include "base/json.h"
#include "base/json_portable.h"

namespace watchword {
namespace {

using namespace std::string_view_literals;
using testing::HasSubstr;

std::string repeated(std::string_view text, std::size_t times) {
  std::string out;
  out.reserve(text.size() * times);
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

using Reader = Result<Json> (*)(std::string_view text, const JsonLimits& limits);

// Each promise is one of both readers.
class JsonReader : public testing::TestWithParam<Reader> {
 protected:
  static Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {}) {
    return GetParam()(text, limits);
  }

  static std::string problem_of(std::string_view text, const JsonLimits& limits = {}) {
    const auto read = parse_json(text, limits);
    if (read) return "accepted as " + read->dump();
    EXPECT_EQ(read.error().reason, Reason::json_invalid);
    EXPECT_FALSE(read.error().expected.empty());
    return read.error().found;
  }
};

INSTANTIATE_TEST_SUITE_P(Both, JsonReader, testing::Values(&watchword::parse_json, &parse_json_portable),
                         [](const auto& reader) { return reader.index == 0 ? "OfTheGate" : "Portable"; });

TEST_P(JsonReader, ReadsEveryType) {
  const auto read = parse_json(R"({"b":true,"a":[1,-2.5,"x",null,{}],"f":false,"e":"","n":{"deep":[[]]}})");
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, Json::object({{"a", Json::Array{1, -2.5, "x", nullptr, Json::object()}},
                                 {"b", true},
                                 {"e", ""},
                                 {"f", false},
                                 {"n", Json::object({{"deep", Json::Array{Json::array()}}})}}));
  for (const auto scalar : {"1", "\"x\"", "true", "null", " 1 ", "\r\n\t[ ]"})
    EXPECT_TRUE(parse_json(scalar)) << scalar;
}

TEST_P(JsonReader, KeepsMembersSortedByBytes) {
  const auto read = parse_json(R"({"b":1,"B":2,"":3,"aa":4,"a":5,"\u00e9":6,"\ud83d\ude00":7,"\u0000":8})");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->dump(),
            "{\"\":3,\"\\u0000\":8,\"B\":2,\"a\":5,\"aa\":4,\"b\":1,\"\xc3\xa9\":6,\"\xf0\x9f\x98\x80\":7}");
}

TEST_P(JsonReader, RefusesDuplicateKeysHoweverTheyAreSpelt) {
  const struct {
    std::string_view text, key;
  } kCases[] = {
      {R"({"sub":1,"sub":1})", "'sub'"},
      {R"({"sub":1,"x":0,"s\u0075b":2})", "'sub'"},
      {R"([{"a":{"b":[{"":1,"":2}]}}])", "''"},
      {R"({"a\n":1,"a\u000a":2})", "'a\\x0a'"},
      {"{\"a\xe2\x80\xae\":1,\"a\\u202e\":1}", "'a\\u{202e}'"},
  };
  for (const auto& c : kCases) EXPECT_THAT(problem_of(c.text), HasSubstr(c.key)) << c.text;
  EXPECT_THAT(problem_of("{\"" + std::string(5000, 'k') + "\":1,\"" + std::string(5000, 'k') + "\":2}").size(),
              testing::Lt(200U));
  EXPECT_TRUE(parse_json(R"({"a":{"a":{"a":1}},"A":1})"));
}

TEST_P(JsonReader, FindsADuplicateAmongAHundredThousandKeys) {
  std::string text = "{";
  for (int i = 99'999; i >= 0; --i) text += "\"k" + std::to_string(i) + "\":0,";
  const JsonLimits limits{.max_bytes = 4 << 20};
  const auto good = parse_json(text + "\"z\":1}", limits);
  ASSERT_TRUE(good);
  EXPECT_EQ(good->members()->size(), 100'001U);
  EXPECT_THAT(problem_of(text + "\"k77777\":1}", limits), HasSubstr("'k77777'"));
}

TEST_P(JsonReader, RefusesBrokenDocuments) {
  for (const auto text : {""sv,
                          " "sv,
                          "{"sv,
                          "}"sv,
                          "["sv,
                          "]"sv,
                          "[1,]"sv,
                          "[,1]"sv,
                          "[1,,2]"sv,
                          "{\"a\"}"sv,
                          "{\"a\":}"sv,
                          "{\"a\":1,}"sv,
                          "{a:1}"sv,
                          "{'a':1}"sv,
                          "{1:1}"sv,
                          "[1 2]"sv,
                          "{\"a\" 1}"sv,
                          "tru"sv,
                          "True"sv,
                          "nul"sv,
                          "NaN"sv,
                          "Infinity"sv,
                          "-Infinity"sv,
                          "undefined"sv,
                          "// x\n1"sv,
                          "/* */1"sv,
                          "1 //"sv,
                          "{}{}"sv,
                          "{} x"sv,
                          "1 2"sv,
                          "[]]"sv,
                          "{}}"sv,
                          "\"a"sv,
                          "\"a\nb\""sv,
                          "\"a\tb\""sv,
                          "\"\x00\""sv,
                          "\"\\x41\""sv,
                          "\"\\u12\""sv,
                          "\"\\u12g4\""sv,
                          "\"\\'\""sv,
                          "\"\\U0041\""sv,
                          "[1]\0"sv,
                          "\0"sv,
                          "[1\f]"sv,
                          "[\xc2\xa0]"sv,
                          "{\"a\":1]"sv,
                          "[\"a\":1]"sv,
                          "\"\\\""sv,
                          "[1\xe2\x80\xa8]"sv})
    EXPECT_FALSE(parse_json(text)) << text;
}

TEST_P(JsonReader, RefusesTheByteOrderMarkAndOtherEncodings) {
  EXPECT_THAT(problem_of("\xef\xbb\xbf{}"), HasSubstr("byte-order mark"));
  for (const auto text : {"\xfe\xff\0{\0}"sv, "\xff\xfe{\0}\0"sv, "{\0}\0"sv, "\0{\0}"sv})
    EXPECT_FALSE(parse_json(text));
}

TEST_P(JsonReader, RefusesInvalidUtf8AndHalfSurrogates) {
  for (const auto text :
       {"\"\x80\""sv, "\"\xc0\x80\""sv, "\"\xed\xa0\x80\""sv, "\"\xf4\x90\x80\x80\""sv, "\"\xe2\x82\""sv,
        "{\"\xff\":1}"sv, "\"\\ud800\""sv, "\"\\udc00\""sv, "\"\\ud800x\""sv, "\"\\ud800\\u0041\""sv,
        "\"\\ud800\\ud800\""sv, "\"\\udc00\\ud800\""sv, "{\"\\udfff\":1}"sv, "[\"a\\udead\"]"sv})
    EXPECT_FALSE(parse_json(text)) << text;
  EXPECT_EQ(*parse_json("\"\\ud83d\\ude00\"")->string(), "\xf0\x9f\x98\x80");
  EXPECT_EQ(*parse_json("\"a\\u0000b\"")->string(), "a\0b"sv);
  EXPECT_EQ(*parse_json(R"("\"\\\/\b\f\n\r\t\u0041")")->string(), "\"\\/\b\f\n\r\tA");
}

TEST_P(JsonReader, TellsIntegersFromOtherNumbers) {
  const struct {
    std::string_view text;
    Json value;
  } kCases[] = {{"0", 0},
                {"-1", -1},
                {"9223372036854775807", std::numeric_limits<std::int64_t>::max()},
                {"-9223372036854775808", std::numeric_limits<std::int64_t>::min()},
                {"1.0", 1.0},
                {"1e3", 1000.0},
                {"1E+2", 100.0},
                {"-0.5", -0.5},
                {"1.7976931348623157e308", std::numeric_limits<double>::max()},
                {"5e-324", std::numeric_limits<double>::denorm_min()},
                {"1e-400", 0.0}};
  for (const auto& c : kCases) {
    const auto read = parse_json(c.text);
    ASSERT_TRUE(read) << c.text;
    EXPECT_EQ(*read, c.value) << c.text;
  }
}

TEST_P(JsonReader, RefusesNumbersThatWouldBeRounded) {
  for (const auto text : {"9223372036854775808",
                          "18446744073709551615",
                          "18446744073709551616",
                          "-9223372036854775809",
                          "100000000000000000000000",
                          "1e309",
                          "-1e309",
                          "1e999999999",
                          "01",
                          "-01",
                          "+1",
                          ".5",
                          "1.",
                          "1.e1",
                          "1e",
                          "1e+",
                          "0x10",
                          "-",
                          "--1",
                          "1_000",
                          "1a",
                          "[1.5.2]",
                          "[-]",
                          "00"})
    EXPECT_FALSE(parse_json(text)) << text;
}

TEST_P(JsonReader, HoldsItsLimits) {
  EXPECT_TRUE(parse_json("[[[]]]", {.max_depth = 3}));
  EXPECT_THAT(problem_of("[[[[]]]]", {.max_depth = 3}), HasSubstr("nesting"));
  EXPECT_THAT(problem_of(R"({"a":{"a":{"a":{}}}})", {.max_depth = 3}), HasSubstr("nesting"));
  EXPECT_TRUE(parse_json(repeated("[", 32) + repeated("]", 32)));
  EXPECT_THAT(problem_of(repeated("[", 33) + repeated("]", 33)), HasSubstr("nesting"));
  EXPECT_THAT(problem_of(repeated("[", 500'000) + repeated("]", 500'000)), HasSubstr("nesting"));
  EXPECT_THAT(problem_of(repeated("{\"a\":", 100'000) + "1" + repeated("}", 100'000)), HasSubstr("nesting"));
  EXPECT_TRUE(parse_json(repeated("[", 1023) + repeated("]", 1023), {.max_depth = 1023}));
  EXPECT_THAT(problem_of(repeated("[", 1024) + repeated("]", 1024), {.max_depth = 5000}), HasSubstr("nesting"));
  EXPECT_TRUE(parse_json("1", {.max_depth = 0}));
  EXPECT_TRUE(parse_json("[10]", {.max_bytes = 4}));
  EXPECT_THAT(problem_of("[100]", {.max_bytes = 4}), HasSubstr("5 bytes"));
}

TEST_P(JsonReader, RecoversAfterAFailureOnTheSameThread) {
  EXPECT_FALSE(parse_json("[1,"));
  EXPECT_FALSE(parse_json("{\"a\":1,\"a\":2}"));
  EXPECT_TRUE(parse_json("{\"a\":1}"));
}

TEST_P(JsonReader, ReadsDocumentsLargerThanAThreadKeeps) {
  std::string text = "[";
  for (int i = 0; i < 50'000; ++i) text += std::to_string(i) + ",";
  text += "\"end\"]";
  const auto read = parse_json(text);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->array_items()->size(), 50'001U);
  EXPECT_EQ(read->dump(), text);
}

TEST_P(JsonReader, ServesThreadsIndependently) {
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([t] {
      const std::string text = "{\"thread\":" + std::to_string(t) + "}";
      for (int i = 0; i < 1000; ++i) EXPECT_EQ(parse_json(text)->dump(), text);
    });
}

TEST_P(JsonReader, ReadsFromTextWithoutPaddingBehindIt) {
  const std::string text = R"({"iss":"https://gitlab.example.com"})";
  const std::vector<char> exact(text.begin(), text.end());  // the address sanitizer watches its end
  EXPECT_TRUE(parse_json({exact.data(), exact.size()}));
}

}  // namespace
}  // namespace watchword
