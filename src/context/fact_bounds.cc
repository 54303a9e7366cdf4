// Which facts the fact table forgets.
#include <algorithm>
#include <mutex>

#include "context/fact_table.h"

namespace watchword::context {
namespace {

enum class Worth : std::uint8_t { plain, revert, job };

// A revert outlives the merge that it takes back, and the end of a job the ID tokens that the job has.
Worth worth_of(FactKind kind, const Known& known, Time now) {
  if (kind == FactKind::job && is_final(kind, known.value) && known.learned > now - std::chrono::hours(24))
    return Worth::job;
  return kind == FactKind::reverted || kind == FactKind::missed_revert ? Worth::revert : Worth::plain;
}

template <class Project>
struct Candidate {
  Worth worth;
  Time learned;
  Project* project;
  FactKind kind;
  const std::string* key;
  std::size_t left = 0;  // facts that the project has when it is this one's turn
};

}  // namespace

void FactTable::drop(Shard& shard, Projects::value_type& project, FactKind kind, const std::string& key,
                     std::vector<store::FactRow>& dropped) {
  dropped.push_back(row_of(project.first, kind, key, *project.second.find(kind, key)));
  project.second.erase(kind, key);
  --shard.size;
  --size_;
}

void FactTable::drop_old(Shard& shard, Projects::value_type& project, Time now, std::vector<store::FactRow>& dropped) {
  std::vector<std::pair<FactKind, const std::string*>> old;
  project.second.each([&](FactKind kind, const std::string& key, const Known& known) {
    if (known.learned + limits_.keep <= now) old.emplace_back(kind, &key);
  });
  for (const auto& [kind, key] : old) drop(shard, project, kind, *key, dropped);
}

void FactTable::drop_oldest(Shard& shard, std::span<Projects::value_type* const> among, std::size_t count, Time now,
                            std::vector<store::FactRow>& dropped) {
  std::vector<Candidate<Projects::value_type>> all;
  for (auto* project : among) {
    const auto first = static_cast<std::ptrdiff_t>(all.size());
    project->second.each([&](FactKind kind, const std::string& key, const Known& known) {
      const Time learned = from_wrong_clock(known.learned, now) ? Time::min() : known.learned;
      all.push_back({worth_of(kind, known, now), learned, project, kind, &key});
    });
    std::sort(all.begin() + first, all.end(),
              [](const auto& a, const auto& b) { return std::tie(a.worth, a.learned) < std::tie(b.worth, b.learned); });
    std::size_t left = project->second.size();
    for (auto one = all.begin() + first; one != all.end(); ++one) one->left = left--;
  }
  const auto sooner = [](const auto& a, const auto& b) {
    const bool a_job = a.worth == Worth::job, b_job = b.worth == Worth::job;
    return std::tie(a_job, b.left, a.learned) < std::tie(b_job, a.left, b.learned);
  };
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(count);
  std::ranges::nth_element(all, end, sooner);
  std::for_each(all.begin(), end, [&](const auto& old) { drop(shard, *old.project, old.kind, *old.key, dropped); });
}

void FactTable::bound(Shard& shard, Projects::value_type& project, Slack slack, Time now,
                      std::vector<store::FactRow>& dropped) {
  const std::size_t limit = limits_.per_project, over = slack == Slack::some ? limit / 8 : 0;
  if (project.second.size() > limit + over)
    drop_oldest(shard, std::array{&project}, project.second.size() - limit, now, dropped);
}

void FactTable::bound(Shard& shard, Slack slack, Time now, std::vector<store::FactRow>& dropped) {
  const std::size_t limit = std::max<std::size_t>(limits_.total / kShards, 1),
                    over = slack == Slack::some ? limit / 8 : 0;
  if (shard.size <= limit + over) return;
  std::vector<Projects::value_type*> all;
  for (auto& project : shard.projects) all.push_back(&project);
  drop_oldest(shard, all, shard.size - limit, now, dropped);
  std::erase_if(shard.projects, [](const auto& project) { return project.second.size() == 0; });
}

std::vector<store::FactRow> FactTable::sweep(Time now) {
  std::vector<store::FactRow> dropped = freezes_.sweep(now);
  for (Shard& place : shards_) {
    const std::unique_lock lock(place.mutex);
    for (auto& project : place.projects) {
      drop_old(place, project, now, dropped);
      bound(place, project, Slack::none, now, dropped);
    }
    std::erase_if(place.projects, [](const auto& project) { return project.second.size() == 0; });
    bound(place, Slack::none, now, dropped);
  }
  return dropped;
}

}  // namespace watchword::context
