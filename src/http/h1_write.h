// Serialises HTTP/1.1 heads, chunks and trailers (RFC 9112). Appends to a buffer of the caller's; does no I/O.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "http/h1.h"
#include "http/message.h"

namespace watchword::http {

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// content-length, transfer-encoding, connection, keep-alive, host and expect in `head.headers` are ignored: they are
// written from the arguments. `framing` is what is announced: of_length(n) for the answer to HEAD too, though no body
// follows; none announces nothing (1xx, 204, 304, requests without a body). until_close implies connection: close.
// Errors: internal, when a method, target, authority, name or value could break the message (a line break, a control
// character, an upper-case name); nothing is appended then.
Status append_request_head(std::string& out, const RequestHead& head, BodyFraming framing, bool keep_alive = true);
// `client_minor` is the request's HTTP/1.minor: a client of HTTP/1.0 is told keep-alive explicitly. It must be answered
// with of_length or until_close.
Status append_response_head(std::string& out, const ResponseHead& head, BodyFraming framing, bool keep_alive,
                            int client_minor = 1);

void append_chunk(std::string& out, std::string_view piece);  // nothing for an empty piece, as that would be the end
Status append_last_chunk(std::string& out, const Headers& trailers = {});  // errors as above; forbidden trailers too

}  // namespace watchword::http
