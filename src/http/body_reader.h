// A body as it comes in over a connection: what server and client have in common.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "http/h1_body.h"
#include "http/input_buffer.h"
#include "net/stream.h"

namespace watchword::http {

class BodyReader {
 public:
  BodyReader(net::Stream& stream, InputBuffer& input, BodyFraming framing, BodyLimits limits,
             net::Steady::duration piece_time)
      : stream_(stream), input_(input), framing_(framing), decoder_(framing, limits), piece_time_(piece_time) {}

  // The next piece of what has arrived; empty at the end; nullopt: receive() first. The view lives until the next call.
  Result<std::optional<std::string_view>> take();
  // Waits for more, at most the piece time.
  net::Task<Status> receive();

  // Drops what the last take() showed, so that the input begins with the next message. Only once done().
  void release();
  bool done() const { return decoder_.done(); }
  bool ready() const { return done() || input_.view().size() > shown_; }
  const std::optional<Error>& error() const { return error_; }
  net::Steady::duration piece_time() const { return piece_time_; }
  // http_too_large when the announced length is.
  Status check_announced();
  std::optional<std::uint64_t> length() const;
  const Headers& trailers() const { return decoder_.trailers(); }

 private:
  std::unexpected<Error> failed_with(Error error);

  net::Stream& stream_;
  InputBuffer& input_;
  BodyFraming framing_;
  BodyDecoder decoder_;
  net::Steady::duration piece_time_;
  std::size_t shown_ = 0;       // bytes of the input that belong to the last piece
  std::optional<Error> error_;  // the first; it stays
};

}  // namespace watchword::http
