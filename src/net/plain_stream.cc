// TCP and Unix sockets.
#include "net/streams.h"

namespace watchword::net {

namespace {

class PlainStream final : public Stream {
 public:
  explicit PlainStream(std::shared_ptr<Socket> socket) : socket_(std::move(socket)), peer_(socket_->peer()) {}
  ~PlainStream() override { socket_->close(); }
  PlainStream(const PlainStream&) = delete;
  PlainStream& operator=(const PlainStream&) = delete;

  Task<Result<std::size_t>> read(std::span<char> into) override {
    const Socket::Outcome outcome = co_await socket_->read(into);
    if (outcome.error) co_return std::unexpected(socket_->error_of(outcome.error));
    co_return outcome.bytes;
  }

  Task<Status> write(std::string_view first, std::string_view second) override {
    while (!first.empty() || !second.empty()) {
      const Socket::Outcome outcome = socket_->try_write(first, second);
      if (outcome.error == asio::error::would_block) {
        if (const error_code error = co_await socket_->wait(Socket::Handle::wait_write))
          co_return std::unexpected(socket_->error_of(error));
      } else if (outcome.error) {
        co_return std::unexpected(socket_->error_of(outcome.error));
      }
      const std::size_t of_first = std::min(outcome.bytes, first.size());
      first.remove_prefix(of_first);
      second.remove_prefix(outcome.bytes - of_first);
    }
    co_return Status();
  }

  Task<void> shutdown() override {
    socket_->shutdown_write();
    co_return;
  }
  void abort() override { socket_->reset(); }
  void set_deadline(std::optional<Steady::time_point> when) override { socket_->set_deadline(when); }
  bool idle() override { return socket_->idle(); }
  const Peer& peer() const override { return peer_; }
  bool encrypted() const override { return false; }
  std::string_view alpn() const override { return {}; }

 private:
  std::shared_ptr<Socket> socket_;
  Peer peer_;
};

}  // namespace

std::unique_ptr<Stream> plain_stream(std::shared_ptr<Socket> socket) {
  return std::make_unique<PlainStream>(std::move(socket));
}

}  // namespace watchword::net
