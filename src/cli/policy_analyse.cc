// watchword policy who-can | diff: what policies come to, on files, without a gate.
#include <chrono>

#include "base/text.h"
#include "cli/commands.h"
#include "cli/config.h"
#include "cli/input.h"
#include "policy/diff_report.h"
#include "policy/policy_diff.h"
#include "policy/who_can.h"
#include "policy/words.h"

namespace watchword::cli {
namespace {

using policy::Change;
using policy::Scene;
using policy::Way;

constexpr auto kLongestDiff = std::chrono::minutes(1);  // it runs for merge requests, whose policies may be hostile
constexpr std::size_t kMostShown = 100;                 // changes in text; JSON has all

std::expected<std::vector<policy::ConfiguredIssuer>, std::vector<Error>> issuers_of(const std::string& config) {
  if (config.empty()) return std::vector<policy::ConfiguredIssuer>{};
  auto loaded = load_config(config);
  if (!loaded) return std::unexpected(std::move(loaded).error());
  return configured_issuers(*loaded);
}

// As `policy explain` takes it.
Json scene_json(const Scene& scene, const policy::Resource* resource) {
  auto json = Json::object(
      {{"issuer", scene.issuer}, {"claims", scene.claims}, {"facts", scene.facts}, {"at", to_rfc3339(scene.at)}});
  if (scene.method.empty() || resource == nullptr || resource->http() == nullptr) return json;
  json.set("method", scene.method);
  return json.set("url", "https://" + scene.host + resource->http()->prefix + scene.path);
}

Json answer_json(const policy::Answer& answer) {
  const bool allowed = answer.outcome == policy::Outcome::allow;
  auto json = Json::object({{"decision", allowed                                   ? "allow"
                                         : answer.outcome == policy::Outcome::deny ? "deny"
                                                                                   : "error"},
                            {"rule", answer.rule},
                            {"role", answer.role}});
  if (!allowed) json.set("reason", name(answer.reason)).set("found", answer.found);
  return json;
}

Json way_json(const Way& way) {
  const auto& grant = way.grant;
  Json fences = Json::array();
  for (const auto* rule : way.fences)
    fences.push(Json::object({{"rule", rule->place.rule}, {"name", rule->name}, {"what", policy::in_words(*rule)}}));
  auto json = Json::object({{"permission", grant.action.text()},
                            {"who", way.who},
                            {"role", grant.role->name},
                            {"binding", grant.binding->place.rule},
                            {"rule", grant.permission->place.rule},
                            {"when", policy::canonical(grant.permission->when)},
                            {"forks", grant.binding->forks},
                            {"session", policy::in_words(grant.role->limits)},
                            {"may_be_denied_by", std::move(fences)}});
  if (way.sample) {
    json.set("shown", way.shown);
    json.set("sample", scene_json(*way.sample, grant.action.resource));
    json.set("comes_to", answer_json(way.answer));
  }
  return json;
}

void print_scene(const Scene& scene, const policy::Resource* resource, const Output& out) {
  out.line("        claims   " + printable(scene.claims.dump()));
  if (!scene.facts.array_items()->empty()) out.line("        facts    " + printable(scene.facts.dump()));
  if (const auto json = scene_json(scene, resource); json.find("url") != nullptr)
    out.line("        request  " + printable(scene.method + " " + std::string(json.string_or("url", ""))));
  out.line("        at       " + to_rfc3339(scene.at));
}

void print_way(const Way& way, const Output& out) {
  const auto& grant = way.grant;
  out.line(out.strong(printable(grant.action.text())) + "  " + printable(way.who) + "  (" +
           printable(grant.binding->place.rule) + ")");
  out.line("  role     " + printable(grant.role->name) + ", by " + printable(grant.permission->place.rule));
  if (grant.permission->when) out.line("  while    " + printable(policy::canonical(grant.permission->when)));
  out.line(std::string("  forks    ") + (grant.binding->forks ? "admitted" : "not admitted"));
  out.line("  session  " + policy::in_words(grant.role->limits));
  for (const auto* rule : way.fences)
    out.line("  but      " + printable(policy::in_words(*rule)) + "  (" + printable(rule->place.rule) + ")");
  if (!way.sample) {
    out.line("  sample   none: no claims were found that the binding matches");
    return;
  }
  if (way.shown)
    out.line("  sample   " + out.good("allowed"));
  else
    out.line("  sample   nobody was found who comes through this way; this one is " +
             out.bad(policy::in_words(way.answer)) +
             (way.answer.found.empty() ? "" : ": " + printable(way.answer.found)) + "  (" + printable(way.answer.rule) +
             ")");
  print_scene(*way.sample, grant.action.resource, out);
}

Json change_json(const Change& change, const policy::Policy& before, const policy::Policy& after) {
  Json permissions = Json::array();
  for (const auto& permission : change.permissions) permissions.push(permission);
  auto json = Json::object({{"kind", policy::name(change.kind)},
                            {"effect", policy::effect_of(change)},
                            {"grants", change.grants},
                            {"takes", change.takes},
                            {"shown", change.shown},
                            {"who", change.who},
                            {"permissions", std::move(permissions)},
                            {"what", change.what},
                            {"where", change.where}});
  if (!change.sample) return json;
  const auto name = change.permissions.front().substr(0, change.permissions.front().find('/'));
  const auto* resource = after.resource(name) != nullptr ? after.resource(name) : before.resource(name);
  json.set("sample", scene_json(*change.sample, resource));
  return json.set("before", answer_json(*change.before)).set("after", answer_json(*change.after));
}

void print_change(const Change& change, const policy::Policy& before, const policy::Policy& after, const Output& out) {
  const auto effect = policy::effect_of(change);
  out.line((change.grants ? out.bad(effect) : out.strong(effect)) + "  " + std::string(policy::name(change.kind)) +
           "  " + printable(change.who) + (change.where.empty() ? "" : "  (" + printable(change.where) + ")"));
  std::string permissions;
  for (const auto& permission : change.permissions) permissions += (permissions.empty() ? "" : ", ") + permission;
  if (!permissions.empty()) out.line("        what     " + printable(permissions));
  out.line("        why      " + printable(change.what));
  if (!change.sample) return;
  const auto name = change.permissions.front().substr(0, change.permissions.front().find('/'));
  const auto* resource = after.resource(name);
  print_scene(*change.sample, resource ? resource : before.resource(name), out);
  out.line("        before   " + policy::in_words(*change.before));
  out.line("        after    " + policy::in_words(*change.after));
}

void print(const policy::PolicyDiff& diff, const policy::Policy& before, const policy::Policy& after,
           const PolicyDiffOptions& options, const Output& out) {
  if (out.json()) {
    Json changes = Json::array();
    for (const Change& change : diff.changes) changes.push(change_json(change, before, after));
    out.value(Json::object({{"summary", policy::summary_of(diff)},
                            {"grants", diff.grants()},
                            {"takes", diff.takes()},
                            {"exhausted", diff.exhausted},
                            {"changes", std::move(changes)}}));
  } else if (options.markdown) {
    auto text = policy::markdown(diff);
    text.pop_back();  // line() ends it
    out.line(text);
  } else {
    out.line(policy::summary_of(diff));
    for (std::size_t i = 0; i < std::min(diff.changes.size(), kMostShown); ++i)
      print_change(diff.changes[i], before, after, out);
    if (diff.changes.size() > kMostShown)
      out.line(std::to_string(diff.changes.size() - kMostShown) + " more changes: --json has all of them");
    if (diff.exhausted) out.line("so much differs that not all of it was tried thoroughly");
  }
}

}  // namespace

int policy_who_can(const WhoCanOptions& options, const Output& out) {
  auto issuers = issuers_of(options.config);
  if (!issuers) return out.errors(issuers.error());
  auto at = time_or_now(options.at);
  if (!at) return out.error(at.error());
  auto policy = policy::Policy::load(options.directory);
  if (!policy) return out.errors(policy.error());
  auto ways = policy::who_can(**policy, options.permission, *issuers, *at);
  if (!ways) return out.error(ways.error());
  Json list = Json::array();
  for (const Way& way : *ways)
    if (out.json())
      list.push(way_json(way));
    else
      print_way(way, out);
  if (out.json())
    out.value(Json::object({{"ways", std::move(list)}}));
  else if (ways->empty())
    out.line("nobody: no role allows " + printable(options.permission));
  return ways->empty() ? kDenied : kOk;
}

int policy_diff(const PolicyDiffOptions& options, const Output& out) {
  auto issuers = issuers_of(options.config);
  if (!issuers) return out.errors(issuers.error());
  auto at = time_or_now(options.at);
  if (!at) return out.error(at.error());
  auto before = policy::Policy::load(options.before), after = policy::Policy::load(options.after);
  if (!before) return out.errors(before.error());
  if (!after) return out.errors(after.error());
  const auto until = std::chrono::steady_clock::now() + kLongestDiff;
  auto found =
      policy::diff(**before, **after, *issuers, *at, [until] { return std::chrono::steady_clock::now() < until; });
  print(found, **before, **after, options, out);
  const bool fails = options.fail_on == "any"      ? found.grants() || found.takes()
                     : options.fail_on == "grants" ? found.grants()
                                                   : false;
  return fails ? kDenied : kOk;
}

}  // namespace watchword::cli
