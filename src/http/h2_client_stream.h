// One request and its response on an HTTP/2 connection. Internal to the client.
#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/h2_fields.h"
#include "http/message.h"
#include "net/loop.h"

namespace watchword::http {

// What the codec and those who wait for it know. Shared by the session, the response and the upload.
struct H2ClientStream {
  // The response.
  std::optional<ResponseHead> head;  // the final one
  std::optional<std::uint64_t> length;
  std::string arrived;  // content that nobody has taken yet; at most a window
  Headers trailers;
  bool ended = false;          // it is whole, but for what is in `arrived`
  std::optional<Error> error;  // or it never will be: http_malformed, http_too_large, http_timeout, connection_closed
  bool refused = false;        // the other side has not looked at the request (RFC 9113 8.7)

  // The request's content.
  bool at_hand = false;    // a piece or the end, of which the codec has not taken all
  std::string_view piece;  // it takes it from the front
  bool last = false;       // nothing follows the piece
  Headers upload_trailers;

  bool over() const { return closed || error; }  // nothing more can be sent

  // The codec's.
  bool bodiless = false;  // the answer to HEAD
  bool closed = false;
  bool sent = false;       // its head has gone out
  bool was_reset = false;  // by the other side
  bool changed = false;
  int interim = 0;
  std::int32_t id = -1;
  std::optional<FieldCollector> fields;  // of the block that is arriving

  // The connection's.
  std::coroutine_handle<> reader, writer;  // who waits: for the response, for the end of `piece`
  std::optional<net::Steady::time_point> deadline;
};

}  // namespace watchword::http
