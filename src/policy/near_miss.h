// Which single part of a binding does not fit a principal, and who may be told of it. Internal to policy/.
//
// A job must not learn by probing what the policy holds for other projects. So a caller is told of a binding only when
// exactly one of its claims fails (all others hold, also those that name a project) and that claim
//   - tells the job's circumstance (ref, environment, pipeline source and the like), or
//   - is another one, of a binding that names the caller's own project to the letter, or
//   - names the project, and differs by nothing but case or slashes: CI systems know no two such projects.
// Persons and jobs of forks are told none. The policy's author sees everything anyway.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/matcher.h"
#include "policy/policy.h"

namespace watchword::policy {

struct Miss {
  std::string part, found, expected;
};
std::optional<Miss> single_miss(const Matcher& matcher, const issuer::Principal& principal, Told told);

// Finds the bindings that may come near, without trying them all. Immutable; keeps nothing of the matchers.
class NearIndex {
 public:
  // Of each sort, in the policy's order: those that name the caller's project or namespace, and those that name none.
  static constexpr std::size_t kMost = 256;

  explicit NearIndex(const std::vector<const Matcher*>& matchers);
  // Ascending positions within `matchers`, at most 2 * kMost.
  std::vector<std::uint32_t> around(const issuer::Principal& principal) const;

 private:
  struct ByIssuer {
    std::map<std::string, std::vector<std::uint32_t>, std::less<>> named;  // by claim and value
    std::vector<std::uint32_t> rest;
  };
  std::map<std::string, ByIssuer, std::less<>> issuers_;
};

}  // namespace watchword::policy
