// POST /oauth/token: RFC 8693.
#pragma once

#include "access/token_service.h"
#include "http/handler.h"

namespace watchword::api {

net::Task<void> token_endpoint(access::TokenService& service, http::Exchange& exchange);

}  // namespace watchword::api
