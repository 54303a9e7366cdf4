// docs/reasons.md says the same as the program.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/file.h"
#include "base/reason_help.h"
#include "base/text.h"
#include "http/problem.h"

namespace watchword::http {
namespace {

// A kind that no request meets has no status.
std::string answer_of(Reason reason) {
  const auto kind = describe(reason).kind;
  const bool answered = kind != ReasonKind::config && kind != ReasonKind::corrupt;
  return answered ? std::to_string(status_of(reason)) : "command line";
}

constexpr std::string_view kIntroduction =
    "# Reasons\n\n"
    "Whenever Watchword refuses or fails, it names one of these reasons: in the API's answers, on the command line and "
    "in\n"
    "the records. The names are stable. `watchword reasons NAME` prints one of them, and "
    "[troubleshooting.md](troubleshooting.md)\n"
    "begins with what is seen. This page is made from src/base/reason.def and reason_help.def: change it there, then "
    "run\n"
    "http_test with `WATCHWORD_UPDATE_DOCS=1`.\n\n"
    "The answer is the HTTP status that goes with the reason, unless the endpoint's protocol demands another. The "
    "likeliest\n"
    "cause stands first.\n";

std::string render_reason(Reason reason) {
  const ReasonText& text = describe(reason);
  std::string out =
      fmt::format("\n### {}\n\nAnswer: {}. It means: {}.\n\n", text.name, answer_of(reason), text.meaning);
  int number = 0;
  for (const std::string_view cause : help_for(reason).causes) out += fmt::format("{}. {}\n", ++number, cause);
  return out + fmt::format("\nFix: {}.\n\n    {}\n", text.fix, example_of(reason));
}

// The sections are the "// --- Title ---" lines of reason.def, the rest is what the program itself says.
std::string render_reasons(std::string_view definitions) {
  constexpr std::string_view kSection = "// --- ", kEntry = "REASON(";
  std::string out(kIntroduction);
  for (std::string_view line : split(definitions, '\n')) {
    if (line.starts_with(kSection)) {
      const auto title = line.substr(kSection.size());
      out += "\n## " + std::string(title.substr(0, title.find(" ---"))) + "\n";
    } else if (line.starts_with(kEntry)) {
      const auto reason = reason_from_name(line.substr(kEntry.size(), line.find(',') - kEntry.size()));
      if (!reason) return "not built from this reason.def: " + std::string(line);
      out += render_reason(*reason);
    }
  }
  return out;
}

TEST(ReasonHelp, EveryReasonHasItsCausesAndAnExample) {
  for (const Reason reason : all_reasons()) {
    const ReasonHelp& help = help_for(reason);
    EXPECT_GE(help.causes.size(), 2U) << name(reason);
    for (const std::string_view cause : help.causes)
      EXPECT_TRUE(!cause.ends_with('.') && cause.size() <= 120) << name(reason) << ": " << cause;
    EXPECT_TRUE(example_of(reason).starts_with(name(reason))) << name(reason);
    EXPECT_EQ(printable(example_of(reason)), example_of(reason));
  }
}

TEST(ReasonsPage, SaysTheSameAsTheProgram) {
  const std::string root = WATCHWORD_SOURCE_DIR, page = root + "/docs/reasons.md";
  const auto definitions = read_file(root + "/src/base/reason.def");
  ASSERT_TRUE(definitions);
  const std::string wanted = render_reasons(*definitions);
  for (Reason reason : all_reasons())
    ASSERT_NE(wanted.find("\n### " + std::string(name(reason)) + "\n"), std::string::npos) << name(reason);
  if (std::getenv("WATCHWORD_UPDATE_DOCS") != nullptr) ASSERT_TRUE(write_file_atomically(page, wanted));
  EXPECT_TRUE(read_file(page).value_or("") == wanted)
      << "docs/reasons.md differs from src/base/reason.def or reason_help.def. To write it anew: "
         "WATCHWORD_UPDATE_DOCS=1 http_test "
         "--gtest_filter='ReasonsPage.*'";
}

}  // namespace
}  // namespace watchword::http
