// What a part of an expression looked at and found there.
#pragma once

#include <string>

#include "policy/cel/evaluate.h"

namespace watchword::policy::cel {

// About one part, evaluated by itself.
struct Note {
  std::string found;     // `job.ref is "feature/x"; ...`; empty when nothing was looked at
  std::string sentence;  // what a context function means: "the change is not merged into main yet"; often empty
  std::string fix;       // what would have to change; often empty
};
// `value` is what `part` came to. `evaluator` is the one that evaluated it.
Note note_on(const Program& program, const Node& part, const Value& value, Evaluator& evaluator);

}  // namespace watchword::policy::cel
