// What sets two names apart is told where it is a slip of the pen.
#include "jose/slip.h"

#include <gtest/gtest.h>

namespace watchword::jose {
namespace {

TEST(Slip, NamesWhatAloneSetsTwoNamesApart) {
  EXPECT_EQ(only_difference("https://gate.acme.dev/", "https://gate.acme.dev"), "the slash at the end");
  EXPECT_EQ(only_difference("https://gate.acme.dev", "https://gate.acme.dev/"), "the slash at the end");
  EXPECT_EQ(only_difference("https://Gate.acme.dev", "https://gate.acme.dev"), "upper and lower case");
  EXPECT_EQ(only_difference("https://Gate.acme.dev/", "https://gate.acme.dev"),
            "the slash at the end, and upper and lower case,");
}

TEST(Slip, HasNothingToSayOfEqualAndOfOtherNames) {
  for (const auto* other : {"https://gate.acme.dev", "https://gate.acme.de", "http://gate.acme.dev",
                            "https://gate.acme.dev//", "https://gate.acme.dev/x", ""})
    EXPECT_EQ(only_difference("https://gate.acme.dev", other), "") << other;
}

}  // namespace
}  // namespace watchword::jose
