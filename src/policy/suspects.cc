#include "policy/suspects.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>

#include "base/text.h"
#include "policy/cel/parser.h"
#include "policy/rules.h"

namespace watchword::policy {
namespace {

Error suspect(std::string where, std::string found, std::string expected, std::string fix) {
  return {Reason::policy_suspect, std::move(found), std::move(expected), std::move(where), std::move(fix)};
}

// What all of these can send; nothing when one of them can send anything.
std::optional<std::set<std::string>> documented(const std::vector<const ConfiguredIssuer*>& issuers) {
  std::set<std::string> out;
  for (const ConfiguredIssuer* issuer : issuers) {
    const auto claims = issuer::documented_claims(issuer->profile);
    if (claims.empty()) return std::nullopt;
    out.insert(claims.begin(), claims.end());
  }
  if (issuers.empty()) return std::nullopt;
  return out;
}

class ClaimCheck {
 public:
  ClaimCheck(const std::vector<ConfiguredIssuer>& issuers, std::vector<Error>& out) : issuers_(issuers), out_(out) {}

  void check(const Matcher& matcher) {
    const auto known = documented(meant_by({&matcher, 1}));
    for (const ClaimTest& test : matcher.claims) {
      const std::string& path = test.claim.text();
      const std::string name =
          path.contains('[') ? path.substr(0, path.find_first_of(".[")) : path.substr(0, path.find('.'));
      if (known && name != "claims" && !known->contains(name)) report(matcher.place.where, name, *known, "");
    }
  }

  // `about`: whom the condition is asked for; empty: anybody.
  void check(const std::optional<Condition>& condition, std::span<const Matcher> about, const std::string& where) {
    if (!condition) return;
    const auto known = documented(meant_by(about));
    cel::Program program(condition->text());
    if (!known || !cel::parse(program)) return;
    std::set<std::string_view> told;
    for (const cel::Node& node : program.nodes) {
      if (node.op != cel::Op::field || node.count == 0) continue;
      const cel::Node& of = program.operand(node, 0);
      const bool claims = of.op == cel::Op::variable && (of.name == "job" || of.name == "claims");
      if (claims && !known->contains(std::string(node.name)) && told.insert(node.name).second)
        report(where, std::string(node.name), *known, " in a condition");
    }
  }

 private:
  std::vector<const ConfiguredIssuer*> meant_by(std::span<const Matcher> matchers) const {
    std::vector<const ConfiguredIssuer*> out;
    for (const ConfiguredIssuer& issuer : issuers_)
      if (matchers.empty() || std::ranges::any_of(matchers, [&](const Matcher& matcher) {
            return matcher.issuer.empty() || matcher.issuer == issuer.name;
          }))
        out.push_back(&issuer);
    return out;
  }

  void report(const std::string& where, const std::string& name, const std::set<std::string>& known,
              std::string_view place) {
    const std::vector<std::string> words(known.begin(), known.end());
    const auto near = nearest(name, words);
    out_.push_back(suspect(where, fmt::format("the claim '{}'{}", name, place), "a claim that the issuer's tokens have",
                           near ? fmt::format("did you mean '{}'?", *near)
                                : "leave it out, unless a newer release of the issuer sends it"));
  }

