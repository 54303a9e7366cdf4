// Refusals as RFC 9457 problem+json.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "http/handler.h"

namespace watchword::http {

// By the reason's kind; http_too_large is 413 (a server answers 431 when it was the head), upgrade_unsupported 501,
// limit_reached 429 (RFC 6585).
int status_of(Reason reason);
// {type, title, status, reason, fix, record?} and, for a verified caller, found and expected, and both in detail. An
// unverified caller gets the reason's general fix, not one that may tell of the policy. type is
// "urn:watchword:reason:NAME".
Json problem(const Error& error, bool verified_caller, std::string_view record = {});
// Has browsers and other clients come by TLS only from now on (RFC 6797), where `scheme`, of the request, is https:
// over plain connections that must not be said (7.2).
void demand_tls(Headers& headers, std::string_view scheme);
// The head of an answer with it: its media type, cache-control: no-store, and `extra`, such as www-authenticate.
ResponseHead problem_head(int status, Headers extra = {});
// Sends it as application/problem+json with cache-control: no-store; its "status" becomes `status`. `extra` are further
// headers, such as www-authenticate.
net::Task<Status> send_problem(Writer& reply, int status, Json body, Headers extra = {});

}  // namespace watchword::http
