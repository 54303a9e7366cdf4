// What a change says, fact by fact.
#pragma once

#include <string>
#include <vector>

#include "context/event.h"
#include "context/fact_rules.h"

namespace watchword::context {

struct Statement {
  FactKind kind;
  std::string key;
  Said said;
};

// In order: where one says nothing new, nor do those after it. A merge request that is merged makes its source, merge
// and squash commits merged, one that is open its source commit not merged.
std::vector<Statement> statements(const Change& change, bool api);

}  // namespace watchword::context
