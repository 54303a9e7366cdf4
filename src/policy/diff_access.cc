// Bindings and what their roles allow, and on what conditions.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "policy/diff_side.h"
#include "policy/words.h"

namespace watchword::policy {
namespace {

// What the roles of a binding allow more, less, and under another condition.
struct Delta {
  std::vector<Right> added, removed;
  std::vector<std::pair<Right, Right>> changed;
};

std::vector<Right> all_rights(const Side& side, const RoleList& roles) {
  std::vector<Right> out;
  for (const Role* role : roles) std::ranges::copy(side.rights_of(*role), std::back_inserter(out));
  std::ranges::sort(out, {}, &Right::key);
  out.erase(std::ranges::unique(out, {}, &Right::key).begin(), out.end());
  return out;
}

Delta delta_of(const Side& before, const RoleList& old_roles, const Side& after, const RoleList& new_roles) {
  const auto olds = all_rights(before, old_roles), news = all_rights(after, new_roles);
  Delta out;
  std::ranges::set_difference(news, olds, std::back_inserter(out.added), {}, &Right::key, &Right::key);
  std::ranges::set_difference(olds, news, std::back_inserter(out.removed), {}, &Right::key, &Right::key);
  for (auto old = out.removed.begin(); old != out.removed.end();) {
    const auto now = std::ranges::find(out.added, old->name, &Right::name);
    if (now == out.added.end()) {
      ++old;
      continue;
    }
    out.changed.emplace_back(std::move(*old), std::move(*now));
    out.added.erase(now);
    old = out.removed.erase(old);
  }
  return out;
}

class AccessDiff {
 public:
  AccessDiff(const Comparison& sides, std::vector<Change>& out) : sides_(sides), out_(out) {}

  void run() {
    for (std::size_t i = 0; i < sides_.after.bindings.size(); ++i) compare(sides_.after, i);
    for (std::size_t i = 0; i < sides_.before.bindings.size(); ++i)
      if (!sides_.after.roles_by_key.contains(sides_.before.keys[i])) compare(sides_.before, i);
  }

 private:
  void compare(const Side& of, std::size_t number) {
    const std::string& key = of.keys[number];
    const auto &olds = sides_.before.roles_of(key), &news = sides_.after.roles_of(key);
    if (!done_.insert(key).second) return;
    const auto [at, fresh] = deltas_.try_emplace({olds, news});
    if (fresh) at->second = delta_of(sides_.before, olds, sides_.after, news);
    const Matcher& matcher = *of.bindings[number].matcher;
    report(sides_.after, sides_.before, matcher, news, at->second.added, true);
    report(sides_.before, sides_.after, matcher, olds, at->second.removed, false);
    for (const auto& [old, now] : at->second.changed) report_condition(matcher, old, olds, now, news);
  }

  const Role* role_with(const Side& side, const RoleList& roles, const Right& right) const {
    for (const Role* role : roles)
      if (std::ranges::find(side.rights_of(*role), right.key, &Right::key) != side.rights_of(*role).end()) return role;
    return roles.front();
  }

  Judged judged(const Side& allowing, const Side& denying, const Matcher& matcher, const RoleList& roles,
                const Right& right) {
    const Grant grant{role_with(allowing, roles, right), &matcher, right.permission, right.action};
    return judge(allowing, denying, grant, right, sides_.issuers, sides_.at, sides_.effort);
  }

  static void show(Change& change, const Shown& example, bool grants) {
    change.shown = true;
    change.sample = example.scene;
    change.before = grants ? example.after : example.before;
    change.after = grants ? example.before : example.after;
  }

  // Rights that one sample shows are one change.
  void report(const Side& allowing, const Side& denying, const Matcher& matcher, const RoleList& roles,
              const std::vector<Right>& rights, bool grants) {
    const std::size_t first = out_.size();
    for (const Right& right : rights) {
      const auto same =
          std::find_if(out_.begin() + static_cast<std::ptrdiff_t>(first), out_.end(), [&](const Change& change) {
            return change.sample && sides_.effort.spend() && differs(allowing, denying, right.action, *change.sample);
          });
      if (same != out_.end()) {
        same->permissions.push_back(right.name);
        continue;
      }
      const Judged found = judged(allowing, denying, matcher, roles, right);
      if (found.finding == Finding::nothing) continue;
      const Role& role = *role_with(allowing, roles, right);
      Change change{Change::Kind::access, grants,       !grants, false,
                    in_words(matcher),    {right.name}, {},      matcher.place.rule};
      change.what = fmt::format("role {} {}", role.name, grants ? "gives it" : "gave it");
      if (right.permission->when) change.what += " while " + canonical(right.permission->when);
      if (!found.obstacle.empty()) change.what += "; " + found.obstacle;
      if (found.example) show(change, *found.example, grants);
      out_.push_back(std::move(change));
    }
  }

  void report_condition(const Matcher& matcher, const Right& old, const RoleList& olds, const Right& now,
                        const RoleList& news) {
    const Judged more = judged(sides_.after, sides_.before, matcher, news, now),
                 less = judged(sides_.before, sides_.after, matcher, olds, old);
    if (more.finding == Finding::nothing && less.finding == Finding::nothing) return;
    Change change{Change::Kind::condition, false,      false, false,
                  in_words(matcher),       {now.name}, {},    now.permission->place.rule};
    const auto shown_text = [](const Right& right) {
      return (right.permission->when ? "while " + canonical(right.permission->when) : "always") +
             (right.permission->accept > Duration::zero()
                  ? fmt::format(", facts accepted for {}", watchword::to_string(right.permission->accept))
                  : std::string());
    };
    const std::string what = fmt::format("was allowed {}, is allowed {}", shown_text(old), shown_text(now));
    for (const auto& [found, grants] : {std::pair(&more, true), std::pair(&less, false)}) {
      if (found->finding == Finding::nothing) continue;
      if (found->finding == Finding::may && (more.finding == Finding::shown || less.finding == Finding::shown))
        continue;
      Change one = change;
      one.grants = grants;
      one.takes = !grants;
      one.what = fmt::format("{}: {}", what, relation(more.finding, less.finding));
      if (found->example) show(one, *found->example, grants);
      out_.push_back(std::move(one));
    }
  }

  static std::string_view relation(Finding more, Finding less) {
    if (more == Finding::shown && less == Finding::shown) return "wider for some, narrower for others";
    if (less == Finding::nothing) return "wider";
    if (more == Finding::nothing) return "narrower";
    if (more == Finding::shown) return "wider for the sample, and may be narrower for others";
    if (less == Finding::shown) return "narrower for the sample, and may be wider for others";
    return "may be wider or narrower";
  }

  const Comparison& sides_;
  std::vector<Change>& out_;
  std::set<std::string> done_;  // bindings, by what they say
  std::map<std::pair<RoleList, RoleList>, Delta> deltas_;
};

}  // namespace

void diff_access(const Comparison& sides, std::vector<Change>& out) { AccessDiff(sides, out).run(); }

}  // namespace watchword::policy
