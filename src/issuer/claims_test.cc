// Packed claims say what the JSON says.
#include "issuer/claims.h"

#include <gtest/gtest.h>

#include <random>

namespace watchword::issuer {
namespace {

Json json(std::string_view text) { return parse_json(text).value(); }

TEST(Claims, SurviveExactly) {
  for (const char* text :
       {R"({})", R"([])", R"(null)", R"("x")", R"({"":""})", R"({"n":9007199254740993,"m":-9223372036854775808})",
        R"({"d":1.0,"e":1e300,"f":-0.0,"i":1})", R"({"schlüssel":"größe","esc":"a\"b\\c\n\u0001","nul":"\u0000"})",
        R"({"t":true,"f":false,"z":null})", R"([[],[[1,[2.5,{"a":[{}]}]]],{"b":{"c":{"d":[null,"x"]}}}])"}) {
    const Json tree = json(text);
    const Claims claims(tree);
    EXPECT_EQ(claims.view().json(), tree) << text;
    EXPECT_EQ(claims.dump(), tree.dump()) << text;
  }
}

TEST(Claims, KeepTextsOfEveryLength) {
  Json tree = Json::object();
  for (const std::size_t length : {0U, 1U, 14U, 254U, 255U, 256U, 70'000U})
    tree.set(std::string(length, 'k'), std::string(length, 'v'));
  const Claims claims(tree);
  EXPECT_EQ(claims.view().json(), tree);
  for (const auto& [key, value] : *tree.members()) EXPECT_EQ(claims.find(key)->string(), *value.string());
}

TEST(Claims, AreWrittenAsJsonWritesThem) {
  const Json mended = Json::object({{"bad \xff", "half \xc3"}, {"inf", std::numeric_limits<double>::infinity()}});
  EXPECT_EQ(Claims(mended).dump(), mended.dump());
}

TEST(Claims, LooksAreTyped) {
  const Claims claims(json(R"({"s":"x","i":7,"d":0.5,"t":true,"f":false,"z":null,"a":[1,"y"],"o":{"k":"v"}})"));
  const auto at = [&](std::string_view key) { return claims.find(key).value(); };
  EXPECT_EQ(at("s").string(), "x");
  EXPECT_EQ(at("i").integer(), 7);
  EXPECT_EQ(at("d").number(), 0.5);
  EXPECT_EQ(at("t").boolean(), true);
  EXPECT_EQ(at("f").boolean(), false);
  EXPECT_TRUE(at("z").is_null());
  EXPECT_TRUE(at("a").is_array() && !at("a").is_object());
  EXPECT_EQ(at("a").size(), 2U);
  EXPECT_EQ(at("a").item(1).string(), "y");
  EXPECT_EQ(at("o").find("k")->string(), "v");
  for (const char* key : {"s", "d", "t", "z", "a", "o"}) EXPECT_FALSE(at(key).integer()) << key;
  for (const char* key : {"i", "d", "t", "z", "a", "o"}) EXPECT_FALSE(at(key).string()) << key;
  for (const char* key : {"s", "i", "d", "z", "a", "o"}) EXPECT_FALSE(at(key).boolean()) << key;
  for (const char* key : {"s", "i", "t", "z", "a", "o"}) EXPECT_FALSE(at(key).number()) << key;
  EXPECT_EQ(at("s").size(), 0U);
  EXPECT_FALSE(at("s").find("k"));
  EXPECT_FALSE(at("a").find("k"));
  EXPECT_FALSE(claims.find("absent"));
  EXPECT_TRUE(Claims().view().is_null());
}

// Keys of two letters and of one length, so that many share a mark.
TEST(Claims, FindEachMemberAndNoOther) {
  std::mt19937 random(1);
  for (int round = 0; round < 200; ++round) {
    Json tree = Json::object();
    const auto key = [&] {
      return std::string{static_cast<char>('a' + random() % 16), static_cast<char>('a' + random() % 16)};
    };
    for (unsigned i = 0; i < random() % 100; ++i) tree.set(key(), static_cast<std::int64_t>(i));
    const Claims claims(tree);
    std::size_t index = 0;
    for (const auto& [name, value] : *tree.members()) {
      ASSERT_EQ(claims.view().key(index), name);
      ASSERT_EQ(claims.view().value(index++).integer(), *value.integer());
    }
    ASSERT_EQ(claims.view().size(), index);
    for (int i = 0; i < 100; ++i) {
      const std::string wanted = key();
      const Json* there = tree.find(wanted);
      const auto found = claims.find(wanted);
      ASSERT_EQ(found.has_value(), there != nullptr) << wanted;
      if (found) ASSERT_EQ(found->integer(), *there->integer()) << wanted;
    }
  }
}

TEST(Claims, ACopyIsItsOwn) {
  Claims copy;
  {
    const Claims first(json(R"({"key": "a text that is longer than a short string"})"));
    copy = first;
  }
  EXPECT_EQ(copy.find("key")->string(), "a text that is longer than a short string");
}

}  // namespace
}  // namespace watchword::issuer
