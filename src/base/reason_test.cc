// The vocabulary of reasons is complete, and docs/reasons.md says the same as the program.
#include "base/reason.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "base/file.h"
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

std::string_view answer_of(ReasonKind kind) {
  switch (kind) {
    case ReasonKind::unauthenticated:
      return "401";
    case ReasonKind::denied:
      return "403";
    case ReasonKind::invalid:
      return "400";
    case ReasonKind::not_found:
      return "404";
    case ReasonKind::unavailable:
      return "503";
    case ReasonKind::upstream:
      return "502";
    case ReasonKind::upstream_timeout:
      return "504";
    case ReasonKind::error:
      return "500";
    case ReasonKind::config:
    case ReasonKind::corrupt:
      return "command line";
  }
  return "";
}

constexpr std::string_view kIntroduction =
    "# Reasons\n\n"
    "Whenever Watchword refuses or fails, it names one of these reasons: in the API's answers, on the command line and "
    "in\n"
    "the records. The names are stable. This page is made from src/base/reason.def: change it there, then run "
    "base_test\n"
    "with `WATCHWORD_UPDATE_DOCS=1`.\n\n"
    "The answer is the HTTP status that goes with the reason, unless the endpoint's protocol demands another.\n";

// The sections are the "// --- Title ---" lines of reason.def, the rest is what the program itself says.
std::string render_reasons(std::string_view definitions) {
  constexpr std::string_view kSection = "// --- ", kEntry = "REASON(";
  std::string out(kIntroduction);
  for (std::string_view line : split(definitions, '\n')) {
    if (line.starts_with(kSection)) {
      const auto title = line.substr(kSection.size());
      out += "\n## " + std::string(title.substr(0, title.find(" ---"))) +
             "\n\n| reason | answer | what it means | what to do |\n|---|---|---|---|\n";
    } else if (line.starts_with(kEntry)) {
      const auto reason = reason_from_name(line.substr(kEntry.size(), line.find(',') - kEntry.size()));
      if (!reason) return "not built from this reason.def: " + std::string(line);
      const ReasonText& text = describe(*reason);
      out += fmt::format("| `{}` | {} | {} | {} |\n", text.name, answer_of(text.kind), text.meaning, text.fix);
    }
  }
  return out;
}

TEST(ReasonsPage, SaysTheSameAsTheProgram) {
  const std::string root = WATCHWORD_SOURCE_DIR, page = root + "/docs/reasons.md";
  const auto definitions = read_file(root + "/src/base/reason.def");
  ASSERT_TRUE(definitions);
  const std::string wanted = render_reasons(*definitions);
  for (Reason reason : all_reasons())
    ASSERT_NE(wanted.find("| `" + std::string(name(reason)) + "` |"), std::string::npos) << name(reason);
  if (std::getenv("WATCHWORD_UPDATE_DOCS") != nullptr) ASSERT_TRUE(write_file_atomically(page, wanted));
  EXPECT_TRUE(read_file(page).value_or("") == wanted)
      << "docs/reasons.md differs from src/base/reason.def. To write it anew: WATCHWORD_UPDATE_DOCS=1 base_test "
         "--gtest_filter='ReasonsPage.*'";
}

}  // namespace
}  // namespace watchword
