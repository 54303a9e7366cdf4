#include "context/fact_table.h"

#include <algorithm>
#include <functional>
#include <mutex>

namespace watchword::context {
namespace {

// By what both of them say.
bool contradicts(const Json& said, const Json& known) {
  if (said.members() == nullptr || known.members() == nullptr) return said != known;
  return std::ranges::any_of(*said.members(), [&](const Json::Member& member) {
    const Json* other = known.find(member.first);
    return other != nullptr && other->array_items() == nullptr && *other != member.second;
  });
}

// A revert of what is not known as merged is not kept: whoever may push to some branch can write any number of them.
// That there was one is.
Statement without_unknown_revert(Statement statement, const ProjectFacts& facts, Time now, const FactLimits& limits) {
  auto& [kind, key, said] = statement;
  if (kind != FactKind::reverted && kind != FactKind::merged) return statement;
  const auto slash = key.rfind('/');
  const std::string branch = key.substr(0, slash), name = key.substr(slash + 1);
  if (kind == FactKind::merged) {
    // An event that comes so soon after may be late, and from before.
    if (!said.api && facts.missed_reverts(branch) + limits.max_age > now) said.noted = {};
    return statement;
  }
  const bool about_known = facts.has_merged(branch, name), full = facts.reverts() >= limits.per_project / 4;
  if (facts.find(kind, key) != nullptr || (about_known && !full)) return statement;
  // An answer that lists others' reverts shows all that concern the commit it was asked about, as of its own time.
  const Time until = !said.api ? now : about_known ? said.at : said.at - Duration(1);
  const bool place = !full || facts.find(FactKind::missed_revert, branch) != nullptr;
  return {FactKind::missed_revert,
          place ? branch : std::string(kAnyBranch),
          {.value = true, .at = until, .noted = {}, .api = said.api}};
}

}  // namespace

std::size_t FactTable::Hash::operator()(ProjectView key) const {
  const std::hash<std::string_view> hash;
  return hash(key.first) * 31 + hash(key.second);
}

FactTable::Shard& FactTable::shard(std::string_view issuer, std::string_view project_id) {
  return shards_[Hash()({issuer, project_id}) % kShards];
}

const FactTable::Shard& FactTable::shard(std::string_view issuer, std::string_view project_id) const {
  return shards_[Hash()({issuer, project_id}) % kShards];
}

FactTable::Projects::value_type& FactTable::project(Shard& shard, std::string_view issuer, std::string_view id) {
  auto found = shard.projects.find(ProjectView(issuer, id));
  if (found == shard.projects.end()) found = shard.projects.try_emplace(ProjectKey(issuer, id)).first;
  return *found;
}

bool FactTable::from_wrong_clock(Time learned, Time now) { return learned > now + std::chrono::minutes(1); }

bool FactTable::aged(Time learned, Time now, Duration limit) {
  return learned + limit < now || from_wrong_clock(learned, now);
}

void FactTable::put(Shard& shard, ProjectFacts& project, FactKind kind, std::string_view key, Known known) {
  if (project.put(kind, key, std::move(known))) {
    ++shard.size;
    ++size_;
  }
}

FactTable::Learned FactTable::apply(std::string_view issuer, const std::vector<Change>& changes,
                                    std::string_view source) {
  const Time now = clock_.now();
  Learned learned;
  for (const Change& change : changes) {
    Shard& place = shard(issuer, change.project_id);
    const std::unique_lock lock(place.mutex);
    auto& facts = project(place, issuer, change.project_id);
    if (source == "webhook") facts.second.last_event = now;
    for (auto& statement : statements(change, source == "api"))
      if (!learn(place, facts, std::move(statement), source, now, learned)) break;
  }
  // Afterwards, so that no row is both dropped and learned again.
  for (const Change& change : changes) {
    Shard& place = shard(issuer, change.project_id);
    const std::unique_lock lock(place.mutex);
    bound(place, project(place, issuer, change.project_id), Slack::some, now, learned.dropped);
    bound(place, Slack::some, now, learned.dropped);
  }
  return learned;
}

bool FactTable::learn(Shard& shard, Projects::value_type& project, Statement statement, std::string_view source,
                      Time now, Learned& learned) {
  statement = without_unknown_revert(std::move(statement), project.second, now, limits_);
  auto& [kind, key, said] = statement;
  const Known* known = project.second.find(kind, key);
  if (kind == FactKind::missed_revert && known != nullptr && known->at >= said.at) return true;
  const bool was_final = known != nullptr && is_final(kind, known->value);
  const bool was_aged = known != nullptr && !was_final && aged(known->learned, now);
  said.prevails = said.api && was_aged;
  if (said.api && known != nullptr && known->source == "webhook" && (said.prevails || said.at > known->at) &&
      contradicts(said.value, known->value))
    ++learned.disagreeing;
  auto next = supersede(kind, known, said);
  if (!next) return false;

  const bool differs =
      known == nullptr || known->value != next->value || (kind == FactKind::missed_revert && known->at != next->at);
  Known after{std::move(next->value), std::string(differs ? source : known->source), next->at, now, next->noted};
  if (!differs) {
    const Time shown = said.api ? now : std::min(said.at, now);
    after.learned = shown > known->learned || (said.api && was_aged) ? shown : known->learned;
  }
  const bool known_again = !differs && was_aged && !aged(after.learned, now);
  const bool noted_again = !differs && aged(known->noted, now) && !aged(after.noted, now);
  learned.changed = learned.changed || differs || known_again || noted_again;
  learned.rows.push_back(row_of(project.first, kind, key, after));
  put(shard, project.second, kind, key, std::move(after));
  return true;
}

std::optional<JobStatus> FactTable::job(std::string_view issuer, std::string_view project_id,
                                        std::string_view job) const {
  const Shard& place = shard(issuer, project_id);
  const std::shared_lock lock(place.mutex);
  const auto project = place.projects.find(ProjectView(issuer, project_id));
  if (project == place.projects.end()) return std::nullopt;
  const Known* known = project->second.find(FactKind::job, job);
  return known == nullptr ? std::nullopt : job_status(known->value);
}

bool FactTable::job_over(const Scope& scope) const {
  const auto status =
      job(scope.issuer, scope.job_project_id.empty() ? scope.project_id : scope.job_project_id, scope.job);
  return status && finished(*status);
}

std::vector<FactTable::Heard> FactTable::heard() const {
  std::vector<Heard> out;
  for (const Shard& place : shards_) {
    const std::shared_lock lock(place.mutex);
    for (const auto& [key, facts] : place.projects)
      if (facts.last_event != Time{}) out.push_back({key.first, key.second, facts.last_event});
  }
  return out;
}

}  // namespace watchword::context
