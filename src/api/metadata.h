// What OAuth clients and token verifiers discover: RFC 8414, OpenID Connect Discovery 1.0, RFC 7517.
#pragma once

#include <string_view>

#include "access/signing_keys.h"
#include "base/json.h"

namespace watchword::api {

// One document serves as authorization server metadata and as OpenID provider metadata: a verifier that knows nothing
// but the issuer's URL finds issuer, jwks_uri and algorithms in either.
Json server_metadata(std::string_view url, const access::KeyRing& ring);

}  // namespace watchword::api
