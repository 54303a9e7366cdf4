// A GitLab of a table, and its objects as the API's documents show them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.h"
#include "context/gitlab_api.h"

namespace watchword::context {

inline constexpr Time kAsked{std::chrono::seconds(1'790'000'000)};  // 2026-09-21T14:13:20Z
inline const std::string kBefore = "2026-09-21T14:00:00.000Z";
inline const std::string kProjects = "https://gitlab.example.com/api/v4/projects/";
inline const std::string kToken = "glpat-s3cret";
inline const std::string kSource(40, 'a'), kMerge(40, 'b'), kSquash(40, 'c'), kOther(40, 'd');

// Answers by what follows /projects/, or by "job TOKEN" to a job's own token, counts questions, and holds them back
// while the gate is shut. Any thread.
class FakeGitlab final : public http::Fetcher {
 public:
  Result<http::FetchReply> send(const http::FetchRequest& request, const http::FetchOptions&) override {
    std::unique_lock lock(mutex_);
    std::string path = request.url.starts_with(kProjects) ? request.url.substr(kProjects.size()) : request.url;
    for (const auto& [name, value] : request.headers) {
      token_sent_ = request.method == "GET" && name == "PRIVATE-TOKEN" && value.reveal() == kToken;
      if (name == "JOB-TOKEN" && path.ends_with("/api/v4/job")) path = "job " + std::string(value.reveal());
    }
    asked_.push_back(path);
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
    if (down_) return fail(Reason::issuer_unavailable, "Could not connect to server", {}, request.url);
    const auto found = replies_.find(path);
    return found == replies_.end() ? of_json(404, R"({"message":"404 Not found"})") : found->second;
  }

  static http::FetchReply of_json(int status, std::string body) {
    return {.status = status, .content_type = "application/json", .max_age = std::nullopt, .body = std::move(body)};
  }
  void set(const std::string& path, http::FetchReply reply) {
    const std::lock_guard lock(mutex_);
    replies_.insert_or_assign(path, std::move(reply));
  }
  void set(const std::string& path, const Json& body) { set(path, of_json(200, body.dump())); }
  void set_list(const std::string& path, Json::Array items) {
    set(path + (path.contains('?') ? "&" : "?") + "per_page=100&page=1", Json(std::move(items)));
  }
  void go_down(bool down) {
    const std::lock_guard lock(mutex_);
    down_ = down;
  }
  void gate(bool open) {
    const std::lock_guard lock(mutex_);
    open_ = open;
    changed_.notify_all();
  }
  void wait_until_asked(std::size_t times) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return asked_.size() >= times; });
  }
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  bool token_sent() const { return token_sent_; }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, http::FetchReply> replies_;
  std::vector<std::string> asked_;
  bool open_ = true, down_ = false;
  std::atomic<bool> token_sent_ = false;
};

inline Json job_json(int id, int pipeline, std::string_view status, std::string_view finished_at = {}) {
  auto job = Json::object({{"id", id},
                           {"name", "deploy-prod"},
                           {"status", status},
                           {"created_at", "2026-09-21T13:50:00.000Z"},
                           {"started_at", "2026-09-21T14:00:00.000+00:00"},
                           {"finished_at", nullptr},
                           {"pipeline", Json::object({{"id", pipeline}, {"project_id", 42}, {"status", "running"}})}});
  if (!finished_at.empty()) job.set("finished_at", finished_at);
  return job;
}

inline Json merge_request_json(int iid, std::string_view target, std::string_view state) {
  auto request = Json::object({{"id", 1000 + iid},
                               {"iid", iid},
                               {"project_id", 42},
                               {"state", state},
                               {"source_branch", "feature"},
                               {"target_branch", target},
                               {"sha", kSource},
                               {"merge_commit_sha", nullptr},
                               {"squash_commit_sha", nullptr},
                               {"draft", false},
                               {"updated_at", "2026-09-21T14:05:00.000Z"},
                               {"merged_at", nullptr}});
  if (state == "merged") request.set("merge_commit_sha", kMerge).set("merged_at", kBefore);
  return request;
}

inline Json commit_json(std::string_view id, std::string_view message) {
  return Json::object({{"id", id}, {"message", message}, {"committed_date", kBefore}});
}

}  // namespace watchword::context
