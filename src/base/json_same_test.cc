// The two readers take the same texts and make the same values of them.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "base/encoding.h"
#include "base/json.h"
#include "base/json_portable.h"
#include "base/random.h"
#include "base/text.h"

namespace watchword {
namespace {

namespace fs = std::filesystem;

// The corpora of all fuzz targets: JSON, and what is near to it.
std::vector<std::string> corpus(std::string_view part) {
  std::vector<std::string> texts;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(WATCHWORD_SOURCE_DIR) / "tests/fuzz/corpus" / part)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    texts.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
  }
  return texts;
}

struct Tally {
  int taken = 0, refused = 0;
};

void compare(const std::string& text, Tally& tally) {
  const auto one = parse_json(text);
  const auto other = parse_json_portable(text);
  ASSERT_EQ(one.has_value(), other.has_value()) << text << "\n" << (one ? other : one).error().found;
  ++(one ? tally.taken : tally.refused);
  if (!one) return;
  EXPECT_EQ(*one, *other) << text;
  EXPECT_EQ(one->dump(), other->dump()) << text;  // tells -0.0 from 0.0
}

TEST(JsonSame, OnTheCorporaOfAllFuzzTargets) {
  Tally tally;
  for (const auto& text : corpus("")) ASSERT_NO_FATAL_FAILURE(compare(text, tally));
  EXPECT_GT(tally.taken, 10);
  EXPECT_GT(tally.refused, 10);
}

// Each text cut at each byte, and with each byte replaced by those that mean something.
TEST(JsonSame, OnEveryTextNextToTheCorpus) {
  static constexpr char kTelling[] = "\0\t\n \"\\,:[]{}/-+.0129eEuntf\x1f\x7f\x80\xbf\xc0\xed\xef\xf4\xff";
  Tally tally;
  for (const auto& whole : corpus("json")) {
    if (whole.size() > 250) continue;  // claims, of which shorter ones have all
    for (std::size_t i = 0; i < whole.size(); ++i) {
      ASSERT_NO_FATAL_FAILURE(compare(whole.substr(0, i), tally));
      std::string text = whole;
      for (const char c : std::string_view(kTelling, sizeof kTelling - 1)) {
        text[i] = c;
        ASSERT_NO_FATAL_FAILURE(compare(text, tally));
      }
    }
  }
  EXPECT_GT(tally.taken, 1000);
  EXPECT_GT(tally.refused, 1000);
}

// Sentences of a small language whose words are right or nearly right: numbers above all, where parsers differ most.
TEST(JsonSame, OnRandomSentences) {
  const auto words = split(
      R"([|]|{|}|,|:|"a"|""|"\u00e9"|"\ud83d\ude00"|"\ud83d"|0|-0|-|1|9|.|5|e|E|+|true|false|null| |"k":|1e|e400|e-400|)"
      R"(9223372036854775807|9223372036854775808|18446744073709551615|18446744073709551616|0.1|000000000000000000|)"
      R"(2.2250738585072011e-308)",
      '|');
  SeededRandom random(6);
  Tally tally;
  for (int i = 0; i < 20'000; ++i) {
    std::array<std::uint8_t, 7> choice{};
    random.fill(choice);
    std::string text;
    for (std::size_t k = 1; k < 2 + choice[0] % (choice.size() - 1); ++k) text += words[choice[k] % words.size()];
    for (const auto& one : {text, "[" + text + "]", "{\"k\":" + text + "}"})
      ASSERT_NO_FATAL_FAILURE(compare(one, tally));
  }
  EXPECT_GT(tally.taken, 1000);
  EXPECT_GT(tally.refused, 1000);
}

// Any double, in the shortest form and with more digits than it has.
TEST(JsonSame, OnRandomNumbers) {
  SeededRandom random(7);
  Tally tally;
  for (int i = 0; i < 5'000; ++i) {
    std::array<std::uint8_t, 16> bytes{};
    random.fill(bytes);
    std::string digits = bytes[15] % 2 == 0 ? "-" : "";
    for (const std::uint8_t byte : std::span(bytes).first(bytes[14] % 13 + 1)) digits += std::to_string(byte);
    const std::string exponent = "e" + std::to_string(bytes[13] * 3 - 380);
    const std::string fraction = "." + std::to_string(bytes[12]);
    for (const auto& text : {digits, digits + fraction, digits + exponent, digits + fraction + exponent})
      ASSERT_NO_FATAL_FAILURE(compare(text, tally));
  }
  EXPECT_GT(tally.taken, 1000);
  EXPECT_GT(tally.refused, 1000);
}

}  // namespace
}  // namespace watchword
