#include "context/fact_project.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace watchword::context {
namespace {

std::size_t index(FactKind kind) { return static_cast<std::size_t>(kind); }

std::pair<std::string, std::uint64_t> head(const Json& mr) {
  return {commit_key(mr.string_or("target_branch", ""), mr.string_or("sha", "")), id_number(mr.string_or("iid", ""))};
}

}  // namespace

const Known* ProjectFacts::find(FactKind kind, std::string_view key) const {
  const Facts& facts = facts_[index(kind)];
  const auto found = facts.find(key);
  return found == facts.end() ? nullptr : &found->second;
}

const Known* ProjectFacts::merge_request(std::string_view target, std::string_view sha) const {
  const auto key = commit_key(target, sha);
  auto after = heads_.upper_bound({key, std::numeric_limits<std::uint64_t>::max()});
  if (after == heads_.begin() || std::prev(after)->first != key) return nullptr;
  return find(FactKind::mr, std::to_string(std::prev(after)->second));
}

bool ProjectFacts::has_merged(std::string_view branch, std::string_view name) const {
  if (const Known* commit = find(FactKind::merged, commit_key(branch, name))) return is_true(commit->value, "merged");
  if (!name.starts_with('!')) return false;
  const Known* request = find(FactKind::mr, name.substr(1));
  return request != nullptr && request->value.string_or("state", "") == "merged" &&
         request->value.string_or("target_branch", "") == branch;
}

Time ProjectFacts::missed_reverts(std::string_view branch) const {
  Time until{};
  for (const std::string_view key : {branch, kAnyBranch})
    if (const Known* missed = find(FactKind::missed_revert, key)) until = std::max(until, missed->at);
  return until;
}

std::size_t ProjectFacts::reverts() const {
  return facts_[index(FactKind::reverted)].size() + facts_[index(FactKind::missed_revert)].size();
}

bool ProjectFacts::put(FactKind kind, std::string_view key, Known known) {
  Facts& facts = facts_[index(kind)];
  const auto found = facts.find(key);
  if (kind == FactKind::mr) {
    if (found != facts.end()) heads_.erase(head(found->second.value));
    if (!known.value.string_or("sha", "").empty()) heads_.insert(head(known.value));  // whose source is gone has none
  }
  if (found == facts.end()) return facts.emplace(key, std::move(known)).second;
  found->second = std::move(known);
  return false;
}

void ProjectFacts::erase(FactKind kind, std::string_view key) {
  Facts& facts = facts_[index(kind)];
  const auto found = facts.find(key);
  if (found == facts.end()) return;
  if (kind == FactKind::mr) heads_.erase(head(found->second.value));
  facts.erase(found);
}

void ProjectFacts::each(const std::function<void(FactKind, const std::string&, const Known&)>& visit) const {
  for (std::size_t i = 0; i < facts_.size(); ++i)
    for (const auto& [key, known] : facts_[i]) visit(static_cast<FactKind>(i), key, known);
}

std::size_t ProjectFacts::size() const {
  std::size_t size = 0;
  for (const Facts& facts : facts_) size += facts.size();
  return size;
}

}  // namespace watchword::context
