// What Envoy's ext_authz filter asks, read into the request that the client sent. All of it is hostile but for what the
// operator's configuration says: the resource.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "net/stream.h"

namespace watchword::envoy {

inline constexpr std::string_view kResourceExtension = "watchword.resource";  // the context extension with its name

struct CheckRequest {
  http::RequestHead request;  // of the client to Envoy, with what http::RequestHead promises
  net::Peer peer;             // the client, as Envoy says
  std::string resource;       // of the route, by Envoy's configuration; empty: it names none
  std::optional<Error>
      malformed;  // the client's request is none: http_malformed, http_too_large. It is incomplete then
};

inline constexpr std::size_t kMaxCheckRequest = 512 * 1024;  // Envoy's limit for headers is 60 KiB by default

// A serialised envoy.service.auth.v3.CheckRequest. Sans-I/O. request_invalid for what no ext_authz filter sends.
// The headers `authorization` and `dpop` are taken apart again, should Envoy have joined several with commas.
Result<CheckRequest> read_check_request(std::string_view message);

// The HTTP form: the client's method and headers, its path behind `prefix` and the resource's name. request_invalid
// when there is no path. `peer`: whoever asks, as this form does not tell the client's.
Result<CheckRequest> read_http_check(http::RequestHead request, const net::Peer& peer, std::string_view prefix);

}  // namespace watchword::envoy
