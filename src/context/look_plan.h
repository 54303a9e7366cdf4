// Which live jobs are looked at when: each once in a period, spread over it, those of a pipeline together. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"

namespace watchword::context {

// An open session's job.
struct LiveJob {
  std::string issuer, project_id, pipeline, job;
};

// A question about some jobs of one pipeline.
struct Look {
  std::string issuer, project_id, pipeline;
  std::vector<std::string> jobs;  // not empty, each once
  std::string key() const;        // the same for the same pipeline
};

// Those whose moment has come after `last` and not after `now`; all of them without `last`. A pipeline's moment within
// the period depends on its ids only, so that a job that has just begun is looked at within one period too. A clock
// that was set makes looks early, never late.
std::vector<Look> due_looks(const std::vector<LiveJob>& live, Duration period, std::optional<Time> last, Time now);

}  // namespace watchword::context
