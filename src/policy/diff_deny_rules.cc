// Deny rules that came or went.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_set>

#include "policy/containment.h"
#include "policy/diff_side.h"
#include "policy/meet.h"
#include "policy/words.h"

namespace watchword::policy {
namespace {

constexpr std::size_t kMostGrants = 64, kMostOfARole = 4;
constexpr std::size_t kMostDenyRules = 1000;  // beyond which a wider one is not looked for

using Keys = std::unordered_set<std::string>;

Keys keys_of(const Side& side) {
  Keys out;
  for (const DenyRule& rule : side.rules.deny)
    for (std::string& key : canonical(rule)) out.insert(std::move(key));
  return out;
}

bool within(const DenyRule& rule, const Keys& keys) {
  return std::ranges::all_of(canonical(rule), [&](const std::string& key) { return keys.contains(key); });
}

// Grants that the rule is about, a few of each role.
std::vector<Grant> grants_under(const DenyRule& rule, const Side& side) {
  std::vector<Grant> out;
  for (const Role& role : side.rules.roles)
    for (const Right& right : side.rights_of(role)) {
      if (!covers(rule, right.action.resource->name(), *right.action.action)) continue;
      for (std::size_t i = 0; i < std::min(role.bindings.size(), kMostOfARole) && out.size() < kMostGrants; ++i)
        out.push_back({&role, &role.bindings[i], right.permission, right.action});
    }
  return out;
}

// Turns somebody whom `without` allows into one whom the rule denies.
bool run_into(const DenyRule& rule, const Side& without, const Side& with, const Grant& grant, Scene& scene,
              Effort& effort) {
  if (!make_allowed(without.policy, grant, scene, effort)) return false;
  if (differs(without, with, grant.action, scene)) return true;
  const auto holds = [&](const Scene& tried) { return effort.spend() && differs(without, with, grant.action, tried); };
  if (rule.unless && meet(rule.unless->text(), false, scene, holds)) return true;
  return rule.when && meet(rule.when->text(), true, scene, holds);
}

std::optional<Shown> victim(const DenyRule& rule, const Side& without, const Side& with, const Comparison& sides) {
  for (const Grant& grant : grants_under(rule, without))
    for (const auto& [bearing, variation] : attempts(*grant.binding, kBearings))
      for (std::size_t to = 0; to < std::max<std::size_t>(rule.to.size(), 1); ++to) {
        if (!sides.effort.spend()) return std::nullopt;
        auto scene = scene_of(*grant.binding, sides.issuers, bearing, variation, sides.at);
        if (!scene || (!rule.to.empty() && !adapt(*scene, rule.to[to]))) continue;
        if (run_into(rule, without, with, grant, *scene, sides.effort))
          return shown(without, with, grant.action, *std::move(scene));
      }
  return std::nullopt;
}

void report(const DenyRule& rule, const Side& without, const Side& with, bool added, const Comparison& sides,
            std::vector<Change>& out) {
  if (grants_under(rule, without).empty()) return;  // it denies what nobody has
  if (without.rules.deny.size() <= kMostDenyRules &&
      std::ranges::any_of(without.rules.deny, [&](const DenyRule& wide) { return contains(wide, rule); }))
    return;
  Change change{Change::Kind::deny_rule, !added, added, false, {}, {}, {}, rule.place.rule};
  std::vector<std::string> whom;
  for (const Matcher& matcher : rule.to) whom.push_back(in_words(matcher));
  change.who = whom.empty() ? "everyone" : fmt::format("{}", fmt::join(whom, "; or "));
  for (const DenyRule::Fence& fence : rule.permissions) change.permissions.push_back(fence.text);
  change.what = fmt::format("deny rule{}{} {}: {}", rule.name.empty() ? "" : " ", rule.name,
                            added ? "added" : "removed", in_words(rule));
  if (const auto example = victim(rule, without, with, sides)) {
    change.shown = true;
    change.permissions = {example->action};
    change.sample = example->scene;
    change.before = added ? example->before : example->after;
    change.after = added ? example->after : example->before;
  }
  out.push_back(std::move(change));
}

}  // namespace

void diff_deny_rules(const Comparison& sides, std::vector<Change>& out) {
  const Keys olds = keys_of(sides.before), news = keys_of(sides.after);
  for (const DenyRule& rule : sides.after.rules.deny)
    if (!within(rule, olds)) report(rule, sides.before, sides.after, true, sides, out);
  for (const DenyRule& rule : sides.before.rules.deny)
    if (!within(rule, news)) report(rule, sides.after, sides.before, false, sides, out);
}

}  // namespace watchword::policy
