// The result of commands that check many things, such as `watchword doctor`: a line for each, good or bad.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "terminal/output.h"

namespace watchword::terminal {

struct CheckResult {
  std::string name;                   // "issuer gitlab"
  std::string detail = {};            // what is so
  std::optional<Error> trouble = {};  // none: good
};
using Checks = std::vector<CheckResult>;

// A line for each, and for what is bad the fix; or with --json {healthy, checks}. kDenied when some check is bad.
int show_checks(const Checks& checks, const Output& out);

}  // namespace watchword::terminal
