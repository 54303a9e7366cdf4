// Decodes an HTTP/1.1 body: a length, chunks with trailers, or until the connection ends (RFC 9112 6, 7). Sans-I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/h1.h"
#include "http/message.h"

namespace watchword::http {

struct BodyLimits {
  std::uint64_t body_bytes = 1ull << 40;
  std::size_t trailer_bytes = std::size_t{8} * 1024;  // all trailer lines together
  std::size_t trailer_count = 32;
  std::size_t extension_bytes = 1024;  // all chunk extensions of a body together
};

class BodyDecoder {
 public:
  struct Step {
    std::size_t consumed = 0;  // bytes of the input that are dealt with; drop them
    std::string_view piece;    // content, a view into the input; may be empty
    bool done = false;         // the body is complete; what follows `consumed` is the next message
  };

  BodyDecoder(BodyFraming framing, BodyLimits limits);

  // Takes as much as leads to one piece. Call again with the rest while !done and bytes are left: a step without a
  // piece that is not done has consumed all of the input and needs more. http_too_large as soon as the announced length
  // or a chunk's size says so (with an empty input too, so that it can be asked before "100 Continue" is sent). Chunk
  // extensions are parsed strictly, bounded and dropped. Trailers that would change framing, routing or authentication
  // are refused.
  Result<Step> feed(std::string_view input);
  // The connection has ended: fine when done or for until_close, else http_malformed (the body is cut short).
  Status end_of_stream();

  bool done() const { return state_ == State::done; }    // true from the start when there is no body
  const Headers& trailers() const { return trailers_; }  // once done
  std::uint64_t received() const { return received_; }   // content bytes so far

 private:
  enum class State : std::uint8_t { content, chunk_line, chunk_data, chunk_end, trailer_line, done };

  Step take(std::string_view input);
  Result<Step> chunked(std::string_view input);
  Status bound_line(std::string_view part) const;
  Status line(std::string_view text);
  Status chunk_line(std::string_view text);
  Status trailer_line(std::string_view text);
  Status announce(std::uint64_t bytes) const;

  BodyFraming framing_;
  BodyLimits limits_;
  State state_;
  std::uint64_t remaining_ = 0;  // of the body, or of the chunk
  std::uint64_t received_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string line_;  // the part of a chunk or trailer line that came with earlier inputs
  Headers trailers_;
};

// Trailers that would change framing, routing, authentication or the content's meaning. `name` in lower case.
bool is_forbidden_trailer(std::string_view name);

}  // namespace watchword::http
