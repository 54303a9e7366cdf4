// The parser's knowledge of calls with a syntax of their own: macros, and named arguments of context functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/cel/ast.h"

namespace watchword::policy::cel {

struct Macro {
  std::string_view name;
  Op op;
  std::size_t most_operands;  // with the range
  std::string usage;
};
const Macro* find_macro(std::string_view name);  // null for other names

struct ContextArgument {
  std::uint32_t at = 0;   // byte in the text
  std::string_view name;  // empty: by position
  NodeId value = 0;
};
struct ArrangedCall {
  std::uint32_t function = 0;  // row in context_functions()
  std::vector<NodeId> operands;
};
// Finds the function and brings its arguments into the order of its parameters. condition_invalid for an unknown
// function, unknown, missing or doubled arguments, or names and positions mixed.
Result<ArrangedCall> arrange(std::string_view text, std::uint32_t at, std::string_view function,
                             const std::vector<ContextArgument>& arguments);
std::string context_example();

}  // namespace watchword::policy::cel
