// The token endpoint's form as the token service's question.
#pragma once

#include <string>
#include <string_view>

#include "access/token_service.h"
#include "api/oauth_form.h"
#include "base/result.h"
#include "policy/policy.h"

namespace watchword::api {

inline constexpr std::string_view kExchangeGrant = "urn:ietf:params:oauth:grant-type:token-exchange";
inline constexpr std::string_view kAccessTokenType = "urn:ietf:params:oauth:token-type:access_token";
inline constexpr std::string_view kIdTokenType = "urn:ietf:params:oauth:token-type:id_token";
inline constexpr std::string_view kJwtType = "urn:ietf:params:oauth:token-type:jwt";

// Where the gate is, and its gateway: a resource may be named by its URL on either.
struct OwnUrls {
  std::string_view gate, gateway;
};

// RFC 8693 2.1. Views into the form. Nothing here depends on who asks, as nobody has been verified yet, and nothing
// tells what the policy holds. grant_type_unsupported, token_type_unsupported, request_invalid, scope_invalid,
// resource_unknown (not an absolute URI).
Result<access::ExchangeRequest> read_exchange(const OAuthForm& form, const http::RequestHead& request,
                                              const policy::Policy& policy, const OwnUrls& own);
// The proof of a request, where there is one. dpop_invalid when there are several (RFC 9449 4.3).
Result<std::optional<access::DpopRequest>> read_proof(const http::RequestHead& request, std::string_view url);

}  // namespace watchword::api
