#include "context/gitlab_answers.h"

#include <algorithm>
#include <utility>

#include "context/gitlab_fields.h"
#include "context/gitlab_words.h"

namespace watchword::context {
namespace {

Time since(std::optional<Time> said, const AnswerOf& of) { return said ? std::min(*said, of.asked) : of.asked; }

Result<GitlabFields> item(const Json::Array& list, std::size_t i) {
  return GitlabFields::of(list[i], "[" + std::to_string(i) + "]");
}

struct Job {
  std::optional<Change> job;
  Change pipeline;
};

Result<Job> job_of(const GitlabFields& fields, const AnswerOf& of) {
  JobChange job;
  WW_TRY(job.job, fields.id("id"));
  WW_TRY(const std::string status, fields.name("status"));
  WW_TRY(const auto created, fields.maybe_time("created_at"));
  WW_TRY(const auto started, fields.maybe_time("started_at"));
  WW_TRY(const auto ended, fields.maybe_time("finished_at"));
  WW_TRY(const GitlabFields of_pipeline, fields.object("pipeline"));
  PipelineChange pipeline;
  WW_TRY(pipeline.pipeline, of_pipeline.id("id"));
  WW_TRY(pipeline.status, of_pipeline.name("status"));
  WW_TRY(const auto updated, of_pipeline.maybe_time("updated_at"));
  job.pipeline = pipeline.pipeline;
  Job answer{std::nullopt, {of.project_id, since(updated, of), std::move(pipeline)}};
  const auto known = gitlab_job_status(status);
  if (!known) return answer;
  job.status = *known;
  const Time at = since(finished(*known) ? ended : std::max(created, started), of);
  answer.job = Change{of.project_id, at, std::move(job)};
  return answer;
}

// A draft was called a work in progress before GitLab 13.2.
Result<bool> draft_of(const GitlabFields& fields) {
  WW_TRY(const auto draft, fields.maybe_flag("draft"));
  WW_TRY(const auto work_in_progress, fields.maybe_flag("work_in_progress"));
  return draft.value_or(work_in_progress.value_or(false));
}

Result<MergeRequestAnswer> merge_request_of(const GitlabFields& fields, const AnswerOf& of) {
  MergeRequestAnswer answer;
  WW_TRY(answer.change.iid, fields.id("iid"));
  WW_TRY(answer.change.target_branch, fields.name("target_branch"));
  WW_TRY(answer.change.source_branch, fields.name("source_branch"));
  WW_TRY(answer.change.state, fields.name("state"));
  WW_TRY(answer.change.source_sha, fields.maybe_commit("sha"));
  WW_TRY(answer.change.merge_commit_sha, fields.maybe_commit("merge_commit_sha"));
  WW_TRY(answer.change.squash_commit_sha, fields.maybe_commit("squash_commit_sha"));
  WW_TRY(answer.change.draft, draft_of(fields));
  WW_TRY(const auto updated, fields.maybe_time("updated_at"));
  WW_TRY(const auto merged, fields.maybe_time("merged_at"));
  // What changes after the merge, such as a comment, would claim that nothing had reverted it until then.
  answer.change.merging = answer.change.state == "merged" && merged;
  answer.at = since(answer.change.merging ? merged : updated, of);
  return answer;
}

}  // namespace

Result<std::vector<Change>> job_answer(const Json& job, const AnswerOf& of) {
  WW_TRY(const GitlabFields fields, GitlabFields::of(job, ""));
  WW_TRY(Job answer, job_of(fields, of));
  std::vector<Change> changes{std::move(answer.pipeline)};
  if (answer.job) changes.push_back(*std::move(answer.job));
  return changes;
}

Result<std::vector<Change>> jobs_answer(const Json::Array& jobs, const AnswerOf& of) {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    WW_TRY(const GitlabFields fields, item(jobs, i));
    WW_TRY(Job answer, job_of(fields, of));
    if (i == 0) changes.push_back(std::move(answer.pipeline));
    if (answer.job) changes.push_back(*std::move(answer.job));
  }
  return changes;
}

