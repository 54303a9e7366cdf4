#include "policy/near_miss.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace watchword::policy {
namespace {

constexpr std::size_t kLongest = 200;  // bytes of a value that is told

// The narrower first: a binding stands under the first of these that it has. GitLab's and GitHub's names.
constexpr auto kProject =
    std::to_array<std::string_view>({"project_id", "project_path", "repository_id", "repository", "namespace_id",
                                     "namespace_path", "repository_owner_id", "repository_owner"});
constexpr std::size_t kWholeProject = 4;  // of these, the first: a project; the others a group of them

constexpr auto kCircumstance = std::to_array<std::string_view>(
    {"ref", "ref_type", "ref_path", "ref_protected", "environment", "environment_protected", "environment_action",
     "deployment_tier", "pipeline_source", "job_source", "runner_environment", "event_name", "base_ref", "head_ref"});

bool is_circumstance(const ClaimTest& test) {
  return std::ranges::find(kCircumstance, test.claim.text()) != kCircumstance.end();
}

// Without case, and without slashes at either end.
std::string plain(std::string_view project) {
  while (project.starts_with('/')) project.remove_prefix(1);
  while (project.ends_with('/')) project.remove_suffix(1);
  return ascii_lower(project);
}

std::optional<std::string> exact_text(const Wanted& wanted) {
  if (const auto* pattern = std::get_if<Pattern>(&wanted); pattern != nullptr && pattern->exact())
    return pattern->text();
  if (const auto* integer = std::get_if<std::int64_t>(&wanted)) return fmt::format("{}", *integer);
  return std::nullopt;
}

// Every value that the test takes; none where one of them is a pattern.
std::vector<std::string> exact_texts(const ClaimTest& test) {
  std::vector<std::string> out;
  for (const Wanted& wanted : test.any_of) {
    auto text = exact_text(wanted);
    if (!text) return {};
    out.push_back(*std::move(text));
  }
  return out;
}

std::string value_of(std::string_view claim, const issuer::Principal& principal) {
  const auto value = principal.claims.find(claim);
  if (!value) return {};
  if (const auto integer = value->integer()) return fmt::format("{}", *integer);
  return std::string(value->string().value_or(""));
}

bool names_project(const ClaimTest& test, std::size_t among) {
  const auto end = kProject.begin() + static_cast<std::ptrdiff_t>(among);
  return std::find(kProject.begin(), end, test.claim.text()) != end;
}

// The caller's own project, as the test writes it.
std::optional<std::string> same_project(const ClaimTest& test, const issuer::Principal& principal) {
  if (!names_project(test, kProject.size())) return std::nullopt;
  const std::string own = plain(value_of(test.claim.text(), principal));
  if (own.empty()) return std::nullopt;
  for (std::string& wanted : exact_texts(test))
    if (plain(wanted) == own) return std::move(wanted);
  return std::nullopt;
}

bool names_own_project(const Matcher& matcher, const ClaimTest& failed) {
  return std::ranges::any_of(matcher.claims, [&](const ClaimTest& test) {
    return &test != &failed && names_project(test, kWholeProject) && !exact_texts(test).empty();
  });
}

// What may be a slip of the pen, for the author: any claim but another project's name.
bool may_be_meant(const ClaimTest& test, const issuer::Principal& principal) {
  if (!names_project(test, kProject.size()) || same_project(test, principal)) return true;
  return nearest(value_of(test.claim.text(), principal), exact_texts(test)).has_value();
}

std::string cut(std::string text) {
  if (text.size() > kLongest) text = text.substr(0, kLongest) + "...";
  return text;
}

}  // namespace

std::optional<Miss> single_miss(const Matcher& matcher, const issuer::Principal& principal, Told told) {
  if (matcher.kind != principal.kind || matcher.issuer != principal.issuer) return std::nullopt;
  const auto* machine = principal.machine();
  const bool fork = machine != nullptr && machine->fork;
  if (told == Told::caller && (machine == nullptr || fork)) return std::nullopt;
  const ClaimTest* failed = nullptr;
  for (const ClaimTest& test : matcher.claims) {
    if (matches(test, principal.claims.view())) continue;
    if (failed != nullptr) return std::nullopt;
    failed = &test;
  }
  if (fork && !matcher.forks) {
    if (failed != nullptr) return std::nullopt;
    return Miss{"forks", "a job of a fork", "forks: true"};
  }
  if (failed == nullptr) return std::nullopt;
  const auto own = same_project(*failed, principal);
  const bool tell = told == Told::author
                        ? may_be_meant(*failed, principal)
                        : own || is_circumstance(*failed) ||
                              (!names_project(*failed, kProject.size()) && names_own_project(matcher, *failed));
  if (!tell) return std::nullopt;
  auto expected = own && told == Told::caller ? *own : wanted_by(*failed);  // no other project's name
  return Miss{failed->claim.text(), cut(found_by(*failed, principal)), cut(std::move(expected))};
}

NearIndex::NearIndex(const std::vector<const Matcher*>& matchers) {
  for (std::uint32_t i = 0; i < matchers.size(); ++i) {
    ByIssuer& by = issuers_[matchers[i]->issuer];
    bool placed = false;
    for (auto claim = kProject.begin(); claim != kProject.end() && !placed; ++claim)
      for (const ClaimTest& test : matchers[i]->claims) {
        if (placed || test.claim.text() != *claim) continue;
        for (const std::string& text : exact_texts(test)) {
          auto& named = by.named[fmt::format("{}={}", *claim, plain(text))];
          if (named.empty() || named.back() != i) named.push_back(i);
          placed = true;
        }
      }
    if (!placed) by.rest.push_back(i);
  }
}

std::vector<std::uint32_t> NearIndex::around(const issuer::Principal& principal) const {
  std::vector<std::uint32_t> out;
  const auto by = issuers_.find(principal.issuer);
  if (by == issuers_.end()) return out;
  for (const std::string_view claim : kProject) {
    const auto at = by->second.named.find(fmt::format("{}={}", claim, plain(value_of(claim, principal))));
    if (at != by->second.named.end()) out.insert(out.end(), at->second.begin(), at->second.end());
  }
  std::ranges::sort(out);
  out.resize(std::min(out.size(), kMost));
  const auto& rest = by->second.rest;
  out.insert(out.end(), rest.begin(), rest.begin() + static_cast<std::ptrdiff_t>(std::min(rest.size(), kMost)));
  std::ranges::sort(out);
  return out;
}

}  // namespace watchword::policy
