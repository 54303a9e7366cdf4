// Which facts the fact table forgets.
#include <algorithm>
#include <mutex>

#include "context/fact_table.h"

namespace watchword::context {
namespace {

template <class Project>
struct Candidate {
  bool spared;
  Time learned;
  Project* project;
  FactKind kind;
  const std::string* key;
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
  for (auto* project : among)
    project->second.each([&](FactKind kind, const std::string& key, const Known& known) {
      const Time learned = from_wrong_clock(known.learned, now) ? Time::min() : known.learned;
      const bool spared =
          kind == FactKind::job && is_final(kind, known.value) && learned > now - std::chrono::hours(24);
      all.push_back({spared, learned, project, kind, &key});
    });
  const auto older = [](const auto& a, const auto& b) {
    return std::tie(a.spared, a.learned) < std::tie(b.spared, b.learned);
  };
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(count);
  std::ranges::nth_element(all, end, older);
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