Result<Change> pipeline_answer(const Json& pipeline, const AnswerOf& of) {
  WW_TRY(const GitlabFields fields, GitlabFields::of(pipeline, ""));
  PipelineChange change;
  WW_TRY(change.pipeline, fields.id("id"));
  WW_TRY(change.status, fields.name("status"));
  WW_TRY(const auto updated, fields.maybe_time("updated_at"));
  return Change{of.project_id, since(updated, of), std::move(change)};
}

Result<std::vector<MergeRequestAnswer>> merge_requests_answer(const Json::Array& list, const AnswerOf& of) {
  std::vector<MergeRequestAnswer> answers;
  for (std::size_t i = 0; i < list.size(); ++i) {
    WW_TRY(const GitlabFields fields, item(list, i));
    WW_TRY(const std::string project, fields.id("project_id"));
    WW_TRY(auto answer, merge_request_of(fields, of));
    if (project == of.project_id) answers.push_back(std::move(answer));
  }
  return answers;
}

Result<std::optional<bool>> approved_answer(const Json& approvals) {
  WW_TRY(const GitlabFields fields, GitlabFields::of(approvals, ""));
  WW_TRY(const auto approved, fields.maybe_flag("approved"));
  WW_TRY(const Json::Array* by, fields.maybe_list("approved_by"));
  if (!approved) return std::nullopt;
  return *approved && !by->empty();
}

Result<std::vector<Change>> deployments_answer(const Json::Array& list, const std::string& environment,
                                               const AnswerOf& of) {
  std::vector<Change> changes;
  for (std::size_t i = 0; i < list.size(); ++i) {
    WW_TRY(const GitlabFields fields, item(list, i));
    WW_TRY(const GitlabFields where, fields.object("environment"));
    WW_TRY(const auto deployable, fields.maybe_object("deployable"));
    DeploymentChange change;
    WW_TRY(change.environment, where.name("name"));
    if (change.environment != environment) return where.wrong("name", change.environment, environment);
    WW_TRY(change.deployment, fields.id("id"));
    WW_TRY(change.status, fields.name("status"));
    WW_TRY(change.sha, fields.commit("sha"));
    WW_TRY(change.ref, fields.name("ref"));
    if (deployable) {
      WW_TRY(change.job, deployable->id("id"));
    }
    WW_TRY(const auto updated, fields.maybe_time("updated_at"));
    changes.push_back({of.project_id, since(updated, of), std::move(change)});
  }
  return changes;
}

Result<Pushed> commits_answer(const Json::Array& list, const std::string& branch) {
  Pushed pushed{branch, {}, {}, std::nullopt};
  for (std::size_t i = 0; i < list.size(); ++i) {
    WW_TRY(const GitlabFields fields, item(list, i));
    WW_TRY(pushed.commits.emplace_back(), fields.commit("id"));
    WW_TRY(const std::string_view message, fields.maybe_text("message"));
    add_reverted(message, pushed.reverted);
  }
  return pushed;
}

Result<Pushed> branch_answer(const Json& branch, const std::string& name) {
  WW_TRY(const GitlabFields fields, GitlabFields::of(branch, ""));
  WW_TRY(const std::string said, fields.name("name"));
  if (said != name) return fields.wrong("name", said, name);
  Pushed pushed{name, {}, {}, std::nullopt};
  WW_TRY(const GitlabFields head, fields.object("commit"));
  WW_TRY(pushed.commits.emplace_back(), head.commit("id"));
  WW_TRY(pushed.ref_protected, fields.maybe_flag("protected"));
  return pushed;
}

Result<std::vector<std::string>> branches_answer(const Json::Array& refs) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < refs.size(); ++i) {
    WW_TRY(const GitlabFields fields, item(refs, i));
    WW_TRY(const std::string type, fields.name("type"));
    WW_TRY(std::string name, fields.name("name"));
    if (type == "branch") names.push_back(std::move(name));
  }
  return names;
}

}  // namespace watchword::context
