// Finds the matchers that match a principal without trying them all: each stands under its most selective claim value.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "issuer/claim_path.h"
#include "issuer/principal.h"
#include "policy/matcher.h"

namespace watchword::policy {

// Immutable; borrows the matchers. Any thread.
class MatcherIndex {
 public:
  explicit MatcherIndex(std::vector<const Matcher*> matchers);
  // Positions within `matchers` of all that match, ascending. Costs a look-up for each claim name that serves as a key,
  // and a trial of those few found; of the rest, those that no key fits (only regular expressions or booleans) are
  // tried.
  std::vector<std::uint32_t> matching(const issuer::Principal& principal) const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  using Table = std::unordered_map<std::string, std::vector<std::uint32_t>, Hash, std::equal_to<>>;
  struct ByClaim {
    issuer::ClaimPath claim;
    Table exact;     // by the whole value
    Table prefixes;  // by the value's beginning, up to and with a '/'
  };
  struct ByIssuer {
    std::vector<ByClaim> claims;
    std::vector<std::uint32_t> rest;
  };

  void insert(std::uint32_t id, const ClaimTest* under);
  static void look_up(const ByClaim& by, issuer::ClaimView value, std::vector<std::uint32_t>& found);
  void collect(std::string_view issuer, issuer::ClaimView claims, std::vector<std::uint32_t>& found) const;

  std::vector<const Matcher*> matchers_;
  std::map<std::string, ByIssuer, std::less<>> issuers_;  // "" holds those for any issuer
};

}  // namespace watchword::policy
