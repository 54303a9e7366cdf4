// The rule of merge requests, which is longer than the others: see fact_rules.h.
#pragma once

#include <optional>

#include "context/fact_rules.h"

namespace watchword::context {

// By time; merged is final. Among events of one moment an answer of the API decides, else the stricter. What an event
// leaves out stays; an approval stays only while the source commit does, and one that comes late is not believed, while
// one taken back late is.
std::optional<Next> supersede_mr(const Known& known, const Said& said);

}  // namespace watchword::context
