// What certainly lies within what. "No" means: not proven.
#pragma once

#include "policy/document.h"
#include "policy/matcher.h"

namespace watchword::policy {

// Every value that `inner` matches, `outer` matches too.
bool contains(const Pattern& outer, const Pattern& inner);
bool contains(const Wanted& outer, const Wanted& inner);
// Every principal that `inner` is about, `outer` is about too; forks count.
bool contains(const Matcher& outer, const Matcher& inner);
// Whatever `narrow` denies, `wide` denies too.
bool contains(const DenyRule& wide, const DenyRule& narrow);

// No principal is about both. Claims that are lists can match two values at once: only claims for which `scalar` holds
// can tell two matchers apart.
bool disjoint(const Matcher& a, const Matcher& b, bool (*scalar)(std::string_view claim));
// GitLab's claims that are never lists.
bool is_gitlab_scalar(std::string_view claim);

}  // namespace watchword::policy
