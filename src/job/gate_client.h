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
#include "net/tls.h"

namespace watchword::job {

struct Reply {
  int status = 0;
  Json body;  // null when the answer was not JSON
};
// One request on the current loop. gate_unreachable.
net::Task<Result<Reply>> ask(http::Origin origin, std::shared_ptr<net::TlsClientContext> tls, http::RequestHead head,
                             std::string text);

// The refusal of a problem+json or OAuth error body; gate_unreachable with the status when it is neither: what stands
// in front of a gate answers in its own words.
Error error_from(const Reply& reply);
// Every error of a refusal with "errors"; the one above else.
std::vector<Error> errors_from(const Reply& reply);

// One form to the gate's API. `ca`: a private CA file, or empty. `authorization`: the header's value, or empty.
Result<Reply> post_form(const std::string& gate, const std::string& ca, std::string_view path, std::string form,
                        std::string authorization = {});
// The settings of TLS towards a gate; null for http.
Result<std::shared_ptr<net::TlsClientContext>> tls_towards(const http::Origin& gate, const std::string& ca);

}  // namespace watchword::job
