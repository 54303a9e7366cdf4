#include "context/gitlab_hooks.h"

#include <algorithm>
#include <utility>

#include "context/gitlab_fields.h"
#include "context/gitlab_request.h"
#include "http/uri.h"

namespace watchword::context {
namespace {

std::string owner_path(const HookOwner& owner) {
  return (owner.kind == HookOwner::Kind::project ? "projects/" : "groups/") + http::percent_encode(owner.name);
}

std::string hooks_path(const HookOwner& owner) { return owner_path(owner) + "/hooks"; }

Result<std::string> id_in(const Json& shown, const std::string& url) {
  const auto fields = GitlabFields::of(shown, "");
  auto id = fields ? fields->id("id") : Result<std::string>(std::unexpected(fields.error()));
  if (!id) return gitlab_unavailable("id: " + id.error().found, id.error().expected, url);
  return id;
}

std::string fix_for(int status) {
  switch (status) {
    case 401:
      return "the token is not valid, has expired or is not this instance's: give another";
    case 403:
      return "give a token with the scope api and the role Maintainer in the project, or Owner in the group";
    case 404:
      return "check the path; GitLab answers so too where the token may not see it, and for hooks of groups without "
             "Premium";
    case 429:
      return "GitLab limits how often this is asked: try again in a minute";
    default:
      return {};
  }
}

// Of the errors that name a setting.
std::string words_of(const http::FetchReply& reply) {
  constexpr std::size_t kShown = 300;
  if (reply.status != 400 && reply.status != 422) return {};
  const auto body = parse_json(reply.body);
  if (!body) return {};
  const Json* said = body->find("message");
  if (said == nullptr) said = body->find("error");
  return said == nullptr ? std::string() : ": " + said->dump().substr(0, kShown);
}

Status accepted(const http::FetchReply& reply, const std::string& url) {
  if (reply.status == 200 || reply.status == 201) return {};
  return std::unexpected(Error{Reason::ci_unavailable, "status " + std::to_string(reply.status) + words_of(reply),
                               "200 or 201", url, fix_for(reply.status)});
}

Result<std::vector<GitlabHook>> understood(const Json::Array& list, const std::string& url) {
  std::vector<GitlabHook> hooks;
  for (const Json& one : list) {
    auto hook = parse_gitlab_hook(one);
    if (!hook) return gitlab_unavailable(hook.error().where + ": " + hook.error().found, hook.error().expected, url);
    hooks.push_back(*std::move(hook));
  }
  return hooks;
}

}  // namespace

GitlabHooks::GitlabHooks(const std::string& url, Secret token, http::FetchOptions options, http::Fetcher& fetcher)
    : api_(gitlab_api(url)), token_(std::move(token)), options_(std::move(options)), fetcher_(fetcher) {}

Result<http::FetchReply> GitlabHooks::send(http::FetchRequest request) {
  request.headers.emplace_back("PRIVATE-TOKEN", token_.clone());
  auto reply = fetcher_.send(request, options_);
  wipe(request.body);
  if (!reply) return gitlab_unavailable(reply.error().found, reply.error().expected, request.url);
  return reply;
}

Result<Json> GitlabHooks::ask(std::string method, const std::string& path, const Json& body) {
  const std::string url = api_ + path;
  WW_TRY(const auto reply,
         send({.method = std::move(method), .url = url, .headers = {}, .body = body.is_null() ? "" : body.dump()}));
  WW_CHECK(accepted(reply, url));
  return gitlab_document(reply, url, options_.max_bytes);
}

Result<std::vector<GitlabHook>> GitlabHooks::list(const HookOwner& owner) {
  const std::string url = api_ + hooks_path(owner);
  const auto page = [&](const std::string& at) -> Result<http::FetchReply> {
    WW_TRY(auto reply, send({.url = at}));
    WW_CHECK(accepted(reply, at));
    return reply;
  };
  WW_TRY(const GitlabList list, gitlab_list(url, api_, options_.max_bytes, page));
  if (!list.complete)
    return gitlab_unavailable("more than " + std::to_string(list.items.size()) + " hooks", "all of them", url);
  return understood(list.items, url);
}

Result<HookScope> GitlabHooks::scope_of(const HookOwner& owner) {
  WW_TRY(const Json shown, ask("GET", owner_path(owner)));
  WW_TRY(std::string id, id_in(shown, api_ + owner_path(owner)));
  return HookScope{owner.kind == HookOwner::Kind::project ? HookScope::Kind::project : HookScope::Kind::group,
                   std::move(id)};
}

Result<std::vector<std::string>> GitlabHooks::groups_of(const std::string& project) {
  const std::string url = api_ + "projects/" + http::percent_encode(project) + "/groups?with_shared=false";
  bool hidden = false;
  const auto page = [&](const std::string& at) {
    auto reply = send({.url = at});
    hidden = hidden || (reply && reply->status == 404);
    return reply;
  };
  const auto list = gitlab_list(url, api_, options_.max_bytes, page);
  if (hidden) return std::vector<std::string>();
  if (!list) return std::unexpected(list.error());
  std::vector<std::string> ids;
  for (const Json& group : list->items) {
    WW_TRY(std::string id, id_in(group, url));
    ids.push_back(std::move(id));
  }
  return ids;
}

// What GitLab shows after a change: a setting that it does not know, it passes over in silence.
Result<GitlabHook> GitlabHooks::fits(Result<Json> shown, const WantedHook& wanted, const std::string& path) const {
  if (!shown) return std::unexpected(std::move(shown).error());
  WW_TRY(auto hooks, understood({*std::move(shown)}, api_ + path));
  GitlabHook& hook = hooks.front();
  if (!wanted.signing_token.empty() && wanted.token.empty() && !hook.signing_token)
    return std::unexpected(Error{Reason::ci_unavailable, "a GitLab that knows no signing tokens", "GitLab 19.0",
                                 api_ + path, "configure a token that does not begin with whsec_ as webhook_secret"});
  if (const auto left = drift(hook, wanted); !left.empty())
    return gitlab_unavailable("after the change still " + left.front().setting + " " + left.front().found,
                              left.front().wanted, api_ + path);
  return std::move(hook);
}

Result<GitlabHook> GitlabHooks::create(const HookOwner& owner, const WantedHook& wanted) {
  const std::string path = hooks_path(owner);
  return fits(ask("POST", path, hook_settings(wanted, nullptr)), wanted, path);
}

Result<GitlabHook> GitlabHooks::repair(const HookOwner& owner, const GitlabHook& hook, const WantedHook& wanted) {
  const std::string path = hooks_path(owner) + "/" + hook.id;
  auto changed = ask("PUT", path, hook_settings(wanted, &hook));
  if (!changed || !hook.disabled()) return fits(std::move(changed), wanted, path);
  if (auto tested = ask("POST", path + "/test/push_events"); !tested) {
    auto error = std::move(tested).error();
    if (error.fix.empty())
      error.fix = "GitLab enables the hook when a test of it succeeds: check that it reaches " + wanted.url;
    return std::unexpected(std::move(error));
  }
  return fits(ask("GET", path), wanted, path);
}

Result<GitlabHooks::TokenInfo> GitlabHooks::token() {
  const std::string url = api_ + "personal_access_tokens/self";
  WW_TRY(const auto reply, send({.url = url}));
  // Other tokens than personal ones have no such page; that they are good, any other page tells.
  if (reply.status == 403 || reply.status == 404) {
    WW_CHECK(ask("GET", "version"));
    return TokenInfo{};
  }
  WW_CHECK(accepted(reply, url));
  WW_TRY(const Json shown, gitlab_document(reply, url, options_.max_bytes));
  TokenInfo info{{}, std::string(shown.string_or("expires_at", ""))};
  if (const Json* scopes = shown.find("scopes"); scopes != nullptr && scopes->array_items() != nullptr)
    for (const Json& scope : *scopes->array_items())
      if (scope.string() != nullptr) info.scopes.push_back(*scope.string());
  return info;
}

}  // namespace watchword::context
