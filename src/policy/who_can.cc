#include "policy/who_can.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/text.h"
#include "policy/containment.h"
#include "policy/words.h"

namespace watchword::policy {
namespace {

constexpr std::size_t kMostAttempts = 12, kMostTries = 2000;  // for one way

std::unexpected<Error> unknown(std::string found, std::string_view word, const std::vector<std::string>& words,
                               std::string expected) {
  const auto near = nearest(word, words);
  return std::unexpected(Error{Reason::usage_invalid,
                               std::move(found),
                               std::move(expected),
                               {},
                               near ? fmt::format("did you mean '{}'?", *near) : std::string()});
}

// The resource, and the action or "*".
Result<std::pair<const Resource*, std::string>> find(const Policy& policy, std::string_view permission) {
  const auto slash = permission.find('/');
  const std::string_view name = permission.substr(0, slash);
  const Resource* resource = policy.resource(name);
  if (resource == nullptr) {
    std::vector<std::string> words;
    for (const Resource* one : policy.resources()) words.push_back(one->name());
    return unknown(fmt::format("no resource '{}'", name), name, words, "RESOURCE/ACTION of this policy, or RESOURCE/*");
  }
  const std::string action(slash == std::string_view::npos ? "" : permission.substr(slash + 1));
  if (action == "*" || std::ranges::find(resource->actions(), action) != resource->actions().end())
    return std::pair{resource, action};
  return unknown(fmt::format("no action '{}' of {}", action, name), action, resource->actions(),
                 fmt::format("{}/{} or {}/*", name, fmt::join(resource->actions(), " or "), name));
}

std::vector<const DenyRule*> fences_of(const Policy& policy, const Grant& grant, bool gitlab) {
  const auto no_scalar = [](std::string_view) { return false; };
  const auto concerns = [&](const Matcher& matcher) {
    return !disjoint(matcher, *grant.binding, gitlab ? is_gitlab_scalar : no_scalar);
  };
  std::vector<const DenyRule*> out;
  for (const DenyRule& rule : rules_of(policy).deny)
    if (covers(rule, grant.action.resource->name(), *grant.action.action) &&
        (rule.to.empty() || std::ranges::any_of(rule.to, concerns)))
      out.push_back(&rule);
  return out;
}

// The plainest job that comes through, else the plainest.
void add_sample(const Policy& policy, const std::vector<ConfiguredIssuer>& issuers, Time at, Way& way) {
  Effort effort(kMostTries);
  for (const auto& [bearing, variation] : attempts(*way.grant.binding, kMostAttempts)) {
    auto scene = scene_of(*way.grant.binding, issuers, bearing, variation, at);
    if (!scene) continue;
    const bool through = make_allowed(policy, way.grant, *scene, effort);
    const auto answer = ask(policy, *scene, way.grant.action.resource->name(), *way.grant.action.action);
    if (!answer || (!through && way.sample)) continue;
    way.answer = *answer;
    way.sample = std::move(scene);
    way.shown = through;
    if (through) return;
  }
}

}  // namespace

Result<std::vector<Way>> who_can(const Policy& policy, std::string_view permission,
                                 const std::vector<ConfiguredIssuer>& issuers, Time at) {
  WW_TRY(const auto wanted, find(policy, permission));
  const auto& [resource, action] = wanted;
  std::vector<Way> out;
  for (const Role& role : rules_of(policy).roles)
    for (const auto& [number, allowed] : role.by_action) {
      const ActionName name = action_of(policy, number);
      if (name.resource != resource || (action != "*" && action != *name.action)) continue;
      for (const Matcher& binding : role.bindings) {
        Way way{{&role, &binding, allowed, name}, in_words(binding), {}, std::nullopt, false, {}};
        const bool gitlab = profile_of(binding, issuers).name == issuer::ProfileName::gitlab;
        way.fences = fences_of(policy, way.grant, gitlab);
        add_sample(policy, issuers, at, way);
        out.push_back(std::move(way));
      }
    }
  return out;
}

}  // namespace watchword::policy
