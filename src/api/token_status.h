// POST /oauth/introspect (RFC 7662) and /oauth/revoke (RFC 7009).
#pragma once

#include "access/clients.h"
#include "access/token_service.h"
#include "http/handler.h"

namespace watchword::api {

net::Task<void> introspection_endpoint(access::TokenService& service, access::Clients& clients,
                                       http::Exchange& exchange);
// Clients, and the holder: whoever sends the token itself as its Authorization (with a proof, where it is bound).
net::Task<void> revocation_endpoint(access::TokenService& service, access::Clients& clients, http::Exchange& exchange);

}  // namespace watchword::api
