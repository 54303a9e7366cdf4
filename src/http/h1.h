// HTTP/1.1 without I/O (RFC 9112): what parsers, body decoder and serialiser share. Nothing here knows a socket.
//
// All errors are http_malformed or http_too_large; `found` names the rule that was
// broken and at most a header's name, never its value. After an error the connection cannot be used further.
#pragma once

#include <cstddef>
#include <cstdint>

namespace watchword::http {

struct HeadLimits {
  std::size_t start_line = std::size_t{8} * 1024;     // bytes of the first line
  std::size_t header_bytes = std::size_t{32} * 1024;  // all header lines together
  std::size_t header_count = 100;
};

// How the end of a body is known.
struct BodyFraming {
  enum class Kind : std::uint8_t {
    none,         // there is no body, and nothing is announced
    length,       // exactly `length` bytes
    chunked,      // chunks, then trailers
    until_close,  // responses and tunnels only: until the connection ends
  };
  Kind kind = Kind::none;
  std::uint64_t length = 0;  // for Kind::length; at most 2^63 - 1

  static BodyFraming none() { return {}; }
  static BodyFraming of_length(std::uint64_t bytes) { return {Kind::length, bytes}; }
  static BodyFraming chunked() { return {Kind::chunked, 0}; }
  static BodyFraming until_close() { return {Kind::until_close, 0}; }
  bool has_body() const { return kind != Kind::none && (kind != Kind::length || length > 0); }
  bool operator==(const BodyFraming&) const = default;
};

}  // namespace watchword::http
