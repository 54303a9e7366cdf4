// What the profiles share: the principal's frame and the two ways in which a claim can be wrong. Internal to issuer/.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "issuer/principal.h"
#include "issuer/profile.h"
#include "jose/jwt.h"

namespace watchword::issuer {

// All but the claims and the identity. claim_missing without a subject: OpenID Connect Core 2 demands it.
Result<Principal> frame(const jose::VerifiedToken& token, std::string_view issuer_name, Kind kind);
// Adds both, from the token's claims (map_gitlab, map_generic and imagine_principal).
Result<Principal> identify_gitlab(Principal framed, Json claims);
Result<Principal> identify_generic(Principal framed, const Json& claims, const Profile& profile);
Kind kind_of(const Profile& profile);

std::unexpected<Error> missing(std::string_view claim, std::string expected);
std::unexpected<Error> wrong_type(std::string_view claim, const Json& value, std::string expected);

}  // namespace watchword::issuer
