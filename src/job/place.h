// Where a resource is, read from the gate's answer as strictly as anything from outside.
#pragma once

#include <string_view>

#include "base/result.h"
#include "job/access.h"

namespace watchword::job {

// Of the member of `resources` that has this name (docs/api.md). gate_unreachable, with the part that is not a gate's:
// what answered is none, or is of another version.
Result<Place> place_from(const Reply& reply, std::string_view resource);

}  // namespace watchword::job
