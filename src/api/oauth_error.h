// Refusals of the OAuth endpoints: RFC 6749 5.2, with what Watchword adds to it.
#pragma once

#include <string_view>

#include "access/token_service.h"
#include "http/handler.h"

namespace watchword::api {

struct OAuthCode {
  std::string_view error;
  int status;
};
// A subject token that is not accepted, for whatever reason, is invalid_request (RFC 8693 2.2.2), not invalid_grant.
OAuthCode oauth_code_of(Reason reason);

// {error, error_description, reason, fix, record?} and, for a verified caller: {found, expected, you_are, role, rule,
// nearest, decisions}, each where there is one. no-store, as RFC 6749 5.1 says of answers with tokens.
net::Task<void> send_oauth_refusal(http::Exchange& exchange, access::Refusal refusal, http::Headers extra = {});

}  // namespace watchword::api
