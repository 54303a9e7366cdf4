// The vocabulary of reasons is complete.
#include "base/reason.h"

#include <gtest/gtest.h>

#include <set>

#include "base/text.h"

namespace watchword {
namespace {

TEST(Reason, SaysWhatItMeansAndHowToMendIt) {
  for (Reason reason : all_reasons()) {
    const ReasonText& text = describe(reason);
    for (const auto line : {text.name, text.meaning, text.fix}) {
      EXPECT_FALSE(line.empty()) << text.name;
      EXPECT_EQ(printable(line), line) << text.name;
      EXPECT_EQ(line.find_first_of("|<>`"), std::string_view::npos) << text.name << " would break docs/reasons.md";
    }
    EXPECT_NE(text.meaning, text.fix);
  }
}

TEST(Reason, IsFoundByItsNameOnly) {
  std::set<std::string_view> names;
  for (Reason reason : all_reasons()) {
    EXPECT_EQ(reason_from_name(name(reason)), reason);
    EXPECT_EQ(name(reason).find_first_not_of("abcdefghijklmnopqrstuvwxyz_"), std::string_view::npos);
    EXPECT_TRUE(names.insert(name(reason)).second) << name(reason);
  }
  for (const auto* other : {"", "Internal", "internal ", "no_such_reason"}) EXPECT_FALSE(reason_from_name(other));
}

}  // namespace
}  // namespace watchword
