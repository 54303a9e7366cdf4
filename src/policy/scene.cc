#include "policy/scene.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>

#include "policy/pattern_samples.h"

namespace watchword::policy {
namespace {

constexpr std::size_t kMostWanted = 64;  // of a test, of which samples are made

bool is_gitlab(const Scene& scene) { return scene.profile.name == issuer::ProfileName::gitlab; }

Json gitlab_claims(Bearing bearing) {
  const bool tag = bearing == Bearing::tag, main = bearing == Bearing::protected_branch;
  Json out = Json::object({{"iss", "https://gitlab.example.com"},
                           {"sub", "-"},
                           {"project_id", "1"},
                           {"project_path", "acme/sample"},
                           {"namespace_id", "1"},
                           {"namespace_path", "acme"},
                           {"pipeline_id", "1"},
                           {"pipeline_source", "push"},
                           {"job_id", "1"},
                           {"user_login", "sample"},
                           {"ref", main ? "main" : (tag ? "v1.0.0" : "feature/x")},
                           {"ref_type", tag ? "tag" : "branch"},
                           {"ref_protected", main ? "true" : "false"},
                           {"sha", "9f3c2d1e0b7a4c5d6e8f90a1b2c3d4e5f6071829"}});
  if (bearing == Bearing::fork) out.set("job_project_id", "666").set("job_project_path", "fork/sample");
  return out;
}

Json generic_claims(const issuer::Profile& profile) {
  Json out = Json::object({{"iss", "https://issuer.example.com"}, {"sub", "sample"}});
  const auto* machine = std::get_if<issuer::MachineMapping>(&profile.mapping);
  if (machine != nullptr && machine->job) out = with_claim(out, steps_of(machine->job->text()), "1");
  return out;
}

bool tests(const Matcher& matcher, std::string_view claim) {
  return std::ranges::any_of(matcher.claims, [&](const ClaimTest& test) { return test.claim.text() == claim; });
}

// What GitLab derives from other claims, where the matcher does not speak of it itself.
void derive(const Matcher& matcher, Scene& scene) {
  const auto text = [&](std::string_view claim) { return std::string(scene.claims.string_or(claim, "")); };
  const auto set = [&](std::string_view claim, std::string value) {
    if (!tests(matcher, claim) && !value.empty()) scene.claims.set(claim, std::move(value));
  };
  if (!tests(matcher, "project_path")) set("project_path", text("namespace_path") + "/sample");
  const std::string project = text("project_path");
  set("namespace_path", project.substr(0, std::min(project.rfind('/'), project.size())));
  set("sub", fmt::format("project_path:{}:ref_type:{}:ref:{}", project, text("ref_type"), text("ref")));
}

// The values of a test that can be tried, all of its alternatives before more of one.
std::vector<Json> values_of(const ClaimTest& test) {
  std::vector<std::vector<Json>> by_wanted;
  for (const Wanted& wanted : test.any_of | std::views::take(kMostWanted)) {
    auto& values = by_wanted.emplace_back();
    if (const auto* pattern = std::get_if<Pattern>(&wanted))
      for (std::string& text : samples_of(*pattern, kMostValues)) values.emplace_back(std::move(text));
    else if (const auto* integer = std::get_if<std::int64_t>(&wanted))
      values.emplace_back(*integer);
    else
      values.emplace_back(std::get<bool>(wanted));
  }
  std::vector<Json> out;
  for (std::size_t i = 0; i < kMostValues; ++i)
    for (auto& values : by_wanted)
      if (i < values.size()) out.push_back(std::move(values[i]));
  return out;
}

// GitLab's lists of objects are refused when an object is not whole.
void seed(Scene& scene, const ClaimSteps& steps) {
  const auto* name = std::get_if<std::string>(&steps.front());
  if (is_gitlab(scene) && name != nullptr && *name == "user_identities" && scene.claims.find(*name) == nullptr)
    scene.claims.set(*name, Json(Json::Array{Json::object({{"provider", "saml"}, {"extern_uid", "1"}})}));
}

// The value as it may stand in a token.
std::vector<Json> forms_of(const Json& value) {
  std::vector<Json> out{value};
  if (value.integer() != nullptr) out.emplace_back(fmt::format("{}", *value.integer()));
  if (value.boolean() != nullptr) out.emplace_back(*value.boolean() ? "true" : "false");
  if (value.array_items() == nullptr) out.emplace_back(Json::Array{value});
  return out;
}

bool fit(Scene& scene, const ClaimTest& test, const Json& value) {
  const ClaimSteps steps = steps_of(test.claim.text());
  seed(scene, steps);
  const Json before = scene.claims;
  for (const Json& form : forms_of(value)) {
    scene.claims = with_claim(before, steps, form);
    const auto principal = principal_of(scene);
    if (principal && matches(test, principal->claims.view())) return true;
  }
  scene.claims = before;
  return false;
}

bool fit_all(Scene& scene, const Matcher& matcher, Variation variation) {
  for (std::size_t i = 0; i < matcher.claims.size(); ++i) {
    auto values = values_of(matcher.claims[i]);
    const std::size_t first = i == variation.claim ? variation.value : 0;
    if (first >= values.size()) return false;
    values.erase(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(first));
    const auto fits = [&](const Json& value) { return fit(scene, matcher.claims[i], value); };
    // Only that value, where one is asked for; else the first that fits.
    if (first > 0 ? !fits(values.front()) : std::ranges::none_of(values, fits)) return false;
  }
  return true;
}

}  // namespace

issuer::Profile profile_of(const Matcher& matcher, const std::vector<ConfiguredIssuer>& issuers) {
  for (const ConfiguredIssuer& one : issuers)
    if (one.name == matcher.issuer) return one.profile;
  if (matcher.kind == issuer::Kind::job) return {issuer::ProfileName::gitlab, {}};
  if (matcher.kind == issuer::Kind::person) return {issuer::ProfileName::generic, issuer::PersonMapping{}};
  return {issuer::ProfileName::generic, issuer::MachineMapping{}};
}

std::optional<Scene> scene_of(const Matcher& matcher, const std::vector<ConfiguredIssuer>& issuers, Bearing bearing,
                              Variation variation, Time at) {
  Scene scene;
  scene.issuer = matcher.issuer;
  scene.profile = profile_of(matcher, issuers);
  scene.at = at;
  if (!is_gitlab(scene) && bearing != Bearing::protected_branch) return std::nullopt;
  scene.claims = is_gitlab(scene) ? gitlab_claims(bearing) : generic_claims(scene.profile);
  if (!fit_all(scene, matcher, variation)) return std::nullopt;
  if (is_gitlab(scene)) derive(matcher, scene);
  const auto principal = principal_of(scene);
  if (!principal || !matches(matcher, *principal)) return std::nullopt;
  return scene;
}

std::vector<Attempt> attempts(const Matcher& matcher, std::size_t most) {
  std::vector<Attempt> out;
  const auto add = [&](Variation variation) {
    for (std::size_t bearing = 0; bearing < kBearings && out.size() < most; ++bearing)
      out.push_back({static_cast<Bearing>(bearing), variation});
  };
  add({});
  std::vector<std::size_t> counts;
  for (const ClaimTest& test : matcher.claims) counts.push_back(values_of(test).size());
  const std::size_t last = counts.empty() ? 0 : std::ranges::max(counts);
  for (std::size_t value = 1; value < last && out.size() < most; ++value)
    for (std::size_t claim = 0; claim < counts.size(); ++claim)
      if (value < counts[claim]) add({claim, value});
  return out;
}

bool set_claim(Scene& scene, const ClaimSteps& steps, const Json& value) {
  if (steps.empty()) return false;
  const Json before = scene.claims;
  seed(scene, steps);
  const Json base = scene.claims;
  for (const Json& form : forms_of(value)) {
    scene.claims = with_claim(base, steps, form);
    if (principal_of(scene)) return true;
  }
  scene.claims = before;
  return false;
}

bool adapt(Scene& scene, const Matcher& matcher) {
  for (const ClaimTest& test : matcher.claims) {
    const auto principal = principal_of(scene);
    if (principal && matches(test, principal->claims.view())) continue;
    if (std::ranges::none_of(values_of(test), [&](const Json& value) { return fit(scene, test, value); })) return false;
  }
  const auto principal = principal_of(scene);
  return principal && matches(matcher, *principal);
}

std::optional<issuer::Principal> principal_of(const Scene& scene) {
  auto principal = issuer::imagine_principal(scene.claims, scene.issuer, scene.profile);
  if (!principal) return std::nullopt;
  return *std::move(principal);
}

std::optional<Answer> ask(const Policy& policy, const Scene& scene, std::string_view resource,
                          std::string_view action) {
  const auto principal = principal_of(scene);
  const auto facts = context::TableFacts::from_json(scene.facts, scene.at);
  if (!principal || !facts) return std::nullopt;
  const Roles roles = policy.roles_of(*principal);
  Verdict verdict =
      policy.evaluate({*principal, roles, resource, action, scene.method, scene.path, scene.host, *facts, scene.at});
  Answer out{verdict.outcome,           verdict.reason,           std::string(verdict.rule),
             std::string(verdict.role), std::move(verdict.found), std::nullopt};
  if (!roles.all.empty()) out.limits = roles.limits;
  return out;
}

}  // namespace watchword::policy
