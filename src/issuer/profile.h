// How a provider's claims become a principal. A profile is data and a small mapping; provider quirks live only here.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/result.h"
#include "issuer/claim_path.h"
#include "issuer/principal.h"
#include "jose/jwt.h"

namespace watchword::issuer {

// `generic` profile, machines: which claims say what. Only `job` is needed for job-bound sessions; the subject stands
// in for it where the mapping names none. A token without the claim that `job` names is refused (claim_missing),
// because otherwise all jobs of its subject would share one session. All others stay empty where the token says
// nothing. Claims are strings or integers (taken in decimal); ref_protected is a boolean or "true"/"false".
struct MachineMapping {
  Kind kind = Kind::service;  // job or service
  std::optional<ClaimPath> job = {}, project = {}, project_id = {}, pipeline = {}, ref = {}, sha = {}, environment = {},
                           user = {}, ref_protected = {};
};
// `generic` profile, persons. `groups` is a list of strings, or one string. Groups that the issuer keeps outside the
// token (Entra ID with more than 200) are claim_missing and not "no groups".
struct PersonMapping {
  std::optional<ClaimPath> name = {}, email = {}, groups = {};
};

enum class ProfileName : std::uint8_t { gitlab, generic };
struct Profile {
  ProfileName name = ProfileName::generic;
  std::variant<MachineMapping, PersonMapping> mapping;  // generic only
};

// claim_missing, claim_invalid: a claim that the profile needs is absent or of another type than the provider
// documents. Claims that a profile does not know pass as they are. Every principal has a subject. Pure; any thread.

// GitLab: a job. "true"/"false" of ref_protected and environment_protected become booleans in the claims; ids stay
// strings of decimal digits. project_* name the source project of a merge request, job_project_* (GitLab 18.4 and
// later) the project that runs the job: the job is a fork's when they differ. Limit: an older GitLab does not send
// job_project_*, so a fork's merge request pipeline that runs in the parent project cannot be told from a pipeline of
// the fork itself; its project is the fork either way, so that it never speaks for the parent.
Result<Principal> map_gitlab(jose::VerifiedToken token, std::string_view issuer_name);
// Claims stay as they are. A machine mapping yields a Machine, a person mapping a Person, whatever the token says.
Result<Principal> map_generic(const jose::VerifiedToken& token, std::string_view issuer_name, const Profile& profile);
Result<Principal> map(jose::VerifiedToken token, std::string_view issuer_name, const Profile& profile);

// The claims that the provider documents, for finding mistyped names; empty where any are possible (generic). A newer
// release of the provider may have more.
std::vector<std::string> documented_claims(const Profile& profile);

// The principal that a token with these claims would yield. Nothing is verified: for policy tests and explain, which
// never give access. Without exp the principal never expires.
Result<Principal> imagine_principal(const Json& claims, std::string_view issuer_name, const Profile& profile);

}  // namespace watchword::issuer
