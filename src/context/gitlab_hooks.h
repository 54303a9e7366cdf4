// The webhooks of a GitLab project or group, by its REST API: listed, made, mended
// (doc/api/{project,group}_webhooks.md).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "context/gitlab_hook.h"
#include "context/webhook_scope.h"
#include "http/fetch.h"

namespace watchword::context {

struct HookOwner {
  enum class Kind : std::uint8_t { project, group };
  Kind kind = Kind::project;
  std::string name;  // its path, or its id
  std::string to_text() const { return (kind == Kind::project ? "project " : "group ") + name; }
};

// Blocking. Errors: ci_unavailable, with what was asked, the status, GitLab's own words where it refuses a setting, and
// what to do about it; never with a token or secret.
class GitlabHooks {
 public:
  // `url`: the instance's origin. `token`: read_api and the role of a Maintainer (of a group: Owner) to list; api to
  // change.
  GitlabHooks(const std::string& url, Secret token, http::FetchOptions options, http::Fetcher& fetcher);

  Result<std::vector<GitlabHook>> list(const HookOwner& owner);
  Result<HookScope> scope_of(const HookOwner& owner);  // its id
  // The ids of all groups above the project. None: it is in none, or not shown to the token. For read_api.
  Result<std::vector<std::string>> groups_of(const std::string& project);
  // As GitLab shows it afterwards; what it did not take is an error.
  Result<GitlabHook> create(const HookOwner& owner, const WantedHook& wanted);
  // Sets all settings and secrets. A hook that GitLab has disabled is then tested with a push event, as it enables one
  // whose test succeeds, and has no other way.
  Result<GitlabHook> repair(const HookOwner& owner, const GitlabHook& hook, const WantedHook& wanted);

  struct TokenInfo {
    std::vector<std::string> scopes;  // empty: GitLab does not show them for this kind of token
    std::string expires;              // a date; empty: it does not, or it is not shown
  };
  Result<TokenInfo> token();

 private:
  Result<Json> ask(std::string method, const std::string& path, const Json& body = {});
  Result<http::FetchReply> send(http::FetchRequest request);
  Result<GitlabHook> fits(Result<Json> shown, const WantedHook& wanted, const std::string& path) const;

  const std::string api_;
  const Secret token_;
  const http::FetchOptions options_;
  http::Fetcher& fetcher_;
};

}  // namespace watchword::context
