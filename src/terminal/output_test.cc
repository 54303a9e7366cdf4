// What is shown on a terminal cannot act on it, and stays the same value.
#include "terminal/output.h"

#include <gtest/gtest.h>

namespace watchword::terminal {
namespace {

TEST(Output, IndentedJsonEscapesWhatWouldActOnATerminal) {
  auto value = Json::object({{"del", "a\x7f"},
                             {"c1",
                              "\xc2\x9b"
                              "31m"},
                             {"bidi",
                              "\xe2\x80\xae"
                              "gnp.exe"},
                             {"tag", "\xf3\xa0\x81\x81"},
                             {"plain", "gr\xc3\xbc\xc3\x9f"},
                             {"line", "a\nb\x1b"}});
  auto shown = pretty_for_terminal(value);
  for (const char* treacherous : {"\x7f", "\xc2\x9b", "\xe2\x80\xae", "\xf3\xa0\x81\x81", "\x1b"})
    EXPECT_EQ(shown.find(treacherous), std::string::npos) << shown;
  EXPECT_NE(shown.find("\\u007f"), std::string::npos) << shown;
  EXPECT_NE(shown.find("gr\xc3\xbc\xc3\x9f"), std::string::npos) << "what is harmless stays as it is";
  auto back = parse_json(shown);
  ASSERT_TRUE(back.has_value()) << shown;
  EXPECT_EQ(back->dump(), value.dump()) << "still JSON, and the same";
}

}  // namespace
}  // namespace watchword::terminal
