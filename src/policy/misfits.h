// What a policy says of issuers that they cannot fulfil. The policy alone cannot know; `config check` and the gate can.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "issuer/profile.h"
#include "policy/policy.h"

namespace watchword::policy {

struct ConfiguredIssuer {
  std::string name;
  issuer::Profile profile;
};

// policy_invalid, each with its place: bindings and deny rules that name an issuer that is not configured, a kind of
// principal that the issuer never yields, or a claim one or two letters off a documented one. Such a binding could
// never match, and such a deny rule would fence nothing.
std::vector<Error> misfits(const Policy& policy, const std::vector<ConfiguredIssuer>& issuers);

}  // namespace watchword::policy
