// Objects of GitLab's REST API (docs.gitlab.com/api) as changes. Sans-I/O. Errors: event_malformed, with the member's
// path, for what is not the object that was asked for.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "context/event.h"

namespace watchword::context {

// `asked`: when it was asked for; stands in where an object does not say since when it is so, and a time after it
// counts as `asked`.
struct AnswerOf {
  std::string project_id;
  Time asked;
};

// The job, unless in a state that is not known here, and its pipeline.
Result<std::vector<Change>> job_answer(const Json& job, const AnswerOf& of);
// All jobs of a list, and their pipeline once.
Result<std::vector<Change>> jobs_answer(const Json::Array& jobs, const AnswerOf& of);

Result<Change> pipeline_answer(const Json& pipeline, const AnswerOf& of);

struct MergeRequestAnswer {
  MergeRequestChange change;
  Time at;  // of the merge, where it is merged; otherwise of its last change
};
// Those of the project itself: a commit's merge requests may be other projects'.
Result<std::vector<MergeRequestAnswer>> merge_requests_answer(const Json::Array& list, const AnswerOf& of);
// GitLab's word, where somebody did approve: what needs no approval is not approved by that.
Result<std::optional<bool>> approved_answer(const Json& approvals);

Result<std::vector<Change>> deployments_answer(const Json::Array& list, const std::string& environment,
                                               const AnswerOf& of);
// Commits that are on the branch, and what they revert.
Result<Pushed> commits_answer(const Json::Array& list, const std::string& branch);
Result<Pushed> branch_answer(const Json& branch, const std::string& name);  // protected or not, and its head
Result<std::vector<std::string>> branches_answer(const Json::Array& refs);  // of /commits/:sha/refs

}  // namespace watchword::context
