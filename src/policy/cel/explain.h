// Says which part of an expression decided, and what was found there. The slow path: only after a refusal, or on
// demand.
#pragma once

#include <string>
#include <vector>

#include "policy/cel/evaluate.h"
#include "policy/condition.h"

namespace watchword::policy::cel {

Truth truth_of(const Value& value);

// `truth` and the smallest part that made it so; `because` and `fix` stay empty for yes.
ConditionResult decide(const Program& program, const Bindings& bindings);
// The parts that &&, || and ?: put together, as far as they take part, in the order of the text.
std::vector<Part> explain(const Program& program, const Bindings& bindings);

}  // namespace watchword::policy::cel
