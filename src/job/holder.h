// From a job's environment and options to what its runs share: the gate, the credentials and the key.
#pragma once

#include <memory>
#include <string>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "job/access.h"

namespace watchword::job {

struct HolderOptions {
  std::string gate;  // URL
  std::string ca;    // file, or empty (gate_trust.h)
  std::string token_file, token_env = "WATCHWORD_ID_TOKEN";
  std::string job_token_env;      // variable with the job token that is offered to the gate; empty: none is
  std::string retry_for = "20s";  // how long a gate that gives no answer is asked again
};

// The key is derived from the ID token and $CI_JOB_TOKEN, whether that is offered or not: all runs of a job make the
// same. `clock` and `random` outlive it. token_missing, config_invalid, usage_invalid.
Result<std::unique_ptr<Holder>> make_holder(const HolderOptions& options, const Clock& clock, Random& random);

}  // namespace watchword::job
