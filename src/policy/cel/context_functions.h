// The functions of `context.`: what they take, what they are, and what a person can do when they stand in the way.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/cel/value.h"

namespace watchword::policy::cel {

struct Parameter {
  std::string_view name;
  Kind kind = Kind::string;
};

// Sentences and fixes may name a parameter in braces; the argument's value takes its place.
struct ContextFunction {
  std::string_view name;
  std::array<Parameter, 2> parameters;
  std::size_t arity;
  Kind result;
  std::string_view when_false, when_true;  // what it means for a person: "the change is not merged into {into} yet"
  std::string_view fix_false, fix_true;    // what to do when that decides; fix_false also for results that are not bool
};

std::span<const ContextFunction> context_functions();
std::vector<std::string> context_function_names();
// "context.merged(into: string, sha: string) -> bool"
std::string signature(const ContextFunction& function);
std::string fill(std::string_view sentence, const ContextFunction& function, std::span<const Value> arguments);

}  // namespace watchword::policy::cel
