// How an HTTP/1.1 connection becomes a tunnel: a WebSocket by upgrade (RFC 6455 4), or by CONNECT (RFC 9110 9.3.6).
// Internal to the client.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/h1_response_parser.h"
#include "http/message.h"

namespace watchword::http {

// For a head that wants a tunnel. Of an upgrade, the handshake's own headers are written from `key`. internal, as
// append_request_head.
Status append_tunnel_head(std::string& out, const RequestHead& head, std::string_view key);

// A granted tunnel is told as status 200 without the handshake's headers. http_malformed: a wrong accept, another
// protocol, or a success that grants nothing (a caller could not tell it from a tunnel).
Status accept_tunnel(ParsedResponse& answer, const RequestHead& head, std::string_view key);

}  // namespace watchword::http
