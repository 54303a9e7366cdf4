// Resources and freezes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "policy/diff_side.h"
#include "policy/http_resource.h"
#include "policy/pattern_samples.h"
#include "policy/words.h"

namespace watchword::policy {
namespace {

using Lines = std::vector<std::string>;
constexpr std::size_t kMostQuoted = 8, kMostRequests = 2000;

Lines only_in(const Lines& of, const Lines& other) {
  Lines out;
  for (const std::string& line : of)
    if (std::ranges::find(other, line) == other.end()) out.push_back(line);
  return out;
}

// How a resource is reached, not what is reached or by whom.
bool is_neutral(const std::string& line) {
  constexpr std::array<std::string_view, 12> kNeutral{
      "protocol ",      "balance ",       "health ",       "eject ",         "retries ",   "max_requests ",
      "resolve_every ", "proxy_protocol", "connect_time ", "response_time ", "idle_time ", "stream_time "};
  return std::ranges::any_of(kNeutral, [&](std::string_view start) { return line.starts_with(start); });
}

struct Call {
  std::string method, path;
  bool websocket;
  auto operator<=>(const Call&) const = default;
};

// Requests that the resource's rules speak of.
void add_calls(const Resource& resource, std::set<Call>& out) {
  const auto* http = dynamic_cast<const HttpResource*>(&resource);
  if (http == nullptr) return;
  for (const auto& rules : http->rules())
    for (const HttpRule& rule : rules)
      for (const Pattern& pattern : rule.paths)
        for (const std::string& path : samples_of(pattern, 4))
          for (const std::string& method : rule.methods)
            for (const char* one : {"GET", "POST", "DELETE", "PROPFIND"}) {
              if (out.size() >= kMostRequests) return;
              const std::string full = path.starts_with('/') ? path : "/" + path;
              out.insert({method == "*" ? one : method, full, rule.websocket});
            }
}

const std::string& action_of_call(const Resource& resource, const Call& call) {
  static const std::string kNone;
  const std::string* action = resource.action_for({"", call.method, call.path, call.websocket ? "websocket" : ""});
  return action == nullptr ? kNone : *action;
}

// Requests that another action covers now.
void diff_actions(const Resource& old, const Resource& now, const std::string& where, std::vector<Change>& out) {
  if (actions_of(old) == actions_of(now)) return;
  std::set<Call> calls;
  add_calls(old, calls);
  add_calls(now, calls);
  Change change{Change::Kind::resource, false, false, false, now.name(), {}, {}, where};
  Lines quoted;
  std::set<std::string> permissions;
  for (const Call& call : calls) {
    const std::string &before = action_of_call(old, call), &after = action_of_call(now, call);
    if (before == after) continue;
    change.shown = true;
    change.grants |= !after.empty();
    change.takes |= !before.empty();
    for (const std::string& action : {before, after})
      if (!action.empty()) permissions.insert(now.name() + "/" + action);
    if (quoted.size() < kMostQuoted)
      quoted.push_back(fmt::format("{}{} {}: {} before, {} now", call.websocket ? "WebSocket " : "", call.method,
                                   call.path, before.empty() ? "no action" : before,
                                   after.empty() ? "no action" : after));
  }
  if (!change.shown) change.grants = change.takes = true;
  change.permissions.assign(permissions.begin(), permissions.end());
  const Lines gone = only_in(actions_of(old), actions_of(now)), come = only_in(actions_of(now), actions_of(old));
  change.what = fmt::format("actions changed; gone: {}; new: {}",
                            gone.empty() ? "nothing" : fmt::format("{}", fmt::join(gone, ", ")),
                            come.empty() ? "nothing" : fmt::format("{}", fmt::join(come, ", ")));
  change.what += quoted.empty() ? ". No request was found that another action covers now"
                                : fmt::format(". {}", fmt::join(quoted, "; "));
  out.push_back(std::move(change));
}

// A prefix within another one's takes requests from it.
bool takes_over(const Resource& resource, const Policy& policy) {
  const HttpTarget* http = resource.http();
  if (http == nullptr || http->prefix.empty()) return false;
  return std::ranges::any_of(policy.resources(), [&](const Resource* other) {
    const HttpTarget* target = other->http();
    return target != nullptr && !target->prefix.empty() && other->name() != resource.name() &&
           http->prefix.starts_with(target->prefix + "/");
  });
}

void report_alone(const Resource& resource, const Policy& policy, bool added, std::vector<Change>& out) {
  Change change{Change::Kind::resource, false, false, false, resource.name(), {}, {}, {}};
  change.grants = change.takes = takes_over(resource, policy);
  change.what = fmt::format("resource {}: {}", added ? "added" : "removed", fmt::join(settings_of(resource), ", "));
  out.push_back(std::move(change));
}

void diff_settings(const Resource& old, const Resource& now, std::vector<Change>& out) {
  const Lines before = settings_of(old), after = settings_of(now);
  const Lines gone = only_in(before, after), come = only_in(after, before);
  if (gone.empty() && come.empty()) return;
  Change change{Change::Kind::resource, false, false, false, now.name(), {}, {}, {}};
  change.grants = change.takes = !std::ranges::all_of(gone, is_neutral) || !std::ranges::all_of(come, is_neutral);
  change.what = fmt::format("was: {}; is: {}", fmt::join(gone, ", "), fmt::join(come, ", "));
  if (change.grants) change.what += ". Its permissions may reach something else";
  out.push_back(std::move(change));
}

bool asks_frozen(const std::optional<Condition>& condition) {
  return condition && condition->asks_facts() && condition->text().contains("frozen");
}
bool asks_frozen(const Side& side) {
  for (const Role& role : side.rules.roles)
    for (const Permission& permission : role.permissions)
      if (asks_frozen(permission.when)) return true;
  return std::ranges::any_of(side.rules.deny,
                             [](const DenyRule& rule) { return asks_frozen(rule.when) || asks_frozen(rule.unless); });
}

void diff_freezes(const Side& of, const Side& other, bool added, bool matters, std::vector<Change>& out) {
  Lines known;
  for (const FreezeWindow& window : other.rules.freezes) known.push_back(canonical(window));
  for (const FreezeWindow& window : of.rules.freezes) {
    if (std::ranges::find(known, canonical(window)) != known.end()) continue;
    Lines environments;
    for (const Pattern& pattern : window.environments) environments.push_back(pattern.text());
    Change change{Change::Kind::freeze, matters, matters, false, {}, {}, {}, window.place.rule};
    change.who = fmt::format("environment {}", fmt::join(environments, " or "));
    change.what = fmt::format("freeze {}{}{}", added ? "added" : "removed", window.why.empty() ? "" : ": ", window.why);
    out.push_back(std::move(change));
  }
}

}  // namespace

void diff_resources(const Comparison& sides, std::vector<Change>& out) {
  for (const Resource* now : sides.after.policy.resources()) {
    const Resource* old = sides.before.policy.resource(now->name());
    if (old == nullptr) {
      report_alone(*now, sides.after.policy, true, out);
      continue;
    }
    diff_settings(*old, *now, out);
    diff_actions(*old, *now, {}, out);
  }
  for (const Resource* old : sides.before.policy.resources())
    if (sides.after.policy.resource(old->name()) == nullptr) report_alone(*old, sides.before.policy, false, out);
}

void diff_freezes(const Comparison& sides, std::vector<Change>& out) {
  const bool matters = asks_frozen(sides.before) || asks_frozen(sides.after);
  diff_freezes(sides.after, sides.before, true, matters, out);
  diff_freezes(sides.before, sides.after, false, matters, out);
}

}  // namespace watchword::policy
