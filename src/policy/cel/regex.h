// The pattern of matches(): RE2, compiled once, at load. Patterns are literals: no claim ever becomes one.
#pragma once

#include <re2/re2.h>

#include <memory>
#include <string_view>

namespace watchword::policy::cel {

struct Regex {
  explicit Regex(std::string_view pattern);
  RE2 compiled;
};

}  // namespace watchword::policy::cel
