// What the command line of exec asks for.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "job/commands.h"
#include "job/wanted.h"

namespace watchword::job {

struct ExecPlan {
  std::vector<Wanted> wanted;
  std::vector<std::vector<VariableNames>> names;  // of each
  std::vector<std::string> command;
};

// usage_invalid, with what to write instead.
Result<ExecPlan> plan_of(const ExecOptions& options);

}  // namespace watchword::job
