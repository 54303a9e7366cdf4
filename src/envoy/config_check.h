// What Envoy's own validation does not find in a bootstrap: that somebody could get past the authorisation. For files
// that render_bootstrap wrote as well as for any other; what it cannot see through it reports, rather than trust it.
#pragma once

#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace watchword::envoy {

// Members of a bootstrap may be in snake_case or, as proto3 JSON allows, in camelCase. Limits for reading one.
inline constexpr JsonLimits kBootstrapLimits{.max_bytes = std::size_t{64} << 20, .max_depth = 64};

// Each config_invalid, with the listener, route or cluster in `where`. Empty: nothing found. Any thread.
std::vector<Error> check_bootstrap(const Json& bootstrap);

}  // namespace watchword::envoy
