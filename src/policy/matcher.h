// Which principals a binding or a deny rule is about: kind, issuer and claims, as in
//   job: { issuer: gitlab, project_path: acme/billing, ref_protected: true }
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "issuer/claim_path.h"
#include "issuer/principal.h"
#include "policy/pattern.h"
#include "policy/place.h"

namespace watchword::policy {

// A pattern matches strings, a boolean booleans; an integer matches integers and, because many issuers write numbers as
// strings (GitLab's project_id), the same in decimal digits.
using Wanted = std::variant<Pattern, bool, std::int64_t>;

struct ClaimTest {
  issuer::ClaimPath claim;
  std::vector<Wanted> any_of;
};
// A claim that is a list (groups_direct) matches when one of its items does. An absent or null claim never matches.
bool matches(const ClaimTest& test, issuer::ClaimView claims);

struct Matcher {
  issuer::Kind kind = issuer::Kind::job;
  std::string issuer;  // the configured name, exact; empty for any issuer (deny rules only)
  bool forks = false;  // a binding admits jobs of forks
  std::vector<ClaimTest> claims;
  Place place;
};
// Kind, issuer and claims; whether forks are admitted is the caller's question.
bool matches(const Matcher& matcher, const issuer::Principal& principal);

// What the principal's claim is ("main", "absent"), and what the test wants ("main or release/*").
std::string found_by(const ClaimTest& test, const issuer::Principal& principal);
std::string wanted_by(const ClaimTest& test);

// For explain: "project_path is acme/billing" into held, "ref is feature/x, wanted main" into failed.
void explain(const Matcher& matcher, const issuer::Principal& principal, std::vector<std::string>& held,
             std::vector<std::string>& failed);

}  // namespace watchword::policy
