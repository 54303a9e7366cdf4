// Tells HTTP/2 with prior knowledge (RFC 9113 3.3) from HTTP/1.1 by a connection's first bytes, and gives them again to
// whoever reads next. Internal to the server.
#pragma once

#include <array>
#include <optional>

#include "http/server_state.h"

namespace watchword::http {

class OpeningStream final : public net::Stream {
 public:
  OpeningStream(std::unique_ptr<net::Stream> stream, LoopState& loop)
      : stream_(std::move(stream)), loop_(loop), place_(loop.opening.insert(loop.opening.end(), this)) {}
  OpeningStream(const OpeningStream&) = delete;
  OpeningStream& operator=(const OpeningStream&) = delete;
  ~OpeningStream() override { known(); }

  // Once, before all else. nullopt: the client has gone, or stayed silent.
  net::Task<std::optional<bool>> is_http2(net::Steady::duration idle_time, net::Steady::duration header_time);
  void finish();  // a connection on which nothing has arrived ends

  net::Task<Result<std::size_t>> read(std::span<char> into) override;
  net::Task<Status> write(std::string_view first, std::string_view second) override {
    return stream_->write(first, second);
  }
  net::Task<void> shutdown() override { return stream_->shutdown(); }
  void abort() override { stream_->abort(); }
  void set_deadline(std::optional<net::Steady::time_point> when) override { stream_->set_deadline(when); }
  bool idle() override { return first_.empty() && stream_->idle(); }
  const net::Peer& peer() const override { return stream_->peer(); }
  bool encrypted() const override { return stream_->encrypted(); }
  std::string_view alpn() const override { return stream_->alpn(); }

 private:
  void known();

  std::unique_ptr<net::Stream> stream_;
  LoopState& loop_;
  std::list<OpeningStream*>::iterator place_;
  bool listed_ = true;
  std::array<char, 24> bytes_{};  // as long as HTTP/2's preface
  std::string_view first_;        // what of them is to be read again
};

}  // namespace watchword::http
