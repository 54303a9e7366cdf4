// The shapes are those of GitLab's lib/gitlab/data_builder and lib/gitlab/hook_data.
#include "context/gitlab_event.h"

#include <algorithm>
#include <functional>
#include <iterator>
#include <utility>

#include "base/json.h"
#include "context/gitlab_fields.h"
#include "context/gitlab_words.h"

namespace watchword::context {
namespace {

using Changes = std::vector<Change>;

constexpr JsonLimits kLimits{.max_bytes = kMaxGitlabEvent, .max_depth = 32};
constexpr std::size_t kMaxCommits = 100;    // of a push, the newest
constexpr std::size_t kMaxReverted = 1000;  // that their messages name, likewise
constexpr std::size_t kMaxBuilds = 500;     // of a pipeline, likewise

Time came_about(std::optional<Time> said, Time received) { return said ? std::min(*said, received) : received; }

// The same project may be named in up to three places; where they disagree, the document is none of GitLab's.
Result<std::string> project_of(const GitlabFields& event, const GitlabFields* attributes = nullptr) {
  WW_TRY(std::string id, event.maybe_id("project_id"));
  const auto agree = [&id](const GitlabFields& fields, std::string_view key) -> Status {
    WW_TRY(std::string other, fields.maybe_id(key));
    if (!id.empty() && !other.empty() && id != other)
      return fields.wrong(key, other, id + ", as elsewhere in the event");
    if (id.empty()) id = std::move(other);
    return {};
  };
  WW_TRY(const auto project, event.maybe_object("project"));
  if (project) WW_CHECK(agree(*project, "id"));
  if (attributes != nullptr) WW_CHECK(agree(*attributes, "target_project_id"));
  if (id.empty()) return event.wrong("project.id", "nothing", "the project's id");
  return id;
}

Status add_commits(const GitlabFields& event, Pushed& pushed) {
  WW_TRY(const Json::Array* list, event.maybe_list("commits"));
  for (std::size_t i = 0; i < list->size(); ++i) {  // oldest first
    WW_TRY(const GitlabFields commit, GitlabFields::of((*list)[i], "commits[" + std::to_string(i) + "]"));
    WW_TRY(std::string id, commit.commit("id"));
    WW_TRY(const std::string_view message, commit.maybe_text("message"));
    if (list->size() - i > kMaxCommits) continue;
    pushed.commits.push_back(std::move(id));
    add_reverted(message, pushed.reverted);
  }
  if (pushed.reverted.size() > kMaxReverted)
    pushed.reverted.erase(pushed.reverted.begin(), pushed.reverted.end() - kMaxReverted);
  return {};
}

Result<Changes> parse_push(const GitlabFields& event, Time received) {
  constexpr std::string_view kBranches = "refs/heads/";
  WW_TRY(std::string project, project_of(event));
  WW_TRY(const std::string ref, event.name("ref"));
  WW_TRY(std::string head, event.commit("after"));
  Pushed pushed;
  WW_CHECK(add_commits(event, pushed));
  WW_TRY(pushed.ref_protected, event.maybe_flag("ref_protected"));
  if (!ref.starts_with("refs/")) return event.wrong_text("ref", ref, "a full ref, such as refs/heads/main");
  pushed.branch = ref.starts_with(kBranches) ? ref.substr(kBranches.size()) : "";
  const bool deleted = head.find_first_not_of('0') == std::string::npos;
  if (pushed.branch.empty() || deleted) return Changes();
  if (std::ranges::find(pushed.commits, head) == pushed.commits.end()) pushed.commits.push_back(std::move(head));
  return Changes{{std::move(project), received, std::move(pushed)}};
}

// "approval" and "unapproval" are one person's, of which the merge request may need several.
std::optional<bool> approved_by(std::string_view action) {
  if (action == "approved") return true;
  if (action == "unapproved") return false;
  return std::nullopt;
}

Result<Changes> parse_merge_request(const GitlabFields& event, Time received) {
  WW_TRY(const GitlabFields attributes, event.object("object_attributes"));
  WW_TRY(std::string project, project_of(event, &attributes));
  MergeRequestChange change;
  WW_TRY(change.iid, attributes.id("iid"));
  WW_TRY(change.target_branch, attributes.name("target_branch"));
  WW_TRY(change.source_branch, attributes.name("source_branch"));
  WW_TRY(change.state, attributes.name("state"));
  WW_TRY(const auto last_commit, attributes.maybe_object("last_commit"));
  if (last_commit) {
    WW_TRY(change.source_sha, last_commit->commit("id"));
  }
  WW_TRY(change.merge_commit_sha, attributes.maybe_commit("merge_commit_sha"));
  WW_TRY(change.squash_commit_sha, attributes.maybe_commit("squash_commit_sha"));
  WW_TRY(const auto draft, attributes.maybe_flag("draft"));
  WW_TRY(const auto work_in_progress, attributes.maybe_flag("work_in_progress"));  // its name before GitLab 13.2
  change.draft = draft.value_or(work_in_progress.value_or(false));
  WW_TRY(const std::string_view action, attributes.maybe_text("action"));
  change.approved = approved_by(action);
  change.merging = action == "merge";
  WW_TRY(const auto updated, attributes.maybe_time("updated_at"));
  return Changes{{std::move(project), came_about(updated, received), std::move(change)}};
}

// A job, and the newest time that is said of it. `prefix`: "build_" in job events, nothing among a pipeline's builds.
struct Job {
  JobChange change;
  bool known = true;  // its status
  std::optional<Time> newest, finished;

