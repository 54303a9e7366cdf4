// The handshake of a WebSocket (RFC 6455 4, RFC 8441 5): what server and client, HTTP/1.1 and HTTP/2 have in common.
#pragma once

#include <string>
#include <string_view>

#include "base/random.h"
#include "http/message.h"

namespace watchword::http {

inline constexpr std::string_view kWebsocketVersion = "13";
// One sec-websocket-version, and no other than that.
bool has_websocket_version(const Headers& headers);

std::string make_websocket_key(Random& random);      // for Sec-WebSocket-Key: 16 bytes in base64
bool is_websocket_key(std::string_view key);         // exactly that form
std::string websocket_accept(std::string_view key);  // RFC 6455 4.2.2: the Sec-WebSocket-Accept that answers `key`

}  // namespace watchword::http
