// What a CI system said has changed, whichever way it said it: webhook or API. Plain values, made by a profile's parser
// (gitlab_event.h, gitlab_api.h) and applied to the facts (fact_table.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"

namespace watchword::context {

// In the order in which a job passes them; the last three are final: a retried job is a new job. A job that was skipped
// is pending, as it may yet run under the same id.
enum class JobStatus : std::uint8_t { pending, running, success, failed, canceled };
std::string_view name(JobStatus status);
inline bool finished(JobStatus status) { return status >= JobStatus::success; }

// Ids are decimal strings, as in GitLab's ID tokens. Empty: not said.
struct JobChange {
  std::string job, pipeline;
  JobStatus status = JobStatus::pending;
};

struct PipelineChange {
  std::string pipeline;
  std::string status;  // as GitLab names it: "running", "success", ...
};

struct MergeRequestChange {
  std::string iid, target_branch, source_branch;
  std::string state;             // "opened", "closed", "locked", "merged"
  std::string source_sha;        // head of the source branch
  std::string merge_commit_sha;  // what the merge made on the target branch: merge or squash commit; may be empty
  std::string squash_commit_sha;
  bool draft = false;
  std::optional<bool> approved;  // said by approval events and the API only
  bool merging = false;          // it tells of the merge as it came about, with its time; not of a later change
};

// The commits are on the branch now.
struct Pushed {
  std::string branch;
  std::vector<std::string> commits;  // those that the event lists, and the branch's new head
  // What these say they revert: commits, by id ("This reverts commit <sha>."), and merge requests, as "!7" ("This
  // reverts merge request !7").
  std::vector<std::string> reverted;
  std::optional<bool> ref_protected;
};

struct DeploymentChange {
  std::string environment, deployment, status;  // status as GitLab names it
  std::string sha, ref, job;
};

// The answer to a question about one commit, as only the API gives it.
struct MergedAnswer {
  std::string branch, sha;
  bool merged = false;
};

struct Change {
  std::string project_id;
  Time at;  // when it came about, by the CI system's clock; when it was received, where the event says nothing
  std::variant<JobChange, PipelineChange, MergeRequestChange, Pushed, DeploymentChange, MergedAnswer> what;
};

}  // namespace watchword::context
