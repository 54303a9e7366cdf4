// Questions to a gate's API, and its refusals as errors.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "http/client.h"
#include "http/message.h"
#include "job/gate_trust.h"
#include "net/tls.h"

namespace watchword::job {

struct Reply {
  int status = 0;
  Json body;  // null when the answer was not JSON
  http::Headers headers = {};
};
// One request on the current loop. gate_unreachable, gate_untrusted.
net::Task<Result<Reply>> ask(http::Origin origin, std::shared_ptr<net::TlsClientContext> tls, http::RequestHead head,
                             std::string text);
// The same on a connection that is kept; what has not come `within` this time is cut.
net::Task<Result<Reply>> ask(http::Client& client, const http::Origin& origin, http::RequestHead head, std::string text,
                             net::Steady::duration within);

// The refusal of a problem+json or OAuth error body; gate_unreachable with the status when it is neither: what stands
// in front of a gate answers in its own words.
Error error_from(const Reply& reply);
// Every error of a refusal with "errors"; the one above else.
std::vector<Error> errors_from(const Reply& reply);

}  // namespace watchword::job
