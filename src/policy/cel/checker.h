// Types and names, before anything runs: undefined names, wrong calls and operators on the wrong types are found here.
#pragma once

#include <span>
#include <string_view>

#include "policy/cel/ast.h"

namespace watchword::policy::cel {

// `dyn` (claims) is checked when it runs. Of lists the items' kind is known, of maps the values', one level deep.
struct Type {
  Kind kind = Kind::dyn;
  Kind element = Kind::dyn;
  std::span<const std::string_view> fields;  // all that a map can have; empty: anything
};

struct Variable {
  std::string_view name;
  Type type;
};

// Resolves names to slots and rows, compiles regular expressions and computes constants. The slot of a variable is its
// place in `variables`. Gives the expression's type. condition_invalid: see ast.h.
Result<Type> check(Program& program, std::span<const Variable> variables);

}  // namespace watchword::policy::cel
