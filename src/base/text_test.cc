#include "base/text.h"

#include <gmock/gmock.h>

#include "base/encoding.h"

namespace watchword {
namespace {

using namespace std::string_view_literals;
using testing::ElementsAre;

TEST(Printable, LeavesOrdinaryTextAlone) {
  for (const auto text : {""sv, "main"sv, "feature/x-1 'y' \"z\" \\"sv, "Gr\xc3\xbc\xc3\x9f Gott"sv,
                          "\xe6\x97\xa5\xe6\x9c\xac"sv, "\xf0\x9f\x98\x80"sv})
    EXPECT_EQ(printable(text), text);
}

TEST(Printable, EscapesWhatCouldForgeALineOrMoveACursor) {
  const struct {
    std::string_view text, shown;
  } kCases[] = {
      {"a\nb\r\tc", "a\\x0ab\\x0d\\x09c"},
      {"\x1b[2J", "\\x1b[2J"},
      {"a\0b"sv, "a\\x00b"},
      {"\x7f", "\\x7f"},
      {"\xc2\x9b"
       "2J",
       "\\u{009b}2J"},                                     // CSI as one C1 character
      {"\xc2\x85", "\\u{0085}"},                           // next line
      {"\xe2\x80\xa8\xe2\x80\xa9", "\\u{2028}\\u{2029}"},  // line and paragraph separator
      {"x\xe2\x80\xaey", "x\\u{202e}y"},                   // right-to-left override
      {"\xe2\x81\xa6", "\\u{2066}"},                       // isolate
      {"ma\xe2\x80\x8bin", "ma\\u{200b}in"},               // zero-width space
      {"\xef\xbb\xbf", "\\u{feff}"},
      {"\xf3\xa0\x81\x81", "\\u{e0041}"},  // tag character
      {"\xff\xc3", "\\xff\\xc3"},
      {"\xc0\x8a", "\\xc0\\x8a"},           // overlong line feed
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // surrogate
  };
  for (const auto& c : kCases) EXPECT_EQ(printable(c.text), c.shown);
}

TEST(Printable, OfAnyTwoBytesIsValidAndOfOneLine) {
  for (int a = 0; a < 256; ++a)
    for (int b = 0; b < 256; ++b) {
      const std::string shown = printable(std::string{static_cast<char>(a), static_cast<char>(b)});
      EXPECT_TRUE(is_utf8(shown));
      for (char c : shown) EXPECT_TRUE(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
}

TEST(Nearest, FindsTheWordThatWasMeant) {
  const std::vector<std::string> words{"resources",  "roles", "bindings", "session",
                                       "granted_to", "allow", "deny",     "when"};
  const struct {
    std::string_view typed;
    std::optional<std::string> meant;
  } kCases[] = {{"resource", "resources"},
                {"role", "roles"},
                {"seession", "session"},
                {"grantedto", "granted_to"},
                {"alow", "allow"},
                {"wehn", "when"},
                {"dney", "deny"},
                {"roles", "roles"},
                {"frobnicate", {}},
                {"", {}},
                {"x", {}},
                {"unless", {}},
                {"Allow", "allow"}};
  for (const auto& c : kCases) EXPECT_EQ(nearest(c.typed, words), c.meant) << c.typed;
  EXPECT_FALSE(nearest("role", {}));
  EXPECT_FALSE(nearest(std::string(1 << 20, 'r'), words));
}

TEST(Split, GivesOnePartMoreThanSeparators) {
  EXPECT_THAT(split("a.b.c", '.'), ElementsAre("a", "b", "c"));
  EXPECT_THAT(split("", '.'), ElementsAre(""));
  EXPECT_THAT(split(".a.", '.'), ElementsAre("", "a", ""));
}

TEST(Trim, TakesSpacesAndTabsOnly) {
  EXPECT_EQ(trim(" \t a b\t "), "a b");
  EXPECT_EQ(trim("\na\r"), "\na\r");
  EXPECT_EQ(trim(" \t "), "");
}

TEST(AsciiLower, LeavesOtherBytesAlone) {
  EXPECT_EQ(ascii_lower("ABCxyz-@[`{\xc3\x84"), "abcxyz-@[`{\xc3\x84");
  EXPECT_TRUE(ascii_iequals("Content-Type", "cONTENT-tYPE"));
  EXPECT_FALSE(ascii_iequals("a", "ab"));
  EXPECT_FALSE(ascii_iequals("@", "`"));  // differ in the same bit as A and a
}

}  // namespace
}  // namespace watchword
