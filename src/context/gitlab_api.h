// GitLab's REST API as the source of facts that no webhook brought (docs.gitlab.com/api): questions in, changes out.
#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/secret.h"
#include "context/event.h"
#include "context/gitlab_request.h"
#include "http/fetch.h"

namespace watchword::context {

// A fact that a decision lacked.
struct FactQuestion {
  std::string issuer, project_id, job, pipeline, ref, sha;  // of the asker
  std::string name;                                         // as of FactTable::find
  Json arguments;
  std::string key() const;  // the same for the same question
};

// Blocking: called from worker threads. Any thread.
class GitlabApi {
 public:
  // `url`: the instance's origin, the issuer's url. `token`: read_api is enough; empty: only own_job() can be asked.
  GitlabApi(std::string url, Secret token, http::FetchOptions options, http::Fetcher& fetcher);

  // What GitLab says to the question, as changes with `now` as their time where the answer names none. Empty: the
  // question is none that GitLab can answer (a freeze, an unknown job, what is no commit or branch name).
  // merged: the merge requests of the commit (a squash or merge commit counts for its source commit), then whether the
  // branch contains the commit. reverted: the same, and what the commits say that came onto the branch after it, by
  // git's graph and not by the dates that commits claim. mr, job_running, pipeline_status, deployment, protected: the
  // object itself; a merge request counts as approved when somebody has approved it and GitLab says that it is.
  // ci_unavailable with the status and what it was asked: unreachable, 401, 403, 404, 429, 5xx, an answer of the wrong
  // form, a list of more than a thousand. After 429 and 503 with Retry-After nothing is asked until then (at most five
  // minutes).
  Result<std::vector<Change>> ask(const FactQuestion& question, Time now);
  // All jobs of a pipeline, retried ones too (of more than a thousand the newest), and the pipeline, unless it has no
  // job: one or a few requests for many sessions.
  Result<std::vector<Change>> pipeline(const std::string& project_id, const std::string& pipeline, Time now);
  bool has_token() const { return !token_.empty(); }

  // The job whose CI_JOB_TOKEN this is (GET /job, docs.gitlab.com/api/jobs#get-job-tokens-job). Nothing: GitLab does
  // not take the token (401), as it does only while the job runs. ci_unavailable otherwise. A Retry-After to one job's
  // token holds back no other question.
  struct OwnJob {
    std::string project_id, job;
    std::vector<Change> changes;
  };
  Result<std::optional<OwnJob>> own_job(const Secret& job_token, Time now);

 private:
  struct Commit;  // on a branch: what merged and reverted ask about
  using Changes = Result<std::vector<Change>>;

  Changes merged(const FactQuestion& question, Time now);
  Changes reverted(const FactQuestion& question, Time now);
  Changes merge_request(const FactQuestion& question, Time now);
  Changes deployment(const FactQuestion& question, Time now);
  Changes protected_ref(const FactQuestion& question, Time now);
  Result<Commit> look_up(const FactQuestion& question, Time now);

  // `path`: after /api/v4/projects/.
  Result<Json> get(const std::string& path, Time now);
  Result<GitlabList> list(const std::string& path, Time now);
  Result<Json::Array> whole_list(const std::string& path, Time now);
  Result<http::FetchReply> send(const std::string& url, Time now);
  Status may_ask(Time now) const;

  const std::string projects_;  // the URL of /projects/
  const std::string own_job_;   // the URL of /job
  const Secret token_;
  const http::FetchOptions options_;
  http::Fetcher& fetcher_;
  mutable std::mutex mutex_;  // of the next
  Time not_before_{};
};

}  // namespace watchword::context
