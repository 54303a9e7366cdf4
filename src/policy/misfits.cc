// Bindings and deny rules against the configured issuers.
#include "policy/misfits.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "policy/matcher.h"

namespace watchword::policy {
namespace {

issuer::Kind kind_of(const issuer::Profile& profile) {
  if (profile.name == issuer::ProfileName::gitlab) return issuer::Kind::job;
  const auto* machine = std::get_if<issuer::MachineMapping>(&profile.mapping);
  return machine == nullptr ? issuer::Kind::person : machine->kind;
}

// Those that the matcher can be about.
std::vector<const ConfiguredIssuer*> meant_by(const Matcher& matcher, const std::vector<ConfiguredIssuer>& issuers) {
  std::vector<const ConfiguredIssuer*> out;
  for (const ConfiguredIssuer& issuer : issuers)
    if (matcher.issuer.empty() || matcher.issuer == issuer.name) out.push_back(&issuer);
  return out;
}

// The documented claim that was meant, when no issuer has this one.
std::optional<std::string> meant_claim(const std::string& path, const std::vector<const ConfiguredIssuer*>& issuers) {
  const std::string name = path.substr(0, path.find_first_of(".["));
  std::vector<std::string> words;
  for (const ConfiguredIssuer* issuer : issuers) {
    const auto claims = issuer::documented_claims(issuer->profile);
    if (claims.empty() || std::ranges::find(claims, name) != claims.end()) return std::nullopt;
    words.insert(words.end(), claims.begin(), claims.end());
  }
  return nearest(name, words);
}

void check(const Matcher& matcher, const std::vector<ConfiguredIssuer>& issuers, std::vector<Error>& out) {
  const auto refuse = [&](std::string found, std::string expected, std::string fix) {
    out.push_back({Reason::policy_invalid, std::move(found), std::move(expected), matcher.place.where, std::move(fix)});
  };
  auto meant = meant_by(matcher, issuers);
  if (meant.empty()) {
    std::vector<std::string> words;
    for (const ConfiguredIssuer& issuer : issuers) words.push_back(issuer.name);
    const auto near = nearest(matcher.issuer, words);
    return refuse(fmt::format("the issuer '{}'", matcher.issuer), "an issuer of watchword.yaml",
                  near ? fmt::format("did you mean '{}'?", *near) : "");
  }
  const issuer::Kind other = kind_of(meant.front()->profile);
  std::erase_if(meant, [&](const auto* issuer) { return kind_of(issuer->profile) != matcher.kind; });
  if (meant.empty())
    return refuse(fmt::format("'{}'", name(matcher.kind)),
                  fmt::format("'{}', which is what the issuer's tokens stand for", name(other)), {});
  for (const ClaimTest& test : matcher.claims)
    if (const auto near = meant_claim(test.claim.text(), meant))
      refuse(fmt::format("the claim '{}'", test.claim.text()), "a claim that the issuer's tokens have",
             fmt::format("did you mean '{}'?", *near));
}

}  // namespace

std::vector<Error> misfits(const Policy& policy, const std::vector<ConfiguredIssuer>& issuers) {
  std::vector<Error> out;
  for (const Matcher* matcher : policy.matchers()) check(*matcher, issuers, out);
  return out;
}

}  // namespace watchword::policy
