// The head of an HTTP/1.1 request, read strictly and incrementally (RFC 9112 2, 3, 5, 6). Sans-I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/h1.h"
#include "http/h1_head_lines.h"
#include "http/message.h"

namespace watchword::http {

struct ParsedRequest {
  // `headers` are without host (it is `authority`), transfer-encoding and expect (they are told below), and without
  // those of a WebSocket's handshake; content-length and connection stay.
  RequestHead head;
  std::string websocket_key = {};  // of a request whose protocol is "websocket"
  std::size_t consumed = 0;        // bytes of the buffer that were the head; the body begins after them
  BodyFraming framing;             // none, length or chunked; until_close when a tunnel is wanted
  int minor = 1;                   // HTTP/1.minor: 0 or 1
  bool keep_alive = true;          // what the client asks for
  bool expect_continue = false;    // the client waits for "100 Continue" (kContinue) before it sends the body
};

// Refused, beyond what is malformed by grammar: bare LF or CR, folded lines, white space before a colon, both
// Content-Length and Transfer-Encoding, either of them twice, any transfer coding but one "chunked" (and that one only
// in HTTP/1.1), a length with sign, list, leading zero or beyond 2^63 - 1, no or several Hosts (in HTTP/1.0 too), a
// Host that is not name-or-address[:port], a target in absolute form or of CONNECT whose authority is not the Host, "*"
// but for OPTIONS, HTTP versions other than 1.0 and 1.1, empty lines before the request line, an Expect other than
// 100-continue, content before a tunnel, a WebSocket's handshake that is not that of RFC 6455 4.2.1. A wish to upgrade
// to another protocol is left to the handler, which sees it in connection.
class RequestParser {
 public:
  // `scheme` becomes RequestHead::scheme: "http" or "https".
  RequestParser(std::string_view scheme, HeadLimits limits) : scheme_(scheme), lines_(limits) {}

  // `buffer` is everything that was received since the last message's end. nullopt: more is needed; call again with the
  // same bytes and more after them (they may have moved in memory). What was looked at before is not looked at again.
  // Having returned a head, the parser is ready for the next message: drop `consumed` bytes and the body first.
  Result<std::optional<ParsedRequest>> parse(std::string_view buffer);

 private:
  Status start_line(std::string_view line);
  Status target(std::string_view text);
  Status absolute_form(std::string_view after_scheme);
  Status authority_form(std::string_view text);
  Status header(std::string_view line);
  Status host(std::string_view value);
  Status expect(std::string_view value);
  Status finish();
  Status finish_upgrade();

  std::string scheme_;
  HeadLines lines_;
  ParsedRequest parsed_;
  std::string absolute_authority_;  // of a target that has one, else empty
  bool expect_seen_ = false;
};

}  // namespace watchword::http
