// Splits an expression into tokens and reads its literals.
#pragma once

#include <vector>

#include "policy/cel/workspace.h"

namespace watchword::policy::cel {

struct Token {
  enum class Type : std::uint8_t { end, identifier, integer, number, string, symbol };
  Type type = Type::end;
  std::uint32_t begin = 0, end = 0;  // bytes of the text
  std::string_view text;
  std::uint64_t magnitude = 0;  // integer; up to 2^63, which only a minus sign makes valid
  double number = 0;
  std::string_view string;  // unescaped; in the text or in the workspace
};

// The last token is `end`. Views into `text` and `kept`. condition_invalid: see ast.h.
Result<std::vector<Token>> tokenize(std::string_view text, Workspace& kept);

// One line: runs of white space between tokens become a space, comments go. For parts of multi-line conditions.
std::string on_one_line(std::string_view text);

}  // namespace watchword::policy::cel
