// Reads the inside of string literals.
#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace watchword::policy::cel {

struct BadEscape {
  std::size_t at = 0;  // offset in the body
  std::string found, expected;
};

// Replaces the escape sequences of a string that is not raw. Never makes invalid UTF-8.
std::expected<std::string, BadEscape> unescape(std::string_view body);

}  // namespace watchword::policy::cel
