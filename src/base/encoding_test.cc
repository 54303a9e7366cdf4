#include "base/encoding.h"

#include <gtest/gtest.h>

#include "base/random.h"

namespace watchword {
namespace {

using namespace std::string_view_literals;

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const struct {
    std::string_view plain, base64, base64url;
  } kCases[] = {{"", "", ""},
                {"f", "Zg==", "Zg"},
                {"fo", "Zm8=", "Zm8"},
                {"foo", "Zm9v", "Zm9v"},
                {"foob", "Zm9vYg==", "Zm9vYg"},
                {"fooba", "Zm9vYmE=", "Zm9vYmE"},
                {"foobar", "Zm9vYmFy", "Zm9vYmFy"},
                {"\xfb\xff\xfe", "+//+", "-__-"},
                {"\x14\xfb\x9c\x03\xd9\x7e", "FPucA9l+", "FPucA9l-"}};
  for (const auto& c : kCases) {
    EXPECT_EQ(to_base64(as_bytes(c.plain)), c.base64);
    EXPECT_EQ(to_base64url(as_bytes(c.plain)), c.base64url);
    EXPECT_EQ(from_base64(c.base64), std::optional(std::string(c.plain)));
    EXPECT_EQ(from_base64url(c.base64url), std::optional(std::string(c.plain)));
  }
}

TEST(Base64url, RefusesEveryOtherSpellingOfTheSameBytes) {
  for (const auto text : {"Zg=="sv,
                          "Zg="sv,
                          "Zh"sv,
                          "Zm9"sv,
                          "Zm9w="sv,
                          "Z"sv,
                          "Zm9vY"sv,
                          "Zm9v\n"sv,
                          "Zm 9"sv,
                          " Zg"sv,
                          "Zg "sv,
                          "+/+/"sv,
                          "-/-_"sv,
                          "Zm9v=Zm9"sv,
                          "Zm9v\0mFy"sv,
                          "Zg\0"sv,
                          "\xff\xff\xff\xff"sv,
                          "Zm9\xc3"sv,
                          "===="sv,
                          "Zm9v."sv,
                          "Zm,v"sv})
    EXPECT_FALSE(from_base64url(text)) << text;
}

TEST(Base64url, HasOneSpellingOnlyForEachTail) {
  // Of the 64 last characters exactly 4 (one byte) and 16 (two bytes) leave no stray bits.
  const std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  int one = 0, two = 0;
  for (char last : alphabet) {
    one += from_base64url(std::string("A") + last) ? 1 : 0;
    two += from_base64url(std::string("AA") + last) ? 1 : 0;
  }
  EXPECT_EQ(one, 4);
  EXPECT_EQ(two, 16);
}

TEST(Base64url, AcceptsExactlyItsAlphabet) {
  int accepted = 0;
  for (int c = 0; c < 256; ++c) accepted += from_base64url(std::string("AAA") + static_cast<char>(c)) ? 1 : 0;
  EXPECT_EQ(accepted, 64);
}

TEST(Base64, DemandsItsPadding) {
  for (const auto text : {"Zg"sv, "Zg="sv, "Zg==="sv, "Zh=="sv, "Zm9="sv, "="sv, "=="sv, "===="sv, "A==="sv,
                          "Zg==Zg=="sv, "Zm9v\n"sv, "-__-"sv, "Z=g="sv})
    EXPECT_FALSE(from_base64(text)) << text;
}

TEST(Base64, RoundTripsEveryLength) {
  SeededRandom random(1);
  for (std::size_t size = 0; size < 200; ++size) {
    Bytes bytes(size);
    random.fill(bytes);
    EXPECT_EQ(from_base64url(to_base64url(bytes)), std::optional(std::string(as_text(bytes))));
    EXPECT_EQ(from_base64(to_base64(bytes)), std::optional(std::string(as_text(bytes))));
    EXPECT_EQ(from_hex(to_hex(bytes)), std::optional(std::string(as_text(bytes))));
  }
}

TEST(Hex, IsLowerCaseAndReadInEitherCase) {
  EXPECT_EQ(to_hex(as_bytes("\x00\x7f\xff\xa5"sv)), "007fffa5");
  EXPECT_EQ(from_hex("007FfFa5"), std::optional(std::string("\x00\x7f\xff\xa5", 4)));
  for (const auto text : {"0"sv, "0g"sv, "g0"sv, "0x"sv, " 0"sv, "00\0"sv, "\0\0"sv, "@A"sv, "`a"sv})
    EXPECT_FALSE(from_hex(text)) << text;
}

TEST(Utf8, AcceptsEveryLengthAtItsEdges) {
  for (const auto text :
       {""sv, "plain"sv, "\0"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
        "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv, "Gr\xc3\xbc\xc3\x9f"sv})
    EXPECT_TRUE(is_utf8(text)) << testing::PrintToString(text);
}

TEST(Utf8, RefusesOverlongSurrogateCutAndStrayBytes) {
  for (const auto text : {"\x80"sv,
                          "\xbf"sv,
                          "\xc0\x80"sv,
                          "\xc1\xbf"sv,
                          "\xe0\x80\x80"sv,
                          "\xe0\x9f\xbf"sv,
                          "\xf0\x80\x80\x80"sv,
                          "\xf0\x8f\xbf\xbf"sv,
                          "\xed\xa0\x80"sv,
                          "\xed\xbf\xbf"sv,
                          "\xf4\x90\x80\x80"sv,
                          "\xf5\x80\x80\x80"sv,
                          "\xff"sv,
                          "\xfe"sv,
                          "\xc2"sv,
                          "\xe2\x82"sv,
                          "\xf0\x9f\x98"sv,
                          "a\xc2z"sv,
                          "\xe2\x28\xa1"sv,
                          "\xf8\x88\x80\x80\x80"sv})
    EXPECT_FALSE(is_utf8(text)) << testing::PrintToString(text);
}

TEST(Utf8, TellsTheFirstCharacter) {
  const auto euro = first_utf8_character("\xe2\x82\xac!");
  EXPECT_EQ(euro.code, U'\u20ac');
  EXPECT_EQ(euro.length, 3U);
  EXPECT_EQ(first_utf8_character("\xf0\x9f\x98\x80").code, U'\U0001f600');
  EXPECT_EQ(first_utf8_character("").length, 0U);
}

}  // namespace
}  // namespace watchword
