// Bounds of the regular expressions of conditions.
#include "policy/cel/regex.h"

namespace watchword::policy::cel {
namespace {

RE2::Options bounded() {
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(1 << 20);
  return options;
}

}  // namespace

Regex::Regex(std::string_view pattern) : compiled(re2::StringPiece(pattern.data(), pattern.size()), bounded()) {}

}  // namespace watchword::policy::cel
