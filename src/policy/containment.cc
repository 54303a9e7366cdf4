#include "policy/containment.h"

#include <fmt/format.h>

#include <algorithm>

#include "issuer/profile.h"
#include "policy/words.h"

namespace watchword::policy {
namespace {

bool is_regex(const Pattern& pattern) { return pattern.text().starts_with("re:") && !pattern.exact(); }

// All of the glob behind its literal prefix.
std::string_view tail(const Pattern& glob) {
  return std::string_view(glob.text()).substr(glob.literal_prefix().size());
}

const ClaimTest* find(const Matcher& matcher, const ClaimTest& of) {
  const auto at =
      std::ranges::find_if(matcher.claims, [&](const ClaimTest& test) { return test.claim.text() == of.claim.text(); });
  return at == matcher.claims.end() ? nullptr : &*at;
}

bool contains(const ClaimTest& outer, const ClaimTest& inner) {
  return std::ranges::all_of(inner.any_of, [&](const Wanted& one) {
    return std::ranges::any_of(outer.any_of, [&](const Wanted& wide) { return contains(wide, one); });
  });
}

// Certainly no value that both match.
bool disjoint(const Wanted& a, const Wanted& b) {
  const auto *x = std::get_if<Pattern>(&a), *y = std::get_if<Pattern>(&b);
  if (x != nullptr && y != nullptr)
    return (x->exact() && !y->matches(x->text())) || (y->exact() && !x->matches(y->text()));
  const auto *p = std::get_if<bool>(&a), *q = std::get_if<bool>(&b);
  if ((p == nullptr) != (q == nullptr)) return true;  // a boolean matches no string and no number
  return p != nullptr && *p != *q;
}

bool disjoint(const ClaimTest& a, const ClaimTest& b) {
  return std::ranges::all_of(a.any_of, [&](const Wanted& one) {
    return std::ranges::all_of(b.any_of, [&](const Wanted& other) { return disjoint(one, other); });
  });
}

}  // namespace

bool contains(const Pattern& outer, const Pattern& inner) {
  if (outer.text() == inner.text()) return true;
  if (inner.exact()) return outer.matches(inner.text());
  if (outer.exact() || is_regex(outer) || is_regex(inner)) return false;
  const std::string_view wide = tail(outer), start = outer.literal_prefix();
  if (!inner.literal_prefix().starts_with(start)) return false;
  if (wide == "**") return true;
  const std::string_view rest = std::string_view(inner.text()).substr(start.size());
  return wide == "*" && !rest.contains('/') && !rest.contains("**");
}

bool contains(const Wanted& outer, const Wanted& inner) {
  const auto *wide = std::get_if<Pattern>(&outer), *narrow = std::get_if<Pattern>(&inner);
  if (wide != nullptr && narrow != nullptr) return contains(*wide, *narrow);
  if (outer.index() == inner.index())
    return outer.index() == 1 ? std::get<bool>(outer) == std::get<bool>(inner)
                              : std::get<std::int64_t>(outer) == std::get<std::int64_t>(inner);
  const auto* integer = std::get_if<std::int64_t>(&outer);
  return integer != nullptr && narrow != nullptr && narrow->exact() &&
         narrow->text() == fmt::format_int(*integer).str();
}

bool contains(const Matcher& outer, const Matcher& inner) {
  if (outer.kind != inner.kind || (inner.forks && !outer.forks)) return false;
  if (!outer.issuer.empty() && outer.issuer != inner.issuer) return false;
  return std::ranges::all_of(outer.claims, [&](const ClaimTest& wide) {
    const ClaimTest* narrow = find(inner, wide);
    return narrow != nullptr && contains(wide, *narrow);
  });
}

bool contains(const DenyRule& wide, const DenyRule& narrow) {
  const auto as_strict = [](const std::optional<Condition>& a, const std::optional<Condition>& b) {
    return !a || (b && canonical(a) == canonical(b));
  };
  if (!as_strict(wide.when, narrow.when) || !as_strict(wide.unless, narrow.unless)) return false;
  const bool permissions = std::ranges::all_of(narrow.permissions, [&](const DenyRule::Fence& fence) {
    return std::ranges::any_of(wide.permissions, [&](const DenyRule::Fence& one) {
      return contains(one.resource, fence.resource) && contains(one.action, fence.action);
    });
  });
  const auto named = [&](const Matcher& whom) {
    return std::ranges::any_of(wide.to, [&](const Matcher& one) { return contains(one, whom); });
  };
  return permissions && (wide.to.empty() || (!narrow.to.empty() && std::ranges::all_of(narrow.to, named)));
}

bool disjoint(const Matcher& a, const Matcher& b, bool (*scalar)(std::string_view claim)) {
  if (a.kind != b.kind) return true;
  if (!a.issuer.empty() && !b.issuer.empty() && a.issuer != b.issuer) return true;
  return std::ranges::any_of(a.claims, [&](const ClaimTest& test) {
    const ClaimTest* other = find(b, test);
    return other != nullptr && scalar(test.claim.text()) && disjoint(test, *other);
  });
}

bool is_gitlab_scalar(std::string_view claim) {
  static const std::vector<std::string> kClaims = issuer::documented_claims({issuer::ProfileName::gitlab, {}});
  return claim != "groups_direct" && claim != "user_identities" && claim != "job_config" && claim != "aud" &&
         std::ranges::find(kClaims, claim) != kClaims.end();
}

}  // namespace watchword::policy
