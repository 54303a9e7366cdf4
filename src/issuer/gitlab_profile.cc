// GitLab's ID tokens (docs.gitlab.com/ci/secrets/id_token_authentication, "Token payload").
#include <algorithm>
#include <array>
#include <string_view>

#include "issuer/profile.h"
#include "issuer/profile_claims.h"

namespace watchword::issuer {
namespace {

enum class Type : std::uint8_t { text, id, flag, integer, texts, identities, config };
enum class Need : std::uint8_t {
  always,     // in every token
  sometimes,  // with newer versions, or with an environment, a runner or a setting; a value whenever it is there
  nullable,   // may also be null or empty: a job without user, a configuration from another project
};

struct Rule {
  std::string_view claim;
  Type type;
  Need need;
};

constexpr auto kRules = std::to_array<Rule>({
    {"jti", Type::text, Need::sometimes},
    {"project_id", Type::id, Need::always},
    {"project_path", Type::text, Need::always},
    {"namespace_id", Type::id, Need::always},
    {"namespace_path", Type::text, Need::always},
    {"job_project_id", Type::id, Need::sometimes},
    {"job_project_path", Type::text, Need::sometimes},
    {"job_namespace_id", Type::id, Need::sometimes},
    {"job_namespace_path", Type::text, Need::sometimes},
    {"user_id", Type::id, Need::nullable},
    {"user_login", Type::text, Need::nullable},
    {"user_email", Type::text, Need::nullable},
    {"user_access_level", Type::text, Need::nullable},
    {"user_identities", Type::identities, Need::nullable},
    {"groups_direct", Type::texts, Need::nullable},
    {"pipeline_id", Type::id, Need::always},
    {"pipeline_source", Type::text, Need::nullable},
    {"job_id", Type::id, Need::always},
    {"job_source", Type::text, Need::nullable},
    {"job_config", Type::config, Need::nullable},
    {"ref", Type::text, Need::always},
    {"ref_type", Type::text, Need::always},
    {"ref_path", Type::text, Need::nullable},
    {"ref_protected", Type::flag, Need::always},
    {"environment", Type::text, Need::sometimes},
    {"environment_protected", Type::flag, Need::sometimes},
    {"environment_action", Type::text, Need::nullable},
    {"deployment_tier", Type::text, Need::nullable},
    {"runner_id", Type::integer, Need::nullable},
    {"runner_environment", Type::text, Need::nullable},
    {"sha", Type::text, Need::always},
    {"ci_config_ref_uri", Type::text, Need::nullable},
    {"ci_config_sha", Type::text, Need::nullable},
    {"project_visibility", Type::text, Need::nullable},
    {"target_audience", Type::text, Need::nullable},
});

std::string expectation(Type type) {
  switch (type) {
    case Type::text:
      return "a string";
    case Type::id:
      return "a string of decimal digits";
    case Type::flag:
      return "the string 'true' or 'false'";
    case Type::integer:
      return "an integer";
    case Type::texts:
      return "a list of strings";
    case Type::identities:
      return "a list of objects, each with the strings provider and extern_uid";
    case Type::config:
      return "an object with the strings url and sha";
  }
  return {};
}

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_string(const Json& value) { return value.string() != nullptr; }

bool is_identity(const Json& value) {
  return value.find_string("provider") != nullptr && value.find_string("extern_uid") != nullptr;
}

bool is_config(const Json& value) {
  const auto absent_or_string = [&](std::string_view key) {
    const Json* member = value.find(key);
    return member == nullptr || is_string(*member);
  };
  return value.members() != nullptr && absent_or_string("url") && absent_or_string("sha");
}

bool has_type(const Json& value, Type type) {
  const std::string* text = value.string();
  const Json::Array* items = value.array_items();
  switch (type) {
    case Type::text:
      return text != nullptr && !text->empty();
    case Type::id:
      return text != nullptr && is_digits(*text);
    case Type::flag:
      return text != nullptr && (*text == "true" || *text == "false");
    case Type::integer:
      return value.integer() != nullptr;
    case Type::texts:
      return items != nullptr && std::ranges::all_of(*items, is_string);
    case Type::identities:
      return items != nullptr && std::ranges::all_of(*items, is_identity);
    case Type::config:
      return is_config(value);
  }
  return false;
}

bool is_nothing(const Json& value) { return value.is_null() || (is_string(value) && value.string()->empty()); }

std::unexpected<Error> refuse(const Rule& rule, const Json& value) {
  constexpr std::size_t kQuoted = 64;
  const std::string* text = value.string();
  if (text == nullptr) return wrong_type(rule.claim, value, expectation(rule.type));
  return fail(Reason::claim_invalid, std::string(rule.claim) + " is '" + text->substr(0, kQuoted) + "'",
              text->empty() ? expectation(rule.type) + " that is not empty" : expectation(rule.type));
}

Status check(const Json& claims, const Rule& rule) {
  const Json* value = claims.find(rule.claim);
  if (value == nullptr)
    return rule.need == Need::always ? missing(rule.claim, expectation(rule.type) + ", as GitLab always sends")
                                     : Status();
  if (rule.need == Need::nullable && is_nothing(*value)) return {};
  return has_type(*value, rule.type) ? Status() : refuse(rule, *value);
}

bool differ(const Json& claims, std::string_view mine, std::string_view of_the_job) {
  const Json* ran_in = claims.find(of_the_job);
  return ran_in != nullptr && *ran_in != *claims.find(mine);
}

bool is_fork(const Json& claims) {
  return differ(claims, "project_id", "job_project_id") || differ(claims, "project_path", "job_project_path") ||
         differ(claims, "namespace_id", "job_namespace_id") || differ(claims, "namespace_path", "job_namespace_path");
}

}  // namespace

Result<Principal> map_gitlab(jose::VerifiedToken token, std::string_view issuer_name) {
  WW_TRY(Principal framed, frame(token, issuer_name, Kind::job));
  return identify_gitlab(std::move(framed), std::move(token).claims());
}

std::vector<std::string> documented_claims(const Profile& profile) {
  if (profile.name != ProfileName::gitlab) return {};
  std::vector<std::string> names = {"iss", "sub", "aud", "exp", "nbf", "iat"};
  for (const Rule& rule : kRules) names.emplace_back(rule.claim);
  return names;
}

Result<Principal> identify_gitlab(Principal principal, Json claims) {
  for (const Rule& rule : kRules) WW_CHECK(check(claims, rule));
  for (const Rule& rule : kRules)
    if (const std::string* text = claims.find_string(rule.claim); text != nullptr && rule.type == Type::flag)
      claims.set(rule.claim, *text == "true");

  const auto text = [&](std::string_view claim) { return std::string(claims.string_or(claim, "")); };
  Machine job;
  job.job = text("job_id");
  job.project = text("project_path");
  job.project_id = text("project_id");
  if (auto runs_in = text("job_project_id"); runs_in != job.project_id) job.job_project_id = std::move(runs_in);
  job.pipeline = text("pipeline_id");
  job.ref = text("ref");
  job.sha = text("sha");
  job.environment = text("environment");
  job.user = text("user_login");
  job.ref_protected = *claims.find("ref_protected") == Json(true);
  job.fork = is_fork(claims);
  principal.identity = std::move(job);
  principal.claims = Claims(claims);
  return principal;
}

}  // namespace watchword::issuer
