// What a denial was one step from, for its caller, its record and its fix.
#pragma once

#include "access/decide.h"
#include "base/json.h"

namespace watchword::access {

// Sets `nearest` of a denial by policy, where there is one, and a fix that names it where there was only the reason's
// general one. Asked for without resource or action: see policy::Policy::nearest.
void add_nearest(Decision& decision, const Snapshot& snapshot, const issuer::Principal& principal,
                 const policy::Roles& roles, const Asked& asked, Time now, policy::Told told = policy::Told::caller);
// The same for a credential: also when the policy would allow what its scope or its audience leaves out.
void add_nearest(Decision& decision, const Snapshot& snapshot, const Session& session, const Grant& grant,
                 const Asked& asked, Time now);
// {rule, role, part, found, expected}; without role where there is none.
Json to_json(const policy::NearMiss& nearest);

}  // namespace watchword::access
