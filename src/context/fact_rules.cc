#include "context/fact_rules.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>

#include "context/fact_rules_mr.h"

namespace watchword::context {
namespace {

constexpr std::array<std::string_view, kFactKinds> kNames{"job",      "pipeline",   "mr",        "merged",
                                                          "reverted", "deployment", "protected", "missed_revert"};

Next taken(const Said& said) { return {said.value, said.at, said.noted}; }
Next kept(const Known& known) { return {known.value, known.at, known.noted}; }
std::optional<Next> kept_if_same(const Known& known, const Said& said) {
  if (known.value != said.value) return std::nullopt;
  return kept(known);
}

constexpr int kEnd = 9;
// The steps of pipelines and deployments; what GitLab names besides counts as under way.
int rank(std::string_view status) {
  static constexpr std::array<std::string_view, 7> kBefore{
      "created", "waiting_for_resource", "preparing", "waiting_for_callback", "pending", "scheduled", "blocked"};
  static constexpr std::array<std::string_view, 4> kFinished{"success", "failed", "canceled", "skipped"};
  if (const auto at = std::ranges::find(kBefore, status); at != kBefore.end())
    return static_cast<int>(at - kBefore.begin());
  return std::ranges::find(kFinished, status) != kFinished.end() ? kEnd : kEnd - 1;
}

std::optional<Next> job(const Known& known, const Said& said) {
  const auto was = job_status(known.value).value_or(JobStatus::pending);
  const auto is = job_status(said.value).value_or(JobStatus::pending);
  const auto step = [](JobStatus status) { return std::min(status, JobStatus::success); };
  if (step(is) > step(was)) return taken(said);
  if (step(is) < step(was)) return std::nullopt;
  Next next = kept(known);
  if (known.value.find("pipeline") == nullptr && said.value.find("pipeline") != nullptr)
    next.value.set("pipeline", *said.value.find("pipeline"));
  if (is == was) next.at = std::min(known.at, said.at);
  return next;
}

std::optional<Next> pipeline(const Known& known, const Said& said) {
  const int was = rank(*known.value.string()), is = rank(*said.value.string());
  if (said.prevails || std::tie(said.at, is) > std::tie(known.at, was)) return taken(said);
  return kept_if_same(known, said);
}

std::optional<Next> merged(const Known& known, const Said& said) {
  const bool was = is_true(known.value, "merged"), is = is_true(said.value, "merged");
  if (was && !is) return std::nullopt;
  if (is && !was) return taken(said);
  if (!is) return said.prevails || said.at > known.at ? taken(said) : kept(known);
  Next next{known.value, std::min(known.at, said.at), std::max(known.noted, said.noted)};
  Json::Array commits;
  for (const Json* value : {&known.value, &said.value})
    if (const Json* some = value->find("commits"))
      commits.insert(commits.end(), some->array_items()->begin(), some->array_items()->end());
  std::ranges::sort(commits, {}, [](const Json& commit) { return *commit.string(); });
  commits.erase(std::unique(commits.begin(), commits.end()), commits.end());
  if (commits.size() > kMaxNames || is_true(said.value, "more")) next.value.set("more", true);
  commits.resize(std::min(commits.size(), kMaxNames));
  if (!commits.empty()) next.value.set("commits", std::move(commits));
  return next;
}

std::optional<Next> reverted(const Known& known, const Said& said) {
  return Next{known.value, std::min(known.at, said.at), known.noted};
}

std::optional<Next> missed_revert(const Known& known, const Said& said) {
  return Next{known.value, std::max(known.at, said.at), known.noted};
}

// By id, where both say one; of one deployment, its end stays.
std::optional<Next> deployment(const Known& known, const Said& said) {
  const auto order = [&](const Json& value, Time at) {
    const bool both = known.value.find("deployment") != nullptr && said.value.find("deployment") != nullptr;
    const int step = rank(value.string_or("status", ""));
    return std::tuple(both ? id_number(value.string_or("deployment", "")) : 0, both && step == kEnd, at, step,
                      value.dump());
  };
  if (said.prevails || order(said.value, said.at) > order(known.value, known.at)) return taken(said);
  return kept_if_same(known, said);
}

std::optional<Next> protected_ref(const Known& known, const Said& said) {
  const bool stricter = !*said.value.boolean() && *known.value.boolean();  // among those of one moment
  if (said.prevails || said.at > known.at || (said.at == known.at && stricter)) return taken(said);
  return kept_if_same(known, said);
}

bool object(const Json& value) { return value.members() != nullptr; }
bool text(const Json& value) { return value.string() != nullptr; }
bool boolean(const Json& value) { return value.boolean() != nullptr; }
bool never(const Json&) { return false; }
bool always(const Json&) { return true; }
bool job_final(const Json& value) { return finished(job_status(value).value_or(JobStatus::pending)); }
bool mr_final(const Json& value) { return value.string_or("state", "") == "merged"; }
bool merged_final(const Json& value) { return is_true(value, "merged"); }

struct Rule {
  std::optional<Next> (*supersede)(const Known&, const Said&);
  bool (*is_of)(const Json& value);
  bool (*is_final)(const Json& value);
};

constexpr std::array<Rule, kFactKinds> kRules{{
    {job, object, job_final},
    {pipeline, text, never},
    {supersede_mr, object, mr_final},
    {merged, object, merged_final},
    {reverted, boolean, always},
    {deployment, object, never},
    {protected_ref, boolean, never},
    {missed_revert, boolean, always},
}};

const Rule& rule(FactKind kind) { return kRules[static_cast<std::size_t>(kind)]; }

}  // namespace

std::string_view name(FactKind kind) { return kNames[static_cast<std::size_t>(kind)]; }

std::optional<FactKind> fact_kind(std::string_view name) {
  const auto at = std::ranges::find(kNames, name);
  if (at == kNames.end()) return std::nullopt;
  return static_cast<FactKind>(at - kNames.begin());
}

std::string commit_key(std::string_view branch, std::string_view sha) {
  std::string key;
  key.reserve(branch.size() + 1 + sha.size());
  return key.append(branch).append("/").append(sha);
}

std::uint64_t id_number(std::string_view id) {
  std::uint64_t number = 0;
  const char* const begin = id.data();
  const auto read = std::from_chars(begin, begin + id.size(), number);
  return read.ec == std::errc() && read.ptr == begin + id.size() ? number : 0;
}

std::optional<Next> supersede(FactKind kind, const Known* known, const Said& said) {
  if (known == nullptr) return taken(said);
  return rule(kind).supersede(*known, said);
}

bool is_of(FactKind kind, const Json& value) { return rule(kind).is_of(value); }

bool is_final(FactKind kind, const Json& value) { return rule(kind).is_final(value); }

std::optional<JobStatus> job_status(const Json& value) {
  const auto status = value.string_or("status", "");
  for (int i = 0; i <= static_cast<int>(JobStatus::canceled); ++i)
    if (name(static_cast<JobStatus>(i)) == status) return static_cast<JobStatus>(i);
  return std::nullopt;
}

Json without(const Json& object, std::string_view key) {
  Json out = Json::object();
  for (const auto& [name, member] : *object.members())
    if (name != key) out.set(name, member);
  return out;
}

bool is_true(const Json& object, std::string_view key) {
  const Json* value = object.find(key);
  return value != nullptr && value->boolean() != nullptr && *value->boolean();
}

}  // namespace watchword::context
