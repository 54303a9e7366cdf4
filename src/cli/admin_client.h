// The command line's way to a gate's admin API, over its Unix socket.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "cli/commands.h"
#include "job/gate_client.h"

namespace watchword::cli {

using job::Reply;

// One request to the admin socket. gate_unreachable.
Result<Reply> ask_admin(const AdminOptions& admin, std::string_view method, std::string target,
                        const Json* body = nullptr);
// The reply's body, or the refusal that it carries as an error.
Result<Json> expect_ok(Result<Reply> reply);

}  // namespace watchword::cli
