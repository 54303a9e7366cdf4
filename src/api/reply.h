// How endpoints answer. Whether the client was still there to read it is nobody's concern.
#pragma once

#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/handler.h"

namespace watchword::api {

net::Task<void> send_text(http::Exchange& exchange, std::string_view content_type, std::string_view text,
                          http::Headers extra = {});
net::Task<void> send_json(http::Exchange& exchange, int status, Json json, http::Headers extra = {});
// RFC 9457, with the status of the reason; 409 for a file of the gate's own that is wrong. A verified caller learns
// where.
net::Task<void> send_refusal(http::Exchange& exchange, Error error, bool verified_caller, std::string_view record = {});
// The first as above, for a verified caller, with all of them in "errors". At least one.
net::Task<void> send_refusals(http::Exchange& exchange, std::vector<Error> errors);

}  // namespace watchword::api
