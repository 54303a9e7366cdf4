// What changes in a request and its answer between a local listener and the gateway: addresses, credentials and what
// concerns one connection only.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/client.h"
#include "http/message.h"

namespace watchword::job {

// A resource's place at the gateway.
struct Site {
  http::Origin origin;
  std::string prefix;  // "/billing", or empty

  // `url`: of Place. gate_untrusted for http:// beyond loopback: the token would cross the network in plain.
  static Result<Site> of(const std::string& url);
  std::string root() const { return origin.scheme + "://" + origin.authority; }
};

// The head as the gateway gets it, but for credentials: the caller's own, and the run's, are left out. `request`: its
// target without the secret. `local`: what URLs of the caller begin with, "http://127.0.0.1:4711/SECRET".
// path_ambiguous: below a prefix, a path that could lead out of it. Else the gate judges.
Result<http::RequestHead> to_gate(http::RequestHead request, const Site& site, std::string_view local);
// So too for the trailers of its body.
void trailers_to_gate(http::Headers& trailers);

// The answer as the caller gets it: what it says of the resource's own URLs leads back here.
http::ResponseHead to_caller(http::ResponseHead response, const Site& site, std::string_view local);

}  // namespace watchword::job
