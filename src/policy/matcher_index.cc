// The index over claim values.
#include "policy/matcher_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace watchword::policy {
namespace {

constexpr std::ptrdiff_t kMostSegments = 32;  // of a prefix: bounds the look-ups that a long value costs

struct IndexKey {
  bool prefix;
  std::string text;
};

std::optional<IndexKey> key_of(const Wanted& wanted) {
  if (const auto* integer = std::get_if<std::int64_t>(&wanted)) return IndexKey{false, fmt::format("{}", *integer)};
  const auto* pattern = std::get_if<Pattern>(&wanted);
  if (pattern == nullptr) return std::nullopt;
  if (pattern->exact()) return IndexKey{false, pattern->text()};
  const std::string_view literal = pattern->literal_prefix();
  const auto slash = literal.rfind('/');
  if (slash == std::string_view::npos || std::ranges::count(literal, '/') > kMostSegments) return std::nullopt;
  return IndexKey{true, std::string(literal.substr(0, slash + 1))};
}

// The keys under which a test can be found; none when one of its alternatives has no key.
std::vector<IndexKey> keys_of(const ClaimTest& test) {
  std::vector<IndexKey> keys;
  for (const Wanted& wanted : test.any_of) {
    auto key = key_of(wanted);
    if (!key) return {};
    keys.push_back(*std::move(key));
  }
  return keys;
}

using Counts = std::unordered_map<std::string, std::size_t>;
std::string count_key(const Matcher& matcher, const ClaimTest& test, const IndexKey& key) {
  return fmt::format("{}\x1f{}\x1f{}\x1f{}", matcher.issuer, test.claim.text(), key.prefix, key.text);
}

Counts count(const std::vector<const Matcher*>& matchers) {
  Counts counts;
  for (const Matcher* matcher : matchers)
    for (const ClaimTest& test : matcher->claims)
      for (const IndexKey& key : keys_of(test)) ++counts[count_key(*matcher, test, key)];
  return counts;
}

// The test whose keys are shared with the fewest other matchers; null when no test has keys.
const ClaimTest* most_selective(const Matcher& matcher, const Counts& counts) {
  const ClaimTest* best = nullptr;
  std::size_t fewest = std::numeric_limits<std::size_t>::max();
  for (const ClaimTest& test : matcher.claims) {
    const auto keys = keys_of(test);
    if (keys.empty()) continue;
    std::size_t most_shared = 0;
    for (const IndexKey& key : keys) most_shared = std::max(most_shared, counts.at(count_key(matcher, test, key)));
    if (most_shared >= fewest) continue;
    fewest = most_shared;
    best = &test;
  }
  return best;
}

}  // namespace

MatcherIndex::MatcherIndex(std::vector<const Matcher*> matchers) : matchers_(std::move(matchers)) {
  const Counts counts = count(matchers_);
  for (std::uint32_t id = 0; id < matchers_.size(); ++id) insert(id, most_selective(*matchers_[id], counts));
}

void MatcherIndex::insert(std::uint32_t id, const ClaimTest* under) {
  ByIssuer& by_issuer = issuers_[matchers_[id]->issuer];
  if (under == nullptr) {
    by_issuer.rest.push_back(id);
    return;
  }
  auto by = std::ranges::find_if(by_issuer.claims,
                                 [&](const ByClaim& one) { return one.claim.text() == under->claim.text(); });
  if (by == by_issuer.claims.end()) by = by_issuer.claims.insert(by, ByClaim{under->claim, {}, {}});
  for (IndexKey& key : keys_of(*under)) (key.prefix ? by->prefixes : by->exact)[std::move(key.text)].push_back(id);
}

void MatcherIndex::look_up(const ByClaim& by, issuer::ClaimView value, std::vector<std::uint32_t>& found) {
  const auto add = [&](const Table& table, std::string_view key) {
    if (const auto at = table.find(key); at != table.end())
      found.insert(found.end(), at->second.begin(), at->second.end());
  };
  if (const auto integer = value.integer()) {
    const fmt::format_int digits(*integer);
    return add(by.exact, {digits.data(), digits.size()});
  }
  const auto text = value.string();
  if (!text) return;
  add(by.exact, *text);
  if (by.prefixes.empty()) return;
  auto slash = text->find('/');
  for (std::ptrdiff_t i = 0; i < kMostSegments && slash != std::string_view::npos;
       ++i, slash = text->find('/', slash + 1))
    add(by.prefixes, text->substr(0, slash + 1));
}

void MatcherIndex::collect(std::string_view issuer, issuer::ClaimView claims, std::vector<std::uint32_t>& found) const {
  const auto by_issuer = issuers_.find(issuer);
  if (by_issuer == issuers_.end()) return;
  found.insert(found.end(), by_issuer->second.rest.begin(), by_issuer->second.rest.end());
  for (const ByClaim& by : by_issuer->second.claims) {
    const auto value = by.claim.find(claims);
    if (!value) continue;
    if (!value->is_array())
      look_up(by, *value, found);
    else
      for (std::size_t i = 0; i < value->size(); ++i) look_up(by, value->item(i), found);
  }
}

std::vector<std::uint32_t> MatcherIndex::matching(const issuer::Principal& principal) const {
  std::vector<std::uint32_t> found;
  collect(principal.issuer, principal.claims.view(), found);
  if (!principal.issuer.empty()) collect("", principal.claims.view(), found);
  std::ranges::sort(found);
  found.erase(std::ranges::unique(found).begin(), found.end());
  std::erase_if(found, [&](std::uint32_t id) { return !matches(*matchers_[id], principal); });
  return found;
}

}  // namespace watchword::policy
