// The checks of doctor about an issuer's CI system: its API and its events.
#include <algorithm>
#include <memory>

#include "base/file.h"
#include "cli/doctor.h"

namespace watchword::cli {
namespace {

bool reads(const std::vector<std::string>& scopes) {
  return scopes.empty() ||
         std::ranges::any_of(scopes, [](const std::string& scope) { return scope == "api" || scope == "read_api"; });
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// What is wrong with the API as the gate sees it.
std::optional<Error> trouble_of_gate(const Json* said) {
  const Json* api = said != nullptr ? said->find("api") : nullptr;
  const Json* trouble = api != nullptr ? api->find("trouble") : nullptr;
  if (trouble == nullptr) return std::nullopt;
  const auto text = [&](std::string_view key) { return std::string(trouble->string_or(key, "")); };
  return Error{Reason::ci_unavailable, "at the gate's last question " + text("found"), text("expected"), text("where"),
               text("fix")};
}

std::optional<Error> trouble_of_token(const LiveSource& source, const context::GitlabHooks::TokenInfo& info) {
  if (reads(info.scopes)) return std::nullopt;
  return Error{Reason::ci_unavailable, "a token with the scopes " + joined(info.scopes), "read_api", source.url,
               "make a token with the scope read_api"};
}

// The client, while the API answers the token.
std::unique_ptr<context::GitlabHooks> check_api(const LiveSource& source, const Json* said, http::Fetcher& fetcher,
                                                Checks& checks) {
  auto& check = checks.emplace_back("api " + source.issuer);
  auto token = resolve_secret(source.api_token);
  if (!token) {
    check.trouble = std::move(token).error();
    return nullptr;
  }
  auto api = std::make_unique<context::GitlabHooks>(source.url, *std::move(token), source.fetch, fetcher);
  const auto info = api->token();
  if (!info) {
    check.trouble = info.error();
    return nullptr;
  }
  check.trouble = trouble_of_token(source, *info);
  if (!check.trouble) check.trouble = trouble_of_gate(said);
  check.detail = "answers, scopes " + (info->scopes.empty() ? "not shown" : joined(info->scopes)) +
                 (info->expires.empty() ? "" : ", token until " + info->expires);
  const Json* asked = said != nullptr ? said->find("api") : nullptr;
  if (const std::string* last = asked != nullptr ? asked->find_string("last_answer") : nullptr)
    check.detail += ", last answer to the gate " + *last;
  return api;
}

std::string names_of_silent(const Json& hooks) {
  constexpr std::size_t kNamed = 5;
  std::string text;
  std::size_t count = 0;
  if (const Json* projects = hooks.find("projects"); projects != nullptr && projects->array_items() != nullptr)
    for (const Json& one : *projects->array_items())
      if (holds(one, "silent") && count++ < kNamed)
        text += (text.empty() ? ", such as " : ", ") + std::string(one.string_or("path", one.string_or("id", "")));
  return text;
}

void check_events(const LiveSource& source, const Json* said, Checks& checks) {
  const Json* hooks = said != nullptr ? said->find("hooks") : nullptr;
  if (hooks == nullptr) return;  // the check of the gate says why
  auto& check = checks.emplace_back("events " + source.issuer);
  const auto* silent = hooks->find_integer("silent");
  const auto* disagreeing = hooks->find_integer("disagreeing");
  check.detail = "last " + std::string(hooks->string_or("last_event", "none yet")) +
                 ", facts that the API contradicted: " + std::to_string(disagreeing != nullptr ? *disagreeing : 0);
  if (silent == nullptr || *silent == 0) return;
  check.trouble =
      Error{Reason::ci_unavailable,
            "silent projects with open sessions: " + std::to_string(*silent) + names_of_silent(*hooks),
            "events of each",
            {},
            "see the checks of their hooks; what a lost event said is asked of the API, where api_token is set"};
}

}  // namespace

void check_gitlab(const Config& config, const DoctorOptions& options, const GateSays& gate, http::Fetcher& fetcher,
                  Checks& checks) {
  for (const auto& source : config.live_sources) {
    const Json* said = gate.of_issuer(source.issuer);
    std::unique_ptr<context::GitlabHooks> api;
    if (!source.api_token.empty()) api = check_api(source, said, fetcher, checks);
    if (source.webhook_secrets.empty()) continue;
    check_events(source, said, checks);
    check_hooks(config, source, options, said, api.get(), checks);
  }
}

}  // namespace watchword::cli
