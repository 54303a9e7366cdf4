// Policies and principals for the tests of policy/.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "context/facts.h"
#include "issuer/profile.h"
#include "policy/policy.h"

namespace watchword::policy::testing {

inline std::shared_ptr<const Policy> policy_of(const std::string& text, const std::string& name = "p.yaml") {
  auto policy = Policy::parse({{name, text}});
  if (policy) return *policy;
  for (const Error& error : policy.error()) ADD_FAILURE() << to_string(error);
  return *Policy::parse({});
}

// The claims of a GitLab job, some of them changed; null takes a claim away.
inline Json gitlab_claims(std::initializer_list<Json::Member> changes = {}) {
  Json claims = Json::object({{"iss", "https://gitlab.acme.dev"},
                              {"sub", "project_path:acme/billing:ref_type:branch:ref:main"},
                              {"project_id", "42"},
                              {"project_path", "acme/billing"},
                              {"namespace_id", "7"},
                              {"namespace_path", "acme"},
                              {"pipeline_id", "1280"},
                              {"job_id", "4711"},
                              {"ref", "main"},
                              {"ref_type", "branch"},
                              {"ref_protected", "true"},
                              {"environment", "production"},
                              {"sha", "9f3c2d1e0b7a4c5d6e8f90a1b2c3d4e5f6071829"}});
  Json out = Json::object();
  for (const auto& [key, value] : changes) claims.set(key, value);
  for (const auto& [key, value] : *claims.members())
    if (!value.is_null()) out.set(key, value);
  return out;
}

inline issuer::Principal principal_of(const Json& claims, issuer::Profile profile, std::string_view issuer = "gitlab") {
  auto principal = issuer::imagine_principal(claims, issuer, profile);
  if (principal) return *std::move(principal);
  ADD_FAILURE() << to_string(principal.error());
  return {};
}
inline issuer::Principal job(std::initializer_list<Json::Member> changes = {}, std::string_view issuer = "gitlab") {
  return principal_of(gitlab_claims(changes), {issuer::ProfileName::gitlab, {}}, issuer);
}
inline issuer::Principal service(const Json& claims, std::string_view issuer = "okta") {
  return principal_of(claims, {issuer::ProfileName::generic, issuer::MachineMapping{}}, issuer);
}
inline issuer::Principal person(const Json& claims, std::string_view issuer = "okta") {
  return principal_of(claims, {issuer::ProfileName::generic, issuer::PersonMapping{}}, issuer);
}

inline const context::Facts& no_facts() {
  static const context::TableFacts kNone;
  return kNone;
}

inline Verdict ask(const Policy& policy, const issuer::Principal& who, std::string_view resource,
                   std::string_view action, const context::Facts& facts = no_facts()) {
  const Roles roles = policy.roles_of(who);
  return policy.evaluate({who, roles, resource, action, "GET", "/", "", facts, from_unix(1'795'251'600)});
}

// "allow role rule", "deny reason rule", "error reason rule".
inline std::string shown(const Verdict& verdict) {
  if (verdict.outcome == Outcome::allow) return "allow " + std::string(verdict.role) + " " + std::string(verdict.rule);
  std::string out = verdict.outcome == Outcome::deny ? "deny " : "error ";
  out += name(verdict.reason);
  if (!verdict.rule.empty()) out += " " + std::string(verdict.rule);
  return out;
}

}  // namespace watchword::policy::testing
