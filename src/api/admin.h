// The admin API's parts, and what they share.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "access/request_origin.h"
#include "api/endpoints.h"
#include "base/json.h"
#include "base/result.h"
#include "net/task.h"

namespace watchword::api {

// Adds an endpoint that only root and the gate's own user reach, over a Unix socket. admin_refused for all others.
void add_for_admin(Router& router, std::string_view method, std::string path, Router::Function function);

// The body of a POST: nothing, or {"why": "..."} with at most 500 bytes of text: a person's words for the record.
net::Task<Result<std::string>> read_why(http::Exchange& exchange);
// A body that is a JSON object; its "why", or nothing, under the same bound.
net::Task<Result<Json>> read_document(http::Exchange& exchange);
Result<std::string> why_in(const Json& document);
// Runs what may block (the disk, a commit that is waited for) on a thread of its own.
net::Task<Status> off_the_loop(std::function<Status()> work);

void add_session_admin(Router& router, access::TokenService& service, store::Store& store);
void add_freeze_admin(Router& router, access::TokenService& service, context::FactTable& facts);
void add_context_admin(Router& router, std::function<std::vector<ContextHealth>()> context);
void add_key_admin(Router& router, access::TokenService& service);

}  // namespace watchword::api
