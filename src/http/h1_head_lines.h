// The lines of an HTTP/1.1 head: what request and response parser have in common. Internal to the codec.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/h1.h"
#include "http/message.h"

namespace watchword::http {

inline std::unexpected<Error> malformed(std::string found, std::string expected = {}) {
  return fail(Reason::http_malformed, std::move(found), std::move(expected));
}

// One header or trailer line without its CRLF. Refuses folding, an empty or non-token name, white space before the
// colon and control characters in the value.
Result<Header> parse_field_line(std::string_view line);

// 1 to 19 digits, no sign, no leading zero, at most 2^63 - 1.
std::optional<std::uint64_t> parse_content_length(std::string_view value);

// Cuts a head into lines and gathers what its headers say about framing.
class HeadLines {
 public:
  explicit HeadLines(HeadLimits limits) : limits_(limits) {}

  struct Line {
    std::string_view text;  // without CRLF
    bool first = false;     // the start line
    bool last = false;      // the empty line: the head is complete
  };
  // The next complete line of `buffer`, or nullopt when more is needed. Refuses a bare LF and too long lines; a CR
  // inside a line is left for the line's own parser to refuse.
  Result<std::optional<Line>> next(std::string_view buffer);
  std::size_t position() const { return line_start_; }  // where the next line begins

  // Parses a header line and notes what it says about framing and the connection.
  Result<Header> header(std::string_view line);

  struct Said {
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool close = false;       // connection: close
    bool keep_alive = false;  // connection: keep-alive
    bool upgrade = false;     // connection: upgrade
  };
  const Said& said() const { return said_; }  // complete after the last line

  void reset() { *this = HeadLines(limits_); }

 private:
  Status content_length(std::string_view value);
  Status transfer_encoding(std::string_view value);
  Status connection(std::string_view value);

  HeadLimits limits_;
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;        // there is no LF between line_start_ and this
  std::size_t headers_start_ = 0;  // where the first header line begins; 0 before that
  std::size_t count_ = 0;
  Said said_;
};

// Whether a connection is to be kept, by version and Connection header (RFC 9112 9.3).
inline bool keeps_alive(const HeadLines::Said& said, int minor) {
  return !said.close && (minor == 1 || said.keep_alive);
}

}  // namespace watchword::http
