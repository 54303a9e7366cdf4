// What the clients of GitLab's REST API share: where it is, and what an answer must be.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include "base/json.h"
#include "base/result.h"
#include "http/fetch.h"

namespace watchword::context {

std::string gitlab_api(std::string url);  // of an instance's origin: https://gitlab.example.com/api/v4/

std::unexpected<Error> gitlab_unavailable(std::string found, std::string expected, const std::string& url);

// The document of a 200, or of a 201 to what was made; ci_unavailable for anything else.
Result<Json> gitlab_document(const http::FetchReply& reply, const std::string& url, std::size_t max_bytes);

// A list, page by page, at most a thousand items (complete: that was all). `url`: of the list. `pages_at`: a link that
// does not begin so is not followed. `ask`: one request.
struct GitlabList {
  Json::Array items;
  bool complete = false;
};
using AskGitlab = std::function<Result<http::FetchReply>(const std::string& url)>;
Result<GitlabList> gitlab_list(const std::string& url, const std::string& pages_at, std::size_t max_bytes,
                               const AskGitlab& ask);

}  // namespace watchword::context
