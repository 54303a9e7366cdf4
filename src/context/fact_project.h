// The facts of one project, by kind and key. Not synchronised: a shard of the fact table holds the lock.
#pragma once

#include <array>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "context/fact_rules.h"

namespace watchword::context {

class ProjectFacts {
 public:
  const Known* find(FactKind kind, std::string_view key) const;
  // The newest merge request into `target` whose head is `sha`.
  const Known* merge_request(std::string_view target, std::string_view sha) const;
  // A commit, or a merge request ("!7"), that is known to have been merged into the branch.
  bool has_merged(std::string_view branch, std::string_view name) const;
  // Until when a revert on the branch may have been missed. Epoch: none was.
  Time missed_reverts(std::string_view branch) const;
  std::size_t reverts() const;                                 // facts about them
  bool put(FactKind kind, std::string_view key, Known known);  // true: there was none before
  void erase(FactKind kind, std::string_view key);
  void each(const std::function<void(FactKind, const std::string& key, const Known&)>& visit) const;
  std::size_t size() const;

  Time last_event{};  // by webhook; epoch: never

 private:
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  using Facts = std::unordered_map<std::string, Known, Hash, std::equal_to<>>;

  std::array<Facts, kFactKinds> facts_;
  std::set<std::pair<std::string, std::uint64_t>> heads_;  // commit_key() of a merge request's head and target; iid
};

}  // namespace watchword::context
