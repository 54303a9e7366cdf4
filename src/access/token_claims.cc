#include "access/token_claims.h"

#include "base/text.h"

namespace watchword::access {

Json job_claim(const Session& session) {
  const auto& principal = session.principal();
  auto claim = Json::object({{"issuer", principal.issuer_url}});
  auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) claim.set(name, value);
  };
  if (const auto* person = principal.person()) {
    add("person", person->email.empty() ? principal.subject : person->email);
    return claim;
  }
  const auto& machine = *principal.machine();
  add("project", machine.project);
  add("pipeline", machine.pipeline);
  add("job", machine.job);
  add("ref", machine.ref);
  add("sha", machine.sha);
  add("environment", machine.environment);
  add("user", machine.user);
  return claim;
}

std::string scope_text(const std::vector<Permission>& permissions) {
  std::string text;
  for (const auto& permission : permissions)
    text += (text.empty() ? "" : " ") + permission.resource + "/" + permission.action;
  return text;
}

Result<std::vector<Permission>> parse_scope(std::string_view text) {
  constexpr std::size_t kMost = 100;
  std::vector<Permission> permissions;
  for (auto word : split(text, ' ')) {
    if (word.empty()) continue;
    auto slash = word.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == word.size() ||
        word.find('/', slash + 1) != std::string_view::npos)
      return fail(Reason::scope_invalid, std::string(word), "resource/action, such as billing-api/read");
    if (permissions.size() == kMost) return fail(Reason::scope_invalid, "more than 100 scopes", "fewer");
    permissions.push_back({std::string(word.substr(0, slash)), std::string(word.substr(slash + 1))});
  }
  return permissions;
}

Json audience_claim(const std::vector<std::string>& audience) {
  if (audience.size() == 1) return audience.front();
  Json all = Json::array();
  for (const auto& resource : audience) all.push(resource);
  return all;
}

Json introspection_claims(const Session& session, const Grant& grant, const std::vector<Permission>& allowed,
                          std::string_view issuer_url) {
  auto claims = Json::object({{"active", true},
                              {"iss", issuer_url},
                              {"sub", session.principal().subject},
                              {"aud", audience_claim(grant.audience)},
                              {"exp", to_unix(grant.expires)},
                              {"jti", grant.jti},
                              {"sid", session.id()},
                              {"scope", scope_text(allowed)},
                              {"token_type", grant.bound_key.empty() ? "Bearer" : "DPoP"},
                              {"job", job_claim(session)}});
  if (!grant.bound_key.empty()) claims.set("cnf", Json::object({{"jkt", grant.bound_key}}));
  return claims;
}

}  // namespace watchword::access
