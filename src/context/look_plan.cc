#include "context/look_plan.h"

#include <algorithm>
#include <functional>
#include <unordered_map>

namespace watchword::context {
namespace {

std::string key_of(const LiveJob& live) {
  std::string key = live.issuer;
  key.append(1, '\0').append(live.project_id).append(1, '\0');
  return live.pipeline.empty() ? key.append("job ").append(live.job) : key.append(live.pipeline);
}

bool is_due(const std::string& key, Duration period, Time last, Time now) {
  const Duration offset(
      static_cast<Duration::rep>(std::hash<std::string>{}(key) % static_cast<std::size_t>(period.count())));
  const auto rounds = [&](Time at) { return (at.time_since_epoch() + offset) / period; };
  return rounds(last) != rounds(now);
}

}  // namespace

std::string Look::key() const { return key_of({issuer, project_id, pipeline, jobs.front()}); }

std::vector<Look> due_looks(const std::vector<LiveJob>& live, Duration period, std::optional<Time> last, Time now) {
  std::vector<Look> looks;
  std::unordered_map<std::string, std::optional<std::size_t>> by_key;  // none: not due
  for (const LiveJob& job : live) {
    const auto [place, added] = by_key.try_emplace(key_of(job));
    if (added && (!last || is_due(place->first, period, *last, now))) {
      place->second = looks.size();
      looks.push_back({job.issuer, job.project_id, job.pipeline, {}});
    }
    if (!place->second) continue;
    auto& jobs = looks[*place->second].jobs;
    if (std::ranges::find(jobs, job.job) == jobs.end()) jobs.push_back(job.job);
  }
  return looks;
}

}  // namespace watchword::context
