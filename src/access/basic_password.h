// Basic credentials (RFC 7617), of which only the password counts: git and Docker show a token so.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/secret.h"

namespace watchword::access {

bool is_basic(std::string_view authorization);

// The password of what stands behind the scheme and its space: the base64 of user, colon and password. Strict; at most
// the longest token and a user of 1 KiB. token_malformed, which quotes nothing.
Result<Secret> password_of(std::string_view credentials);

}  // namespace watchword::access
