// Questions of conditions, mapped to facts.
#include <algorithm>
#include <mutex>

#include "context/fact_table.h"

namespace watchword::context {
namespace {

struct Asked {
  const ProjectFacts& facts;
  const Scope& scope;
  const Json& arguments;
  std::string_view text(std::string_view name) const { return arguments.string_or(name, ""); }
};

// What answers; a null known is no answer. What is final or was shown within max_age counts.
struct Answer {
  const Known* known = nullptr;
  Json value{};
  bool final = false;
  Time shown{};
};

Answer as_it_is(FactKind kind, const Known* known) {
  if (known == nullptr) return {};
  return {known, known->value, is_final(kind, known->value), known->learned};
}

Answer merged(const Asked& asked) {
  const Known* known = asked.facts.find(FactKind::merged, commit_key(asked.text("into"), asked.text("sha")));
  if (known == nullptr) return {};
  const bool merged = is_true(known->value, "merged");
  return {known, merged, merged, known->learned};
}

const Known* revert_of(const ProjectFacts& facts, std::string_view into, const std::string& sha) {
  return facts.find(FactKind::reverted, commit_key(into, sha));
}

Answer reverted(const Asked& asked) {
  const auto into = asked.text("into");
  const std::string sha(asked.text("sha"));
  const Known* revert = revert_of(asked.facts, into, sha);
  const Known* merge = asked.facts.find(FactKind::merged, commit_key(into, sha));
  const Json* commits = merge == nullptr ? nullptr : merge->value.find("commits");
  if (commits != nullptr)
    for (const Json& commit : *commits->array_items())
      if (revert == nullptr) revert = revert_of(asked.facts, into, *commit.string());
  if (revert != nullptr) return {revert, true, true};
  if (merge == nullptr || !is_true(merge->value, "merged") || is_true(merge->value, "more")) return {};
  if (merge->noted <= asked.facts.missed_reverts(into)) return {};
  return {merge, false, false, merge->noted};
}

Answer mr(const Asked& asked) {
  const auto sha = asked.arguments.string_or("sha", asked.scope.sha);
  return as_it_is(FactKind::mr, asked.facts.merge_request(asked.text("target"), sha));
}

Answer job_running(const Asked& asked) {
  const Known* known = asked.facts.find(FactKind::job, asked.scope.job);
  Answer answer = as_it_is(FactKind::job, known);
  if (known != nullptr) answer.value = job_status(known->value) == JobStatus::running;
  return answer;
}

Answer pipeline_status(const Asked& asked) {
  return as_it_is(FactKind::pipeline, asked.facts.find(FactKind::pipeline, asked.scope.pipeline));
}

Answer deployment(const Asked& asked) {
  return as_it_is(FactKind::deployment, asked.facts.find(FactKind::deployment, asked.text("environment")));
}

Answer protected_ref(const Asked& asked) {
  return as_it_is(FactKind::protected_ref, asked.facts.find(FactKind::protected_ref, asked.text("ref")));
}

struct Question {
  std::string_view name;
  Answer (*answer)(const Asked&);
};
constexpr std::array<Question, 7> kQuestions{{{"merged", merged},
                                              {"reverted", reverted},
                                              {"mr", mr},
                                              {"job_running", job_running},
                                              {"pipeline_status", pipeline_status},
                                              {"deployment", deployment},
                                              {"protected", protected_ref}}};

}  // namespace

std::optional<Fact> FactTable::find(const Scope& scope, std::string_view name, const Json& arguments) const {
  const Time now = clock_.now();
  if (name == "frozen") return freezes_.frozen(scope, arguments.string_or("environment", ""), now);
  const auto question = std::ranges::find(kQuestions, name, &Question::name);
  if (question == kQuestions.end()) return std::nullopt;

  const auto project_id = about_job(name) && !scope.job_project_id.empty() ? scope.job_project_id : scope.project_id;
  const Shard& place = shard(scope.issuer, project_id);
  const std::shared_lock lock(place.mutex);
  const auto project = place.projects.find(ProjectView(scope.issuer, project_id));
  if (project == place.projects.end()) return std::nullopt;
  Answer answer = question->answer({project->second, scope, arguments});
  const bool past_limit = !answer.final && aged(answer.shown, now);
  if (answer.known == nullptr || (past_limit && aged(answer.shown, now, scope.accept))) return std::nullopt;
  return Fact{std::move(answer.value), answer.known->source, answer.known->at, {}, past_limit};
}

}  // namespace watchword::context
