// Values that a pattern matches, to try a policy with.
#pragma once

#include <string>
#include <vector>

#include "policy/pattern.h"

namespace watchword::policy {

// At most `most`, all different, plain ones first. Each was tried: the pattern matches it. None where none was found: a
// regular expression may match nothing, or only what is hard to guess. Cost: linear in the pattern for each.
std::vector<std::string> samples_of(const Pattern& pattern, std::size_t most);

}  // namespace watchword::policy
