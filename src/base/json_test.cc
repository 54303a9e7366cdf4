// Json as a value, and the canonical writer.
#include "base/json.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/random.h"

namespace watchword {
namespace {

using namespace std::string_view_literals;

static_assert(!std::is_convertible_v<const std::string*, Json>, "a pointer must not become true");

TEST(Json, FindsMembersAndSaysNothingForOtherTypes) {
  const Json claims = Json::object({{"sub", "job"}, {"exp", 17}, {"ok", true}, {"aud", Json::Array{"a"}}});
  EXPECT_EQ(*claims.find_string("sub"), "job");
  EXPECT_EQ(*claims.find_integer("exp"), 17);
  EXPECT_EQ(claims.string_or("sub", "-"), "job");
  EXPECT_EQ(claims.string_or("exp", "-"), "-");
  EXPECT_EQ(claims.find("nbf"), nullptr);
  EXPECT_EQ(claims.find_string("exp"), nullptr);
  EXPECT_EQ(claims.find_integer("sub"), nullptr);
  EXPECT_EQ(claims.find_integer("ok"), nullptr);
  EXPECT_EQ(Json("text").find("x"), nullptr);
  EXPECT_EQ(Json(1.0).integer(), nullptr);
  EXPECT_EQ(Json(true).integer(), nullptr);
}

TEST(Json, ObjectTakesMembersInAnyOrderAndTheLaterOfTwo) {
  EXPECT_EQ(Json::object({{"b", 1}, {"a", 2}, {"b", 3}}).dump(), R"({"a":2,"b":3})");
}

TEST(Json, SetAndPushMakeTheirContainer) {
  Json value;
  value.set("z", 1).set("a", Json().push(1).push("two")).set("z", 2);
  EXPECT_EQ(value.dump(), R"({"a":[1,"two"],"z":2})");
  value.set("z", *value.find("a"));  // a part of itself
  EXPECT_EQ(value.dump(), R"({"a":[1,"two"],"z":[1,"two"]})");
}

TEST(Json, NamesItsType) {
  const std::pair<Json, std::string_view> kCases[] = {
      {nullptr, "null"},        {true, "boolean"},         {1, "integer"}, {1.5, "number"}, {"x", "string"},
      {Json::array(), "array"}, {Json::object(), "object"}};
  for (const auto& [value, name] : kCases) EXPECT_EQ(value.type_name(), name);
}

TEST(Json, EqualMeansSameTypeAndContent) {
  EXPECT_EQ(Json::object({{"a", 1}, {"b", 2}}), Json::object({{"b", 2}, {"a", 1}}));
  EXPECT_NE(Json(1), Json(1.0));
  EXPECT_NE(Json(1), Json(true));
  EXPECT_NE(Json(), Json(""));
}

TEST(JsonWriter, EscapesAsRfc8785) {
  const struct {
    std::string_view text, written;
  } kCases[] = {
      {"\b\t\n\f\r\"\\/", R"("\b\t\n\f\r\"\\/")"},
      {"\0\x01\x1f\x0b"sv, R"("\u0000\u0001\u001f\u000b")"},
      {"\x7f", "\"\x7f\""},
      {"\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x80\xa8", "\"\xe2\x82\xac\xf0\x9f\x98\x80\xe2\x80\xa8\""},
      {"\xe2\x82\xac$\x0f\nA'B\"\\\\\"/", "\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\""},  // RFC 8785 3.2.2
  };
  for (const auto& c : kCases) EXPECT_EQ(Json(c.text).dump(), c.written);
}

TEST(JsonWriter, MendsInvalidUtf8SoThatItsOutputIsAlwaysJson) {
  EXPECT_EQ(Json("a\xff\xc3z").dump(), "\"a\xef\xbf\xbd\xef\xbf\xbdz\"");
  EXPECT_EQ(Json("\xed\xa0\x80").dump(), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
  SeededRandom random(11);
  for (int i = 0; i < 2000; ++i) {
    std::string bytes(static_cast<std::size_t>(i % 17), '\0');
    random.fill({reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()});
    const std::string text = Json::object({{bytes, bytes}}).dump();
    const auto read = parse_json(text);
    ASSERT_TRUE(read) << text;
    EXPECT_EQ(read->dump(), text);
  }
}

TEST(JsonWriter, WritesNumbersThatReadBackEqual) {
  const std::pair<Json, std::string_view> kCases[] = {
      {0, "0"},
      {std::numeric_limits<std::int64_t>::min(), "-9223372036854775808"},
      {std::numeric_limits<std::int64_t>::max(), "9223372036854775807"},
      {1.0, "1.0"},
      {-0.0, "-0.0"},
      {0.1, "0.1"},
      {1e300, "1e+300"},
      {5e-324, "5e-324"},
      {123456789012345680.0, "1.2345678901234568e+17"}};
  for (const auto& [value, text] : kCases) {
    EXPECT_EQ(value.dump(), text);
    EXPECT_EQ(parse_json(text).value_or(Json()), value) << text;
  }
  EXPECT_EQ(Json(std::numeric_limits<double>::quiet_NaN()).dump(), "null");
  EXPECT_EQ(Json(std::numeric_limits<double>::infinity()).dump(), "null");
}

TEST(JsonWriter, RoundTripsRandomDoubles) {
  SeededRandom random(5);
  for (int i = 0; i < 5000; ++i) {
    double value = 0;
    random.fill({reinterpret_cast<std::uint8_t*>(&value), sizeof value});
    if (value != value || value - value != 0) continue;
    EXPECT_EQ(parse_json(Json(value).dump()).value_or(Json()), Json(value));
  }
}

TEST(JsonWriter, IndentsForPeople) {
  const Json value = Json::object({{"a", Json::Array{1, Json::object({{"b", Json::array()}})}}, {"c", Json::object()}});
  EXPECT_EQ(value.pretty(), "{\n  \"a\": [\n    1,\n    {\n      \"b\": []\n    }\n  ],\n  \"c\": {}\n}");
  EXPECT_EQ(*parse_json(value.pretty()), value);
  EXPECT_EQ(value.dump(), R"({"a":[1,{"b":[]}],"c":{}})");
}

}  // namespace
}  // namespace watchword
