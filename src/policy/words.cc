#include "policy/words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "policy/cel/lexer.h"

namespace watchword::policy {
namespace {

std::string text_of(const Wanted& wanted) {
  if (const auto* pattern = std::get_if<Pattern>(&wanted)) return pattern->text();
  if (const auto* integer = std::get_if<std::int64_t>(&wanted)) return fmt::format("{}", *integer);
  return std::get<bool>(wanted) ? "true" : "false";
}

// Only true, or only false.
std::optional<bool> flag_of(const ClaimTest* test) {
  if (test == nullptr || test->any_of.size() != 1) return std::nullopt;
  const bool* flag = std::get_if<bool>(&test->any_of.front());
  return flag == nullptr ? std::nullopt : std::optional(*flag);
}

const ClaimTest* find(const Matcher& matcher, std::string_view claim) {
  const auto at =
      std::ranges::find_if(matcher.claims, [&](const ClaimTest& test) { return test.claim.text() == claim; });
  return at == matcher.claims.end() ? nullptr : &*at;
}

std::string ref_in_words(const Matcher& matcher) {
  const ClaimTest *ref = find(matcher, "ref"), *protection = find(matcher, "ref_protected");
  const auto flag = flag_of(protection);
  if (ref == nullptr && !flag) return {};
  std::string out = !flag ? " on " : (*flag ? " on protected " : " on unprotected ");
  return out + (ref == nullptr ? "refs" : "ref " + wanted_by(*ref));
}

// The claims that have words of their own, in the order of the sentence.
struct Phrase {
  std::string_view claim, words;
};
constexpr std::array<Phrase, 6> kPhrases{{{"namespace_path", " in namespace "},
                                          {"project_path", " in project "},
                                          {"project_id", " in the project with id "},
                                          {"environment", ", environment "},
                                          {"ref_type", ", ref type "},
                                          {"user_login", ", started by "}}};

bool has_words(const ClaimTest& test, bool flag) {
  const std::string& claim = test.claim.text();
  return claim == "ref" || (claim == "ref_protected" && flag) ||
         std::ranges::find(kPhrases, claim, &Phrase::claim) != kPhrases.end();
}

std::string_view kind_in_words(issuer::Kind kind) {
  constexpr std::array<std::string_view, 4> kWords{"jobs", "services", "persons", "agents"};
  return kWords.at(static_cast<std::size_t>(kind));
}

std::string to_in_words(const DenyRule& rule) {
  std::vector<std::string> out;
  for (const Matcher& matcher : rule.to) out.push_back(in_words(matcher));
  return out.empty() ? "everyone" : fmt::format("{}", fmt::join(out, "; or "));
}

}  // namespace

std::string in_words(const Matcher& matcher) {
  std::string out(kind_in_words(matcher.kind));
  if (!matcher.issuer.empty()) out += " of " + matcher.issuer;
  for (const auto& [claim, words] : kPhrases) {
    if (claim == "environment") out += ref_in_words(matcher);
    if (const ClaimTest* test = find(matcher, claim)) out += std::string(words) + wanted_by(*test);
  }
  const bool flag = flag_of(find(matcher, "ref_protected")).has_value();
  for (const ClaimTest& test : matcher.claims)
    if (!has_words(test, flag)) out += ", with " + test.claim.text() + " " + wanted_by(test);
  return matcher.forks ? out + ", and of its forks" : out;
}

std::string in_words(const SessionLimits& limits) {
  std::vector<std::string> out{fmt::format("up to {}", watchword::to_string(limits.ttl)),
                               limits.ends_with_job ? "ends with its job" : "outlives its job",
                               limits.proof == Proof::dpop ? "tokens bound to a key (dpop)" : "bearer tokens"};
  if (limits.single_exchange) out.emplace_back("one exchange");
  if (limits.drain > Duration::zero()) out.push_back(fmt::format("drains for {}", watchword::to_string(limits.drain)));
  if (limits.quota.rate.count != 0) out.push_back(fmt::format("rate {}", to_string(limits.quota.rate)));
  if (limits.quota.concurrent != 0) out.push_back(fmt::format("{} at once", limits.quota.concurrent));
  if (limits.quota.bytes != 0) out.push_back(bytes_to_string(limits.quota.bytes));
  return fmt::format("{}", fmt::join(out, ", "));
}

std::string in_words(const DenyRule& rule) {
  std::vector<std::string> permissions;
  for (const DenyRule::Fence& fence : rule.permissions) permissions.push_back(fence.text);
  std::string out = fmt::format("denies {} {}", to_in_words(rule), fmt::join(permissions, ", "));
  if (rule.when) out += " when " + canonical(rule.when);
  if (rule.unless) out += " unless " + canonical(rule.unless);
  return out;
}

std::string canonical(const ClaimTest& test) {
  std::vector<std::string> words;
  for (const Wanted& wanted : test.any_of) words.push_back(fmt::format("{}{}", wanted.index(), text_of(wanted)));
  std::ranges::sort(words);
  words.erase(std::ranges::unique(words).begin(), words.end());
  return fmt::format("{}\x1e{}", test.claim.text(), fmt::join(words, "\x1f"));
}

std::string canonical(const Matcher& matcher) {
  std::vector<std::string> tests;
  for (const ClaimTest& test : matcher.claims) tests.push_back(canonical(test));
  std::ranges::sort(tests);
  return fmt::format("{}\x1d{}\x1d{}\x1d{}", issuer::name(matcher.kind), matcher.issuer, matcher.forks,
                     fmt::join(tests, "\x1d"));
}

std::string canonical(const std::optional<Condition>& condition) {
  return condition ? cel::on_one_line(condition->text() + "\n") : std::string();
}

std::vector<std::string> canonical(const DenyRule& rule) {
  std::vector<std::string> whom;
  for (const Matcher& matcher : rule.to) whom.push_back(canonical(matcher));
  if (whom.empty()) whom.emplace_back("everyone");
  std::vector<std::string> out;
  for (const DenyRule::Fence& fence : rule.permissions)
    for (const std::string& one : whom)
      out.push_back(fmt::format("{}\x1c{}\x1c{}\x1c{}", fence.text, one, canonical(rule.when), canonical(rule.unless)));
  return out;
}

}  // namespace watchword::policy
