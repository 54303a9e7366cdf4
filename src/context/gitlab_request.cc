// How GitLab is asked: one request, or the pages of a list.
#include "context/gitlab_request.h"

#include <algorithm>

#include "context/gitlab_api.h"

namespace watchword::context {
namespace {

constexpr std::size_t kPerPage = 100;  // GitLab gives no more
constexpr std::size_t kMaxPages = 10;
constexpr Duration kLongestWait = std::chrono::minutes(5);

}  // namespace

std::string gitlab_api(std::string url) {
  while (url.ends_with('/')) url.pop_back();
  return url + "/api/v4/";
}

std::unexpected<Error> gitlab_unavailable(std::string found, std::string expected, const std::string& url) {
  return fail(Reason::ci_unavailable, std::move(found), std::move(expected), url);
}

Result<Json> gitlab_document(const http::FetchReply& reply, const std::string& url, std::size_t max_bytes) {
  if (reply.status != 200 && reply.status != 201)
    return gitlab_unavailable("status " + std::to_string(reply.status), "200", url);
  if (reply.content_type != "application/json")
    return gitlab_unavailable("an answer of type '" + reply.content_type + "'", "application/json", url);
  auto json = parse_json(reply.body, {.max_bytes = max_bytes, .max_depth = 32});
  if (!json) return gitlab_unavailable(json.error().found, json.error().expected, url);
  return json;
}

Result<GitlabList> gitlab_list(const std::string& url, const std::string& pages_at, std::size_t max_bytes,
                               const AskGitlab& ask) {
  const std::string first =
      url + (url.find('?') == std::string::npos ? "?" : "&") + "per_page=" + std::to_string(kPerPage) + "&page=";
  std::string next = first + "1";
  GitlabList list;
  for (std::size_t page = 1; page <= kMaxPages; ++page) {
    WW_TRY(const http::FetchReply reply, ask(next));
    WW_TRY(const Json items, gitlab_document(reply, next, max_bytes));
    if (items.array_items() == nullptr) return gitlab_unavailable(std::string(items.type_name()), "a list", next);
    list.items.insert(list.items.end(), items.array_items()->begin(), items.array_items()->end());
    // A link to another origin was dropped (an instance that is asked by an inner name): a full page has a next one.
    const bool full = items.array_items()->size() >= kPerPage;
    list.complete = reply.next_page.empty() && !full;
    if (list.complete) break;
    next = reply.next_page.starts_with(pages_at) ? reply.next_page : first + std::to_string(page + 1);
  }
  return list;
}

Status GitlabApi::may_ask(Time now) const {
  const std::lock_guard lock(mutex_);
  // A clock that was set back must not make the wait longer.
  if (now >= not_before_ || not_before_ - now > kLongestWait) return {};
  return gitlab_unavailable("asked to wait until " + to_rfc3339(not_before_), "no limit of requests reached",
                            projects_);
}

Result<http::FetchReply> GitlabApi::send(const std::string& url, Time now) {
  WW_CHECK(may_ask(now));
  http::FetchRequest request{.url = url};
  request.headers.emplace_back("PRIVATE-TOKEN", token_.clone());
  auto reply = fetcher_.send(request, options_);
  if (!reply) return gitlab_unavailable(reply.error().found, reply.error().expected, url);
  if (reply->retry_after) {
    const std::lock_guard lock(mutex_);
    not_before_ = now + std::min<Duration>(*reply->retry_after, kLongestWait);
  }
  return reply;
}

Result<Json> GitlabApi::get(const std::string& path, Time now) {
  const std::string url = projects_ + path;
  WW_TRY(const http::FetchReply reply, send(url, now));
  return gitlab_document(reply, url, options_.max_bytes);
}

Result<GitlabList> GitlabApi::list(const std::string& path, Time now) {
  return gitlab_list(projects_ + path, projects_, options_.max_bytes,
                     [&](const std::string& url) { return send(url, now); });
}

Result<Json::Array> GitlabApi::whole_list(const std::string& path, Time now) {
  WW_TRY(GitlabList list, this->list(path, now));
  if (!list.complete)
    return gitlab_unavailable("a list of more than " + std::to_string(list.items.size()), "all of it", path);
  return std::move(list.items);
}

}  // namespace watchword::context
