// From tokens to a tree, within the bounds of ast.h. Names are not looked at, except `context` and the macros.
#pragma once

#include "policy/cel/ast.h"

namespace watchword::policy::cel {

// Fills nodes, operands, root and constants. condition_invalid: see ast.h.
Status parse(Program& program);

}  // namespace watchword::policy::cel
