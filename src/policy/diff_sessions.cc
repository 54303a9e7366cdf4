// What the sessions may be of those who hold the same bindings before and after.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "policy/diff_side.h"
#include "policy/words.h"

namespace watchword::policy {
namespace {

SessionLimits limits_of(const RoleList& roles) {
  SessionLimits out = roles.front()->limits;
  for (const Role* role : roles) {
    const SessionLimits& other = role->limits;
    out.ttl = std::min(out.ttl, other.ttl);
    out.ends_with_job |= other.ends_with_job;
    out.drain = std::min(out.drain, other.drain);
    out.single_exchange |= other.single_exchange;
    out.proof = std::max(out.proof, other.proof);
    out.quota = strictest(out.quota, other.quota);
  }
  return out;
}

// Some part of `a` is less strict than in `b`.
bool looser(const SessionLimits& a, const SessionLimits& b) {
  return a.ttl > b.ttl || (!a.ends_with_job && b.ends_with_job) || a.drain > b.drain ||
         (!a.single_exchange && b.single_exchange) || a.proof < b.proof || strictest(a.quota, b.quota) != a.quota;
}

// Of bindings whose sessions change alike, the first, and how many more there are.
struct Alike {
  Change change;
  std::size_t more = 0;
};

}  // namespace

void diff_sessions(const Comparison& sides, std::vector<Change>& out) {
  std::map<std::string, Alike> found;
  std::set<std::string> done;
  for (std::size_t i = 0; i < sides.after.bindings.size(); ++i) {
    const std::string& key = sides.after.keys[i];
    const RoleList &olds = sides.before.roles_of(key), &news = sides.after.roles_of(key);
    if (olds.empty() || !done.insert(key).second) continue;
    const SessionLimits old = limits_of(olds), now = limits_of(news);
    const bool wider = looser(now, old), tighter = looser(old, now);
    if (!wider && !tighter) continue;
    std::vector<std::string> names;
    for (const Role* role : news) names.push_back(role->name);
    const std::string what =
        fmt::format("sessions by role {}: were {}; are {}", fmt::join(names, ", "), in_words(old), in_words(now));
    const Change change{
        Change::Kind::session,   wider, tighter, true, in_words(*sides.after.bindings[i].matcher), {}, what,
        news.front()->place.rule};
    const auto [at, fresh] = found.try_emplace(what, Alike{change});
    if (!fresh) ++at->second.more;
  }
  for (auto& [what, alike] : found) {
    if (alike.more > 0) alike.change.who += fmt::format(", and {} more bindings", alike.more);
    out.push_back(std::move(alike.change));
  }
}

}  // namespace watchword::policy
