#include "base/result.h"

#include <gtest/gtest.h>

#include <memory>

namespace watchword {
namespace {

TEST(Error, IsOneLineWhateverItQuotes) {
  const struct {
    Error error;
    std::string_view line;
  } kCases[] = {
      {{Reason::audience_mismatch, "x", "y", "", ""}, "audience_mismatch: found x, expected y"},
      {{Reason::audience_mismatch, "", "y", "", ""}, "audience_mismatch: expected y"},
      {{Reason::audience_mismatch, "x", "", "", ""}, "audience_mismatch: found x"},
      {{Reason::internal, "", "", "", ""}, "internal"},
      {{Reason::policy_invalid, "a\nb", "\x1b[31m", "p.yaml:3:1\r", ""},
       "p.yaml:3:1\\x0d: policy_invalid: found a\\x0ab, expected \\x1b[31m"},
  };
  for (const auto& c : kCases) EXPECT_EQ(to_string(c.error), c.line);
}

TEST(Error, PrefersItsOwnFix) {
  EXPECT_EQ(fix_of({Reason::no_binding, "", "", "", ""}), describe(Reason::no_binding).fix);
  EXPECT_EQ(fix_of({Reason::no_binding, "", "", "", "run on main"}), "run on main");
}

Result<std::unique_ptr<int>> half(int n) {
  if (n % 2 != 0) return fail(Reason::request_invalid, std::to_string(n), "an even number");
  return std::make_unique<int>(n / 2);
}
Status positive(int n) {
  if (n <= 0) return fail(Reason::request_invalid, "not positive");
  return {};
}
Result<int> quarter(int n) {
  WW_CHECK(positive(n));
  WW_TRY(const auto once, half(n));
  WW_TRY(const auto twice, half(*once));
  return *twice;
}

TEST(Try, PassesValuesOnAndErrorsUp) {
  EXPECT_EQ(quarter(12).value(), 3);
  EXPECT_EQ(quarter(6).error().found, "3");
  EXPECT_EQ(quarter(-4).error().found, "not positive");
}

}  // namespace
}  // namespace watchword
