// What a valid policy says that can hardly be meant: for `watchword doctor`. Pure.
#pragma once

#include <vector>

#include "base/result.h"
#include "issuer/principal.h"
#include "policy/misfits.h"
#include "policy/policy.h"

namespace watchword::policy {

// All of them are policy_suspect, in the policy's order: where as file:line:column (of a resource its name), what was
// found, what was expected, and the fix. (A role without bindings does not load.)

// Resources of whose actions no role allows any.
std::vector<Error> idle_resources(const Policy& policy);

// Claims that bindings, deny rules and conditions test, and that none of the issuers sends that they are about, as far
// as these issuers' claims are documented: the binding never matches, the deny rule fences nothing, the condition
// fails. Claims one or two letters off a documented one are worse, and the business of misfits().
std::vector<Error> unsent_claims(const Policy& policy, const std::vector<ConfiguredIssuer>& issuers);

// Bindings with a claim that no identity in `seen` of the same issuer and kind has as wanted, with the nearest value
// that was seen. Nothing is said of issuers of which `seen` has nobody. At most kMostSuspects.
inline constexpr std::size_t kMostSuspects = 100;
std::vector<Error> never_matched(const Policy& policy, const std::vector<issuer::Principal>& seen);

}  // namespace watchword::policy
