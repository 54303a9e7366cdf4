// The checks of doctor about an issuer's webhooks.
#include <algorithm>

#include "cli/doctor.h"
#include "cli/gitlab_setup.h"
#include "cli/live.h"

namespace watchword::cli {
namespace {

using context::HookOwner;

// Whose hook, and what the gate knows of its events.
struct Seen {
  HookOwner owner;
  std::string last_event = {};  // empty: none, or the gate does not say
  bool silent = false;
  bool comes() const { return !last_event.empty() && !silent; }
};

std::vector<Seen> known_to_gate(const Json* said) {
  std::vector<Seen> known;
  const Json* hooks = said != nullptr ? said->find("hooks") : nullptr;
  const Json* projects = hooks != nullptr ? hooks->find("projects") : nullptr;
  if (projects != nullptr && projects->array_items() != nullptr)
    for (const Json& one : *projects->array_items())
      known.push_back({{HookOwner::Kind::project, std::string(one.string_or("path", one.string_or("id", "")))},
                       std::string(one.string_or("last_event", "")),
                       holds(one, "silent")});
  return known;
}

// Those that were named, or else those that the gate knows.
std::vector<Seen> owners(const DoctorOptions& options, const Json* said) {
  constexpr std::size_t kMost = 20;
  auto known = known_to_gate(said);
  if (options.projects.empty() && options.groups.empty()) {
    if (known.size() > kMost) known.resize(kMost);
    return known;
  }
  std::vector<Seen> asked;
  for (const auto& project : options.projects) {
    const auto found = std::ranges::find(known, project, [](const Seen& one) { return one.owner.name; });
    asked.push_back(found != known.end() ? *found : Seen{.owner = {HookOwner::Kind::project, project}});
  }
  for (const auto& group : options.groups) asked.push_back({.owner = {HookOwner::Kind::group, group}});
  return asked;
}

std::string setup_command(const HookOwner& owner, const LiveSource& source, const DoctorOptions& options) {
  return std::string("watchword gitlab setup ") + (owner.kind == HookOwner::Kind::project ? "--project " : "--group ") +
         owner.name + " --gitlab " + source.issuer + " --config " + options.config + " --apply";
}

CheckResult good(std::string detail) { return {{}, std::move(detail), {}}; }
CheckResult bad(Error error) { return {{}, {}, std::move(error)}; }

// Events that come are enough where the hook cannot be seen, or is that of a group or of the instance.
CheckResult judge(const Seen& seen, context::GitlabHooks* api, const Config& config, const LiveSource& source,
                  const std::string& setup) {
  const auto events = "events come, the last at " + seen.last_event;
  if (api == nullptr)
    return seen.comes() ? good("not looked at for want of an api_token that works; " + events)
                        : bad({Reason::ci_unavailable,
                               "no events, and no api_token that works to look at the hook with",
                               "events",
                               {},
                               setup});
  auto existing = api->list(seen.owner);
  if (!existing)
    return seen.comes() ? good("not shown to this token (" + existing.error().found + "); " + events)
                        : bad(std::move(existing).error());
  const auto scope = api->scope_of(seen.owner);
  auto wanted = scope ? wanted_hook_of(config, source, *scope) : std::unexpected(scope.error());
  if (!wanted) return bad(std::move(wanted).error());
  const auto plan = plan_hook(*std::move(existing), *wanted, hooks_url(config, source));
  if (plan.fits()) return good("hook " + plan.hook->id + " fits" + (seen.comes() ? "; " + events : ""));
  if (!plan.hook && seen.comes()) return good("none of its own, as of its group or the instance; " + events);
  std::string found = plan.hook ? "hook " + plan.hook->id + " that does not fit" : "no hook to " + wanted->url;
  for (const auto& drift : plan.drift) found += ", " + to_text(drift);
  for (const auto& other : plan.others) found += ", hook " + other.id + " " + twice_text(other, *wanted);
  const bool only_twice = plan.hook && plan.drift.empty();
  return bad({Reason::ci_unavailable,
              std::move(found),
              "a hook that fits",
              {},
              only_twice ? "delete all but one of them in GitLab" : setup});
}

}  // namespace

void check_hooks(const Config& config, const LiveSource& source, const DoctorOptions& options, const Json* said,
                 context::GitlabHooks* api, Checks& checks) {
  const auto all = owners(options, said);
  const auto secrets = webhook_secrets(source);
  if (!secrets || all.empty()) {
    auto& check = checks.emplace_back("hooks " + source.issuer);
    if (!secrets)
      check.trouble = secrets.error();
    else if (said != nullptr)
      check.detail = "no project in use yet; --project and --group look at hooks";
    else
      check.trouble = Error{Reason::gate_unreachable,
                            "no word of the gate on the projects in use",
                            "one",
                            {},
                            "start the gate, or name them: --project, --group"};
    return;
  }
  for (const auto& seen : all) {
    auto check = judge(seen, api, config, source, setup_command(seen.owner, source, options));
    check.name = "hook " + source.issuer + ", " + seen.owner.to_text();
    checks.push_back(std::move(check));
  }
}

}  // namespace watchword::cli
