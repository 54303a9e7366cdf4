#include "context/gitlab_api.h"

#include <algorithm>
#include <utility>

#include "context/gitlab_answers.h"
#include "context/gitlab_fields.h"
#include "http/uri.h"

namespace watchword::context {
namespace {

bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 20 && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// Not what would be read as a range of commits, or as another path.
bool is_ref_name(std::string_view text) {
  return !text.empty() && text.size() <= GitlabFields::kMaxName && !text.starts_with('-') &&
         text.find("..") == std::string_view::npos;
}

// An answer of the wrong form is the CI system's trouble, not an event's.
template <class T>
Result<T> understood(Result<T> answer, const std::string& what) {
  if (answer) return answer;
  const Error& error = answer.error();
  return gitlab_unavailable(error.where + ": " + error.found, error.expected, what);
}

template <class T>
std::vector<Change> one(const FactQuestion& question, Time at, T what) {
  return {{question.project_id, at, std::move(what)}};
}

std::string commit_path(const FactQuestion& question, const std::string& sha) {
  return question.project_id + "/repository/commits/" + sha;
}

}  // namespace

std::string FactQuestion::key() const {
  Json of = Json::array();
  of.push(issuer).push(project_id).push(name).push(arguments);
  if (name == "mr") of.push(sha);
  if (name == "job_running") of.push(job);
  if (name == "pipeline_status") of.push(pipeline);
  return of.dump();
}

// Whether the commit that is asked about is on its branch, and what that was learned from.
struct GitlabApi::Commit {
  std::string branch, sha;
  bool merged = false;
  Time since;
  std::string arrived_as;  // the commit that came onto the branch with it: merge or squash commit, or itself
  std::vector<Change> learned;
};

GitlabApi::GitlabApi(std::string url, Secret token, http::FetchOptions options, http::Fetcher& fetcher)
    : projects_(gitlab_api(url) + "projects/"),
      own_job_(gitlab_api(std::move(url)) + "job"),
      token_(std::move(token)),
      options_(std::move(options)),
      fetcher_(fetcher) {}

Result<std::vector<Change>> GitlabApi::ask(const FactQuestion& question, Time now) {
  const AnswerOf of{question.project_id, now};
  if (!is_id(question.project_id)) return std::vector<Change>();
  if (question.name == "merged") return merged(question, now);
  if (question.name == "reverted") return reverted(question, now);
  if (question.name == "mr") return merge_request(question, now);
  if (question.name == "deployment") return deployment(question, now);
  if (question.name == "protected") return protected_ref(question, now);
  if (question.name == "job_running" && is_id(question.job)) {
    const std::string path = question.project_id + "/jobs/" + question.job;
    WW_TRY(const Json job, get(path, now));
    return understood(job_answer(job, of), path);
  }
  if (question.name == "pipeline_status" && is_id(question.pipeline)) {
    const std::string path = question.project_id + "/pipelines/" + question.pipeline;
    WW_TRY(const Json pipeline, get(path, now));
    WW_TRY(Change change, understood(pipeline_answer(pipeline, of), path));
    return std::vector{std::move(change)};
  }
  return std::vector<Change>();
}

Result<std::vector<Change>> GitlabApi::pipeline(const std::string& project_id, const std::string& pipeline, Time now) {
  if (!is_id(project_id) || !is_id(pipeline)) return std::vector<Change>();
  const std::string path = project_id + "/pipelines/" + pipeline + "/jobs?include_retried=true";
  WW_TRY(const GitlabList jobs, list(path, now));
  return understood(jobs_answer(jobs.items, {project_id, now}), path);
}

Result<std::optional<GitlabApi::OwnJob>> GitlabApi::own_job(const Secret& job_token, Time now) {
  WW_CHECK(may_ask(now));
  http::FetchRequest request{.url = own_job_};
  request.headers.emplace_back("JOB-TOKEN", job_token.clone());
  const auto reply = fetcher_.send(request, options_);
  if (!reply) return gitlab_unavailable(reply.error().found, reply.error().expected, own_job_);
  // GitLab's own 401, not that of a proxy before it.
  if (reply->status == 401 && reply->content_type == "application/json") return std::nullopt;
  WW_TRY(const Json said, gitlab_document(*reply, own_job_, options_.max_bytes));
  const auto read = [&]() -> Result<OwnJob> {
    OwnJob own;
    WW_TRY(const GitlabFields fields, GitlabFields::of(said, ""));
    WW_TRY(own.job, fields.id("id"));
    WW_TRY(const GitlabFields pipeline, fields.object("pipeline"));
    WW_TRY(own.project_id, pipeline.id("project_id"));
    WW_TRY(own.changes, job_answer(said, {own.project_id, now}));
    return own;
  };
  WW_TRY(OwnJob own, understood(read(), own_job_));
  return own;
}

Result<GitlabApi::Commit> GitlabApi::look_up(const FactQuestion& question, Time now) {
  Commit commit{.branch = std::string(question.arguments.string_or("into", "")),
                .sha = std::string(question.arguments.string_or("sha", "")),
                .since = now,
                .arrived_as = {},
                .learned = {}};
  commit.arrived_as = commit.sha;
  if (!is_commit_id(commit.sha) || !is_ref_name(commit.branch)) return commit;
  const std::string path = commit_path(question, commit.sha);
  WW_TRY(const auto list, whole_list(path + "/merge_requests", now));
  WW_TRY(auto requests, understood(merge_requests_answer(list, {question.project_id, now}), path + "/merge_requests"));
  for (auto& [request, at] : requests) {
    const bool about = commit.sha == request.source_sha || commit.sha == request.merge_commit_sha ||
                       commit.sha == request.squash_commit_sha;
    if (about && request.state == "merged" && request.target_branch == commit.branch) {
      commit.merged = true;
      commit.since = at;
      for (const auto& made : {request.squash_commit_sha, request.merge_commit_sha})
        if (!made.empty()) commit.arrived_as = made;
    }
    commit.learned.push_back({question.project_id, at, std::move(request)});
  }
  if (!commit.merged) {
    WW_TRY(const auto refs, whole_list(path + "/refs?type=branch", now));
    WW_TRY(const auto branches, understood(branches_answer(refs), path + "/refs"));
    commit.merged = std::ranges::find(branches, commit.branch) != branches.end();
  }
  commit.learned.push_back({question.project_id, commit.since, MergedAnswer{commit.branch, commit.sha, commit.merged}});
  return commit;
}

Result<std::vector<Change>> GitlabApi::merged(const FactQuestion& question, Time now) {
  WW_TRY(Commit commit, look_up(question, now));
  return std::move(commit.learned);
}

Result<std::vector<Change>> GitlabApi::reverted(const FactQuestion& question, Time now) {
  WW_TRY(Commit commit, look_up(question, now));
  if (!commit.merged) return std::move(commit.learned);
  const std::string path = question.project_id + "/repository/commits?ref_name=" +
                           http::percent_encode(commit.arrived_as + ".." + commit.branch);
  WW_TRY(const auto list, whole_list(path, now));
  WW_TRY(Pushed after, understood(commits_answer(list, commit.branch), path));
  after.commits = {commit.sha};  // those after it are nobody's question, and may be a thousand
  commit.learned.push_back({question.project_id, now, std::move(after)});
  return std::move(commit.learned);
}

Result<std::vector<Change>> GitlabApi::merge_request(const FactQuestion& question, Time now) {
  const auto target = question.arguments.string_or("target", "");
  const std::string sha(question.arguments.string_or("sha", question.sha));  // without an argument: the asker's
  if (!is_commit_id(sha)) return std::vector<Change>();
  const std::string path = commit_path(question, sha) + "/merge_requests";
  WW_TRY(const auto list, whole_list(path, now));
  WW_TRY(auto requests, understood(merge_requests_answer(list, {question.project_id, now}), path));
  std::erase_if(requests, [&](const MergeRequestAnswer& request) {
    return request.change.target_branch != target || request.change.source_sha != sha;
  });
  if (requests.empty()) return std::vector<Change>();
  const auto order = [](const MergeRequestAnswer& request) {
    return std::pair(request.change.iid.size(), request.change.iid);
  };
  auto& [newest, at] = *std::ranges::max_element(requests, {}, order);
  const std::string approvals = question.project_id + "/merge_requests/" + newest.iid + "/approvals";
  WW_TRY(const Json said, get(approvals, now));
  WW_TRY(newest.approved, understood(approved_answer(said), approvals));
  return one(question, at, std::move(newest));
}

Result<std::vector<Change>> GitlabApi::deployment(const FactQuestion& question, Time now) {
  const std::string environment(question.arguments.string_or("environment", ""));
  if (environment.empty()) return std::vector<Change>();
  const std::string path = question.project_id + "/deployments?order_by=id&sort=desc&per_page=1&environment=" +
                           http::percent_encode(environment);
  WW_TRY(const Json newest, get(path, now));
  if (newest.array_items() == nullptr) return gitlab_unavailable(std::string(newest.type_name()), "a list", path);
  return understood(deployments_answer(*newest.array_items(), environment, {question.project_id, now}), path);
}

Result<std::vector<Change>> GitlabApi::protected_ref(const FactQuestion& question, Time now) {
  const std::string branch(question.arguments.string_or("ref", ""));
  if (!is_ref_name(branch)) return std::vector<Change>();
  const std::string path = question.project_id + "/repository/branches/" + http::percent_encode(branch);
  WW_TRY(const Json said, get(path, now));
  WW_TRY(Pushed pushed, understood(branch_answer(said, branch), path));
  return one(question, now, std::move(pushed));
}

}  // namespace watchword::context
