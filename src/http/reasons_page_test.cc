// docs/reasons.md says the same as the program.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "base/file.h"
#include "base/reason.h"
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
    "the records. The names are stable. This page is made from src/base/reason.def: change it there, then run "
    "http_test\n"
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
      out += fmt::format("| `{}` | {} | {} | {} |\n", text.name, answer_of(*reason), text.meaning, text.fix);
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
      << "docs/reasons.md differs from src/base/reason.def. To write it anew: WATCHWORD_UPDATE_DOCS=1 http_test "
         "--gtest_filter='ReasonsPage.*'";
}

}  // namespace
}  // namespace watchword::http
