// Macros by name, and context functions with their arguments by name or position.
#include "policy/cel/calls.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "policy/cel/context_functions.h"

namespace watchword::policy::cel {
namespace {

std::string did_you_mean(std::string_view word, const std::vector<std::string>& words) {
  const auto near = nearest(word, words);
  return near ? fmt::format("did you mean '{}'?", *near) : "";
}

std::vector<std::string> parameter_names(const ContextFunction& function) {
  std::vector<std::string> out;
  out.reserve(function.arity);
  for (std::size_t i = 0; i < function.arity; ++i) out.emplace_back(function.parameters[i].name);
  return out;
}

}  // namespace

const Macro* find_macro(std::string_view name) {
  static const std::array<Macro, 5> kMacros{
      {{"all", Op::all, 2, "list.all(x, condition)"},
       {"exists", Op::exists, 2, "list.exists(x, condition)"},
       {"exists_one", Op::exists_one, 2, "list.exists_one(x, condition)"},
       {"filter", Op::filter, 2, "list.filter(x, condition)"},
       {"map", Op::transform, 3, "list.map(x, value) or list.map(x, condition, value)"}}};
  const auto found = std::ranges::find(kMacros, name, &Macro::name);
  return found == kMacros.end() ? nullptr : &*found;
}

std::string context_example() { return "context.merged(into = \"main\", sha = job.sha)"; }

Result<ArrangedCall> arrange(std::string_view text, std::uint32_t at, std::string_view function,
                             const std::vector<ContextArgument>& arguments) {
  const auto all = context_functions();
  const auto found = std::ranges::find(all, function, &ContextFunction::name);
  if (found == all.end())
    return invalid(text, at, fmt::format("the unknown context function '{}'", function),
                   fmt::format("one of {}", fmt::join(context_function_names(), ", ")),
                   did_you_mean(function, context_function_names()));
  const std::vector<std::string> names = parameter_names(*found);
  if (arguments.size() != names.size())
    return invalid(text, at, fmt::format("{} arguments", arguments.size()), signature(*found));
  ArrangedCall out{static_cast<std::uint32_t>(found - all.begin()), std::vector<NodeId>(names.size())};
  std::vector<bool> given(names.size());
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const ContextArgument& argument = arguments[i];
    if (argument.name.empty() != arguments[0].name.empty())
      return invalid(text, argument.at, "arguments by name and by position", "one of the two for the whole call");
    const auto place = argument.name.empty() ? names.begin() + static_cast<std::ptrdiff_t>(i)
                                             : std::ranges::find(names, argument.name);
    if (place == names.end())
      return invalid(text, argument.at, fmt::format("the unknown argument '{}'", argument.name), signature(*found),
                     did_you_mean(argument.name, names));
    const auto row = static_cast<std::size_t>(place - names.begin());
    if (given[row]) return invalid(text, argument.at, fmt::format("'{}' twice", argument.name), signature(*found));
    given[row] = true;
    out.operands[row] = argument.value;
  }
  return out;
}

}  // namespace watchword::policy::cel
