// Which projects a gate should hear of, and which it does not.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/context_health.h"
#include "base/clock.h"
#include "context/fact_table.h"

namespace watchword::cli {

// A project's open sessions.
struct OpenProject {
  std::string path;
  Time since;  // the oldest was opened then
  std::size_t sessions = 0;
};
using ProjectKey = std::pair<std::string, std::string>;  // issuer, project id
using OpenProjects = std::map<ProjectKey, OpenProject>;

// All of an issuer's projects with open sessions, or heard of. Silent: with open sessions for longer than `max_age` and
// not heard of within it.
std::vector<api::ContextHealth::Project> projects_of(const std::string& issuer, const OpenProjects& open,
                                                     const std::vector<context::FactTable::Heard>& heard,
                                                     Duration max_age, Time now);

}  // namespace watchword::cli