  Time at(Time received) const {
    return came_about(watchword::context::finished(change.status) ? finished : newest, received);
  }
};

Result<Job> job_of(const GitlabFields& fields, const std::string& prefix) {
  Job job;
  WW_TRY(job.change.job, fields.id(prefix + "id"));
  WW_TRY(const std::string status, fields.name(prefix + "status"));
  WW_TRY(const auto created, fields.maybe_time(prefix + "created_at"));
  WW_TRY(const auto started, fields.maybe_time(prefix + "started_at"));
  WW_TRY(job.finished, fields.maybe_time(prefix + "finished_at"));
  job.newest = std::max({created, started, job.finished});
  const auto known = gitlab_job_status(status);
  job.known = known.has_value();
  job.change.status = known.value_or(JobStatus::pending);
  return job;
}

Result<Changes> parse_build(const GitlabFields& event, Time received) {
  WW_TRY(std::string project, project_of(event));
  WW_TRY(Job job, job_of(event, "build_"));
  WW_TRY(job.change.pipeline, event.id("pipeline_id"));  // commit.id is the same, in spite of its name
  if (!job.known) return Changes();
  const Time at = job.at(received);
  return Changes{{std::move(project), at, std::move(job.change)}};
}

// Ids grow; a longer one is a higher one.
void keep_newest(Changes& jobs) {
  if (jobs.size() <= kMaxBuilds) return;
  std::ranges::nth_element(jobs, jobs.begin() + kMaxBuilds, std::ranges::greater(), [](const Change& change) {
    const std::string& id = std::get<JobChange>(change.what).job;
    return std::pair(id.size(), std::string_view(id));
  });
  jobs.erase(jobs.begin() + kMaxBuilds, jobs.end());
}

Result<Changes> parse_pipeline(const GitlabFields& event, Time received) {
  WW_TRY(const std::string project, project_of(event));
  WW_TRY(const GitlabFields attributes, event.object("object_attributes"));
  PipelineChange pipeline;
  WW_TRY(pipeline.pipeline, attributes.id("id"));
  WW_TRY(pipeline.status, attributes.name("status"));
  WW_TRY(const auto created, attributes.maybe_time("created_at"));
  WW_TRY(const auto finished, attributes.maybe_time("finished_at"));
  auto newest = std::max(created, finished);
  Changes jobs;
  WW_TRY(const Json::Array* builds, event.maybe_list("builds"));
  for (std::size_t i = 0; i < builds->size(); ++i) {
    WW_TRY(const GitlabFields build, GitlabFields::of((*builds)[i], "builds[" + std::to_string(i) + "]"));
    WW_TRY(Job job, job_of(build, ""));
    newest = std::max(newest, job.newest);
    job.change.pipeline = pipeline.pipeline;
    const Time at = job.at(received);
    if (job.known) jobs.push_back({project, at, std::move(job.change)});
  }
  keep_newest(jobs);
  Changes changes{{project, came_about(newest, received), std::move(pipeline)}};
  std::ranges::move(jobs, std::back_inserter(changes));
  return changes;
}

// The whole commit id is only in the URL; short_sha is its beginning.
Result<std::string> deployed_commit(const GitlabFields& event) {
  WW_TRY(const std::string_view url, event.maybe_text("commit_url"));
  WW_TRY(const std::string_view short_sha, event.maybe_text("short_sha"));
  if (url.empty()) return std::string();
  const std::string_view sha = url.substr(url.rfind('/') + 1);
  if (!is_commit_id(sha) || !sha.starts_with(short_sha))
    return event.wrong_text("commit_url", url, "a URL that ends in the commit of short_sha");
  return std::string(sha);
}

Result<Changes> parse_deployment(const GitlabFields& event, Time received) {
  WW_TRY(std::string project, project_of(event));
  DeploymentChange change;
  WW_TRY(change.environment, event.name("environment"));
  WW_TRY(change.deployment, event.maybe_id("deployment_id"));
  WW_TRY(change.status, event.name("status"));
  WW_TRY(change.sha, deployed_commit(event));
  WW_TRY(change.ref, event.maybe_name("ref"));
  WW_TRY(change.job, event.maybe_id("deployable_id"));  // none when deployed by the API
  WW_TRY(const auto changed, event.maybe_time("status_changed_at"));
  return Changes{{std::move(project), came_about(changed, received), std::move(change)}};
}

using Parse = Result<Changes> (*)(const GitlabFields&, Time);
constexpr std::pair<std::string_view, Parse> kKinds[] = {{"push", parse_push},
                                                         {"merge_request", parse_merge_request},
                                                         {"build", parse_build},
                                                         {"pipeline", parse_pipeline},
                                                         {"deployment", parse_deployment}};

Result<std::string> kind_of(const GitlabFields& event) {
  WW_TRY(std::string kind, event.maybe_name("object_kind"));
  if (!kind.empty()) return kind;
  WW_TRY(std::string name, event.maybe_name("event_name"));
  if (name.empty()) return event.wrong("object_kind", "nothing", "the event's kind, here or in event_name");
  return name;
}

}  // namespace

Result<Changes> parse_gitlab_event(std::string_view body, Time received) {
  const auto document = parse_json(body, kLimits);
  if (!document) return fail(Reason::event_malformed, document.error().found, document.error().expected);
  WW_TRY(const GitlabFields event, GitlabFields::of(*document, ""));
  WW_TRY(const std::string kind, kind_of(event));
  const auto known = std::ranges::find(kKinds, kind, &std::pair<std::string_view, Parse>::first);
  return known == std::ranges::end(kKinds) ? Changes() : known->second(event, received);
}

}  // namespace watchword::context
