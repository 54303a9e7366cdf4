// A scene: who asks, when, and what is true then, as `policy explain` takes it. Scenes are made up to try a policy
// with; what is said of one was found by asking the policy.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "issuer/profile.h"
#include "policy/claim_setter.h"
#include "policy/matcher.h"
#include "policy/misfits.h"
#include "policy/policy.h"

namespace watchword::policy {

struct Scene {
  std::string issuer;
  issuer::Profile profile;
  Json claims = Json::object();
  Json facts = Json::array();      // context::TableFacts
  std::string method, path, host;  // empty: as at the token endpoint
  Time at;
};

// The profile that the issuer has in `issuers`; of one that is not there, GitLab's for jobs, and for the others the
// generic one without mapping.
issuer::Profile profile_of(const Matcher& matcher, const std::vector<ConfiguredIssuer>& issuers);

// What somebody is who is not described any further: GitLab's jobs differ in it, of others only the first exists.
enum class Bearing : std::uint8_t { protected_branch, branch, tag, fork };
inline constexpr std::size_t kBearings = 4;

// Which value of which claim's patterns to take; all others take their first.
struct Variation {
  std::size_t claim = 0, value = 0;
};
// Claims that the issuer could send and that the matcher matches, in any case but forks. Nothing where none were found.
std::optional<Scene> scene_of(const Matcher& matcher, const std::vector<ConfiguredIssuer>& issuers, Bearing bearing,
                              Variation variation, Time at);
// What to try of a matcher: each bearing, then one claim at a time in each of its values and bearings. At most `most`.
struct Attempt {
  Bearing bearing;
  Variation variation;
};
std::vector<Attempt> attempts(const Matcher& matcher, std::size_t most);
inline constexpr std::size_t kMostValues = 6;  // of one claim, that a Variation can mean

// Sets the claim in the form that the issuer sends, so that tests see `value`. False, and no change, where it never
// sends such a value.
bool set_claim(Scene& scene, const ClaimSteps& steps, const Json& value);

// Changes claims so that the matcher, such as a deny rule's, matches too, whatever its issuer. False where that was not
// found; the scene may then be changed.
bool adapt(Scene& scene, const Matcher& matcher);

struct Answer {
  Outcome outcome = Outcome::deny;
  Reason reason = Reason::no_binding;  // meaningless for allow
  std::string rule, role, found;
  std::optional<SessionLimits> limits;  // none: no role
};
// Nothing: the issuer could not send such claims.
std::optional<issuer::Principal> principal_of(const Scene& scene);
std::optional<Answer> ask(const Policy& policy, const Scene& scene, std::string_view resource, std::string_view action);

}  // namespace watchword::policy
