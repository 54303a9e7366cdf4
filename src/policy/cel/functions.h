// The functions of conditions, except macros, matches() and context functions.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/cel/time.h"
#include "policy/cel/workspace.h"

namespace watchword::policy::cel {

enum class Style : std::uint8_t { receiver, global, both };  // a.f(b), f(a, b)

// One overload. Rows of the same name stand together.
struct Function {
  std::string_view name;
  Style style;
  std::array<Kind, 2> parameters;  // the receiver first; dyn takes anything
  std::size_t arity;
  Kind result;
  Value (*call)(Workspace& workspace, std::span<const Value> arguments);  // arguments have the parameters' kinds
  CalendarPart part = nullptr;  // of (timestamp, zone): the zone is parsed once where it is written out
};

std::span<const Function> functions();
// Indexes into functions(), from the first overload to behind the last; equal when there is no such function.
struct Overloads {
  std::size_t first, last;
};
Overloads overloads(std::string_view name);
std::vector<std::string> function_names();    // with the macros, has and matches
std::string usage(const Function& function);  // "string.startsWith(string)"

std::span<const Function> time_functions();  // part of functions()

}  // namespace watchword::policy::cel
