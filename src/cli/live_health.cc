#include "cli/live_health.h"

#include <algorithm>

namespace watchword::cli {

std::vector<api::ContextHealth::Project> projects_of(const std::string& issuer, const OpenProjects& open,
                                                     const std::vector<context::FactTable::Heard>& heard,
                                                     Duration max_age, Time now) {
  std::map<std::string, api::ContextHealth::Project> projects;
  for (const auto& one : heard)
    if (one.issuer == issuer)
      projects[one.project_id] = {.id = one.project_id, .path = {}, .last_event = one.last_event};
  for (auto at = open.lower_bound({issuer, ""}); at != open.end() && at->first.first == issuer; ++at) {
    auto& project = projects[at->first.second];
    project.id = at->first.second;
    project.path = at->second.path;
    project.sessions = at->second.sessions;
    project.silent = std::max(project.last_event.value_or(Time{}), at->second.since) + max_age < now;
  }
  std::vector<api::ContextHealth::Project> all;
  all.reserve(projects.size());
  for (auto& [id, project] : projects) all.push_back(std::move(project));
  return all;
}

}  // namespace watchword::cli
