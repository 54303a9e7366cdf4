#include "context/webhook_scope.h"

#include <algorithm>

#include "base/encoding.h"
#include "context/webhook_digest.h"

namespace watchword::context {
namespace {

constexpr std::string_view kProjects = "/projects/", kGroups = "/groups/";
// No signed delivery begins so: its id has no line break.
constexpr std::string_view kLabel = "watchword-hook-v1\n";

crypto::Sha256 mac_of(const Secret& master, std::string_view kind, const HookScope& scope, std::string_view issuer) {
  HmacSha256 mac(master);
  const std::string_view of = scope.kind == HookScope::Kind::project ? "projects" : "groups";
  for (const std::string_view part :
       {kLabel, kind, std::string_view("\n"), of, std::string_view("\n"), std::string_view(scope.id),
        std::string_view("\n"), issuer})  // the issuer last, as it alone may hold anything
    mac.add(part);
  return mac.finish();
}

}  // namespace

bool is_gitlab_id(std::string_view text) {
  constexpr std::string_view kHighest = "9223372036854775807";
  const bool digits = std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!digits || text.empty() || text.front() == '0') return false;
  return text.size() < kHighest.size() || (text.size() == kHighest.size() && text <= kHighest);
}

std::optional<HookScope> HookScope::from_path(std::string_view path) {
  if (path.empty()) return HookScope{};
  for (const auto& [prefix, kind] : {std::pair(kProjects, Kind::project), {kGroups, Kind::group}})
    if (path.starts_with(prefix) && is_gitlab_id(path.substr(prefix.size())))
      return HookScope{kind, std::string(path.substr(prefix.size()))};
  return std::nullopt;
}

std::string HookScope::to_path() const {
  if (kind == Kind::issuer) return {};
  return std::string(kind == Kind::project ? kProjects : kGroups) + id;
}

std::string HookScope::to_text() const {
  if (kind == Kind::issuer) return "issuer";
  return (kind == Kind::project ? "project " : "group ") + id;
}

WebhookSecrets derive(const WebhookSecrets& master, std::string_view issuer, const HookScope& scope) {
  WebhookSecrets derived;
  const bool own = scope.kind == HookScope::Kind::issuer;
  for (const Secret& key : master.signing)
    derived.signing.push_back(own ? key.clone() : Secret(as_text(mac_of(key, "signing", scope, issuer))));
  for (const Secret& token : master.tokens)
    derived.tokens.push_back(own ? token.clone() : Secret(to_hex(mac_of(token, "token", scope, issuer))));
  return derived;
}

std::vector<Secret> secret_texts(const WebhookSecrets& secrets) {
  std::vector<Secret> texts;
  for (const Secret& key : secrets.signing) texts.emplace_back("whsec_" + to_base64(as_bytes(key.reveal())));
  for (const Secret& token : secrets.tokens) texts.push_back(token.clone());
  return texts;
}

}  // namespace watchword::context
