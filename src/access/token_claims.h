// The claims that describe a session's job, shared by access tokens, introspection and assertions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "access/access_token.h"
#include "access/decide.h"
#include "access/session.h"
#include "base/json.h"

namespace watchword::access {

// {issuer, project, pipeline, job, ref, sha, environment, user}; for a person {issuer, person}.
Json job_claim(const Session& session);
std::string scope_text(const std::vector<Permission>& permissions);  // "billing-api/read billing-api/write"
// "billing-api/read ops/restart" -> permissions. scope_invalid.
Result<std::vector<Permission>> parse_scope(std::string_view text);
Json audience_claim(const std::vector<std::string>& audience);  // a string when there is one, else an array

Json introspection_claims(const Session& session, const Grant& grant, const std::vector<Permission>& allowed,
                          std::string_view issuer_url);

}  // namespace watchword::access
