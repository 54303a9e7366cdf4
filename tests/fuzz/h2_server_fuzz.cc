// Any bytes to an HTTP/2 server, in pieces: it ends when they end, what it sends is whole frames, and what a client
// costs stays bounded. Input: the bytes after the client's preface.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/h2_connection.h"
#include "http/h2_test_frames.h"

namespace {

using namespace watchword;

class Script final : public net::Stream {
 public:
  Script(std::string input, std::string& output) : input_(std::move(input)), output_(output) {}
  net::Task<Result<std::size_t>> read(std::span<char> into) override {
    co_await net::Loop::current()->sleep({});  // handlers and answers go on in between
    const std::size_t size = std::min({into.size(), input_.size(), std::size_t{1} + input_.size() / 2});
    std::copy_n(input_.begin(), size, into.begin());
    input_.erase(0, size);
    co_return size;
  }
  net::Task<Status> write(std::string_view first, std::string_view second) override {
    output_.append(first).append(second);
    if (output_.size() > (8U << 20)) std::abort();
    co_return Status();
  }
  net::Task<void> shutdown() override { co_return; }
  void abort() override { input_.clear(); }
  void set_deadline(std::optional<net::Steady::time_point> when) override {
    if (when && *when <= net::Steady::now()) input_.clear();
  }
  bool idle() override { return input_.empty(); }
  const net::Peer& peer() const override { return peer_; }
  bool encrypted() const override { return false; }
  std::string_view alpn() const override { return "h2"; }

 private:
  std::string input_;
  std::string& output_;
  net::Peer peer_;
};

class Echo final : public http::Handler {
 public:
  net::Task<void> handle(http::Exchange& exchange) override {
    if (exchange.request.method.empty() || exchange.request.authority.empty()) std::abort();
    if (exchange.request.target == "/early") {
      (void)co_await exchange.reply.send({}, "early");
      co_return;
    }
    if (!co_await exchange.reply.begin({})) co_return;
    while (true) {
      const auto piece = co_await exchange.body.next();
      if (!piece || !co_await exchange.reply.write(*piece)) co_return;
      if (piece->empty()) break;
    }
    (void)co_await exchange.reply.end({{"x-end", "1"}});
  }
};

net::Task<int> serve(std::string input, std::string& output) {
  static Echo echo;
  http::ServerState state({}, echo);
  state.admit();
  http::LoopState loop(net::Loop::current());
  {
    http::H2Connection connection(state, loop, std::make_unique<Script>(std::move(input), output));
    co_await connection.run();
  }
  co_return 0;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string input(http::h2::kPreface);
  input.append(reinterpret_cast<const char*>(data), size);
  std::string output;
  net::run_blocking(serve(std::move(input), output));
  std::string_view left = output;
  while (!left.empty()) {
    if (left.size() < 9) std::abort();
    std::size_t length = 0;
    for (const char c : left.substr(0, 3)) length = length << 8 | static_cast<unsigned char>(c);
    if (length > 16384 || left.size() < 9 + length) std::abort();
    left.remove_prefix(9 + length);
  }
  return 0;
}
