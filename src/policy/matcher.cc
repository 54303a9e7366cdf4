// Matching of claims.
#include "policy/matcher.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <ranges>

namespace watchword::policy {
namespace {

using issuer::ClaimView;

bool equals(std::int64_t wanted, ClaimView value) {
  if (const auto integer = value.integer()) return *integer == wanted;
  const auto text = value.string();
  return text && *text == fmt::format_int(wanted).str();
}

bool matches(const Wanted& wanted, ClaimView value) {
  if (const auto* pattern = std::get_if<Pattern>(&wanted)) {
    const auto text = value.string();
    return text && pattern->matches(*text);
  }
  if (const auto* integer = std::get_if<std::int64_t>(&wanted)) return equals(*integer, value);
  return value.boolean() == std::get<bool>(wanted);
}

std::string shown(const Wanted& wanted) {
  if (const auto* pattern = std::get_if<Pattern>(&wanted)) return pattern->text();
  if (const auto* integer = std::get_if<std::int64_t>(&wanted)) return fmt::format("{}", *integer);
  return std::get<bool>(wanted) ? "true" : "false";
}

std::string shown(const std::optional<ClaimView>& value) {
  if (!value || value->is_null()) return "absent";
  const auto text = value->string();
  return text ? (text->empty() ? "empty" : std::string(*text)) : value->dump();
}

}  // namespace

std::string found_by(const ClaimTest& test, const issuer::Principal& principal) {
  return shown(test.claim.find(principal.claims.view()));
}

std::string wanted_by(const ClaimTest& test) {
  std::vector<std::string> words;
  for (const Wanted& wanted : test.any_of) words.push_back(shown(wanted));
  return fmt::format("{}", fmt::join(words, " or "));
}

bool matches(const ClaimTest& test, ClaimView claims) {
  const auto value = test.claim.find(claims);
  if (!value) return false;
  const auto holds = [&](ClaimView one) {
    return std::ranges::any_of(test.any_of, [&](const Wanted& wanted) { return matches(wanted, one); });
  };
  if (!value->is_array()) return holds(*value);
  return std::ranges::any_of(std::views::iota(std::size_t{0}, value->size()),
                             [&](std::size_t i) { return holds(value->item(i)); });
}

bool matches(const Matcher& matcher, const issuer::Principal& principal) {
  return matcher.kind == principal.kind && (matcher.issuer.empty() || matcher.issuer == principal.issuer) &&
         std::ranges::all_of(matcher.claims,
                             [&](const ClaimTest& test) { return matches(test, principal.claims.view()); });
}

void explain(const Matcher& matcher, const issuer::Principal& principal, std::vector<std::string>& held,
             std::vector<std::string>& failed) {
  const auto note = [&](bool holds, std::string_view what, std::string_view is, std::string_view wanted) {
    if (holds)
      held.push_back(fmt::format("{} is {}", what, is));
    else
      failed.push_back(fmt::format("{} is {}, wanted {}", what, is, wanted));
  };
  note(matcher.kind == principal.kind, "the principal", issuer::name(principal.kind), issuer::name(matcher.kind));
  if (!matcher.issuer.empty()) note(matcher.issuer == principal.issuer, "issuer", principal.issuer, matcher.issuer);
  for (const ClaimTest& test : matcher.claims)
    note(matches(test, principal.claims.view()), test.claim.text(), found_by(test, principal), wanted_by(test));
}

}  // namespace watchword::policy
