// `watchword doctor` from inside a job: can this job reach its gate, and is its ID token one that the gate may take?
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/json.h"
#include "job/commands.h"
#include "terminal/checks.h"

namespace watchword::job {

using Variables = std::function<std::string(const char* name)>;  // of the environment; empty where it is not set

// What an ID token says, beside the name that the gate gives itself (empty: not known) and what the CI system told the
// job. Unverified: whether the gate takes it only the gate can say.
terminal::Checks judge_id_token(const Json& claims, const std::string& gate, const Variables& variables, Time now);

}  // namespace watchword::job