  const std::vector<ConfiguredIssuer>& issuers_;
  std::vector<Error>& out_;
};

// The different values that a claim was seen with, as texts.
using Values = std::set<std::string, std::less<>>;

void add_value(issuer::ClaimView value, Values& out) {
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i) add_value(value.item(i), out);
  else if (const auto text = value.string())
    out.emplace(*text);
  else if (!value.is_null())
    out.insert(value.dump());
}

bool seen_as(const Wanted& wanted, const Values& values) {
  if (const auto* integer = std::get_if<std::int64_t>(&wanted)) return values.contains(fmt::format("{}", *integer));
  if (const bool* flag = std::get_if<bool>(&wanted)) return values.contains(*flag ? "true" : "false");
  const Pattern& pattern = std::get<Pattern>(wanted);
  if (pattern.exact()) return values.contains(pattern.text());
  return std::ranges::any_of(values, [&](const std::string& value) { return pattern.matches(value); });
}

class SeenIdentities {
 public:
  explicit SeenIdentities(const std::vector<issuer::Principal>& seen) {
    for (const issuer::Principal& one : seen) by_issuer_[{one.kind, one.issuer}].push_back(&one);
  }
  std::size_t count(const Matcher& matcher) const {
    const auto at = by_issuer_.find({matcher.kind, matcher.issuer});
    return at == by_issuer_.end() ? 0 : at->second.size();
  }
  const Values& values(const Matcher& matcher, const issuer::ClaimPath& claim) {
    const auto [at, fresh] = values_.try_emplace({matcher.kind, matcher.issuer, claim.text()});
    if (!fresh) return at->second;
    for (const issuer::Principal* one : by_issuer_[{matcher.kind, matcher.issuer}])
      if (const auto value = claim.find(one->claims.view())) add_value(*value, at->second);
    return at->second;
  }

 private:
  std::map<std::pair<issuer::Kind, std::string>, std::vector<const issuer::Principal*>> by_issuer_;
  std::map<std::tuple<issuer::Kind, std::string, std::string>, Values> values_;
};

Error unmatched(const Matcher& matcher, const ClaimTest& test, const Values& values, std::size_t seen) {
  const std::vector<std::string> words(values.begin(), values.end());
  std::optional<std::string> near;
  for (const Wanted& wanted : test.any_of)
    if (const auto* pattern = std::get_if<Pattern>(&wanted); pattern != nullptr && !near)
      near = nearest(pattern->text(), words);
  return suspect(
      matcher.place.where,
      fmt::format("{} {}, which none of {} seen identities of {} has", test.claim.text(), wanted_by(test), seen,
                  matcher.issuer),
      near ? *near : "a value that the issuer's tokens have had",
      near ? fmt::format("did you mean '{}'?", *near) : "leave the binding out, unless such a job is still to come");
}

}  // namespace

std::vector<Error> idle_resources(const Policy& policy) {
  std::set<std::string_view> used;
  for (const Role& role : rules_of(policy).roles)
    for (const Permission& permission : role.permissions) used.insert(permission.resource);
  std::vector<Error> out;
  for (const Resource* resource : policy.resources())
    if (!used.contains(resource->name()))
      out.push_back(suspect(resource->name(), fmt::format("the resource '{}', which no role allows", resource->name()),
                            "a role that allows one of its actions", "allow it in a role, or leave the resource out"));
  return out;
}

std::vector<Error> unsent_claims(const Policy& policy, const std::vector<ConfiguredIssuer>& issuers) {
  std::vector<Error> out;
  ClaimCheck claims(issuers, out);
  const Rules rules = rules_of(policy);
  for (const Role& role : rules.roles) {
    for (const Matcher& matcher : role.bindings) claims.check(matcher);
    for (const Permission& permission : role.permissions)
      claims.check(permission.when, role.bindings, permission.place.where);
  }
  for (const DenyRule& rule : rules.deny) {
    for (const Matcher& matcher : rule.to) claims.check(matcher);
    claims.check(rule.when, rule.to, rule.place.where);
    claims.check(rule.unless, rule.to, rule.place.where);
  }
  return out;
}

std::vector<Error> never_matched(const Policy& policy, const std::vector<issuer::Principal>& seen) {
  std::vector<Error> out;
  SeenIdentities identities(seen);
  for (const Role& role : rules_of(policy).roles)
    for (const Matcher& matcher : role.bindings) {
      const std::size_t count = identities.count(matcher);
      for (const ClaimTest& test : matcher.claims) {
        if (count == 0 || out.size() >= kMostSuspects) break;
        const Values& values = identities.values(matcher, test.claim);
        if (std::ranges::none_of(test.any_of, [&](const Wanted& wanted) { return seen_as(wanted, values); }))
          out.push_back(unmatched(matcher, test, values, count));
      }
    }
  return out;
}

}  // namespace watchword::policy
