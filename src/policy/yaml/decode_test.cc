#include "policy/yaml/decode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::yaml {
namespace {

using testing::ElementsAre;

enum class Colour { red, green };

struct Settings {
  std::string name = "unset";
  bool flag = false;
  std::int64_t count = 3;
  Duration wait = std::chrono::seconds(5);
  std::vector<std::string> words;
  Colour colour = Colour::red;
};

struct Decoded {
  Settings settings;
  std::vector<std::string> errors;  // "place: found; expected; fix"
};

Decoded decode(const std::string& text) {
  const auto node = read("f", text, Reason::config_invalid);
  EXPECT_TRUE(node) << text;
  Decoder decoder("f", Reason::config_invalid);
  Decoded out;
  Object fields(decoder, *node, "thing", {"name", "flag", "count", "wait", "words", "colour"});
  fields.read("name", out.settings.name);
  fields.read("flag", out.settings.flag);
  fields.read("count", out.settings.count, 1, 10);
  fields.read("wait", out.settings.wait, std::chrono::seconds(1), std::chrono::hours(1));
  fields.read("words", out.settings.words);
  fields.read<Colour>("colour", out.settings.colour, {{"red", Colour::red}, {"green", Colour::green}});
  for (const Error& error : decoder.take_errors()) {
    EXPECT_EQ(error.reason, Reason::config_invalid);
    out.errors.push_back(error.where + ": " + error.found + "; " + error.expected +
                         (error.fix.empty() ? "" : "; " + error.fix));
  }
  return out;
}

TEST(Decode, ReadsWhatIsThereAndKeepsTheDefaultsOfTheRest) {
  const auto all = decode("name: x\nflag: true\ncount: 7\nwait: 1m30s\nwords: [a, b]\ncolour: green\n");
  EXPECT_THAT(all.errors, ElementsAre());
  EXPECT_EQ(all.settings.name, "x");
  EXPECT_TRUE(all.settings.flag);
  EXPECT_EQ(all.settings.count, 7);
  EXPECT_EQ(all.settings.wait, std::chrono::seconds(90));
  EXPECT_THAT(all.settings.words, ElementsAre("a", "b"));
  EXPECT_EQ(all.settings.colour, Colour::green);
  const auto none = decode("{}");
  EXPECT_EQ(none.settings.name, "unset");
  EXPECT_EQ(none.settings.count, 3);
  EXPECT_THAT(decode("words: one").settings.words, ElementsAre("one"));
}

TEST(Decode, SaysWhatWasFoundWhatIsExpectedAndWhatWasMeant) {
  const std::vector<std::pair<std::string, std::string>> table = {
      {"nmae: x", "f:1:1: the thing key 'nmae'; one of name, flag, count, wait, words, colour; did you mean 'name'?"},
      {"quux: x", "f:1:1: the thing key 'quux'; one of name, flag, count, wait, words, colour"},
      {"name: 1.0", "f:1:7: '1.0'; a string; put quotes around it"},
      {"name: true", "f:1:7: 'true'; a string; put quotes around it"},
      {"name: ''", "f:1:7: ''; a string that is not empty"},
      {"name:", "f:1:6: nothing; a string"},
      {"name: [x]", "f:1:7: a list; a string"},
      {"flag: on", "f:1:7: 'on'; true or false; write true"},
      {"flag: No", "f:1:7: 'No'; true or false; write false"},
      {"flag: True", "f:1:7: 'True'; true or false; write true"},
      {"flag: \"true\"", "f:1:7: 'true'; true or false; write true"},
      {"flag: 1", "f:1:7: '1'; true or false"},
      {"count: 11", "f:1:8: '11'; an integer from 1 to 10"},
      {"count: 0x", "f:1:8: '0x'; an integer from 1 to 10"},
      {"count: 007", "f:1:8: '007'; an integer from 1 to 10"},
      {"count: '7'", "f:1:8: '7'; an integer from 1 to 10"},
      {"wait: 90", "f:1:7: '90'; a duration such as 90s, 15m or 1h30m, from 1s to 1h"},
      {"wait: 2h", "f:1:7: '2h'; a duration such as 90s, 15m or 1h30m, from 1s to 1h"},
      {"words: []", "f:1:8: an empty list; a list with entries"},
      {"words: [a, 1]", "f:1:12: '1'; a string; put quotes around it"},
      {"words: {a: b}", "f:1:8: an object; a list"},
      {"colour: gren", "f:1:9: 'gren'; one of red, green; did you mean 'green'?"},
      {"[x]", "f:1:1: a list; an object"},
      {"x", "f:1:1: 'x'; an object"}};
  for (const auto& [text, error] : table) EXPECT_THAT(decode(text).errors, ElementsAre(error)) << text;
}

TEST(Decode, GivesAllErrorsAtOnce) {
  EXPECT_EQ(decode("naem: x\nflag: maybe\ncount: many\nwait: soon\nwords: 7\ncolour: blue\n").errors.size(), 6U);
}

TEST(Decode, PutsTheErrorOfAnEmbeddedTextWhereItStandsInTheFile) {
  const auto place = [](const std::string& text) {
    const auto node = read("f", text, Reason::config_invalid);
    Decoder decoder("f", Reason::config_invalid);
    decoder.refuse(*node->find("k"), Error{Reason::condition_invalid, "x", "y", "1:4", {}});
    const auto errors = decoder.take_errors();
    EXPECT_EQ(errors[0].reason, Reason::condition_invalid);
    return errors[0].where + " " + errors[0].found;
  };
  EXPECT_EQ(place("k: abcdef"), "f:1:7 x");
  EXPECT_EQ(place("k: 'abcdef'"), "f:1:8 x");
  EXPECT_EQ(place("k: \"ab\\tcdef\""), "f:1:4 x (line 1, column 4 of the text)");
  EXPECT_EQ(place("k: |\n  abcdef\n"), "f:1:4 x (line 1, column 4 of the text)");
  EXPECT_EQ(place("k: abc\n  def"), "f:1:4 x (line 1, column 4 of the text)");
}

}  // namespace
}  // namespace watchword::yaml
