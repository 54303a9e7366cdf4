// Requests, bodies and a scripted backend. For the tests of the client only.
#pragma once

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <optional>
#include <vector>

#include "http/client.h"
#include "http/test_server.h"

namespace watchword::http {

using net::Task;

inline Origin origin_of(const net::Address& address, std::string scheme = "http") {
  return {.scheme = std::move(scheme), .address = address, .authority = "backend.example.com"};
}

inline RequestHead request(std::string method, std::string target) {
  return {.method = std::move(method), .scheme = "http", .authority = {}, .target = std::move(target), .headers = {}};
}

// A body of given pieces. `length`: announced. An empty optional in place of a piece: fails there.
class PiecesBody final : public Body {
 public:
  PiecesBody(std::vector<std::optional<std::string>> pieces, std::optional<std::uint64_t> length)
      : pieces_(std::move(pieces)), length_(length) {}
  Task<Result<std::string_view>> next() override {
    ++asked;
    if (at_ == pieces_.size()) co_return std::string_view();
    const auto& piece = pieces_[at_++];
    if (!piece) co_return fail(Reason::http_too_large, "too much");
    co_return std::string_view(*piece);
  }
  std::optional<std::uint64_t> length() const override { return length_; }
  const Headers& trailers() const override { return trailers_; }
  bool ready() const override { return all_ready; }

  int asked = 0;
  bool all_ready = false;

 private:
  std::vector<std::optional<std::string>> pieces_;
  std::optional<std::uint64_t> length_;
  Headers trailers_{{"checksum", "1"}};
  std::size_t at_ = 0;
};

// "200 body", or the reason of the error.
inline Task<std::string> fetch(Client& client, RequestHead head, Body* body = nullptr) {
  auto response = co_await client.send(std::move(head), body);
  if (!response) co_return std::string(name(response.error().reason));
  const auto text = co_await read_all((*response)->body(), 1 << 26);
  std::string all =
      std::to_string((*response)->head().status) + " " + (text ? *text : std::string(name(text.error().reason)));
  for (const Header& trailer : (*response)->body().trailers()) all += " " + trailer.name + "=" + trailer.value;
  co_return all;
}

// Runs `test`, a coroutine over a client of the origin, on a loop of its own.
template <class Test>
void with_client(Origin origin, ClientLimits limits, Test test,
                 const std::shared_ptr<net::TlsClientContext>& tls = nullptr) {
  net::run_blocking([](Origin to, ClientLimits its_limits, Test& body, const auto& context) -> Task<bool> {
    const auto client = Client::make(std::move(to), context, its_limits);
    co_await body(*client);
    co_return true;
  }(std::move(origin), limits, test, tls));
}

// A backend that plays a script: each connection takes the next one, waits for the end of a request head and sends it.
struct ScriptedBackend {
  struct Script {
    std::vector<std::string> answers;  // one for each request head; then the connection is closed
    bool silent_at_end = false;        // or it is held open without a word
  };
  explicit ScriptedBackend(std::vector<Script> its_scripts) : scripts(std::move(its_scripts)), pool(1) {
    auto started = net::Listener::start(pool.loops(), *net::parse_address("127.0.0.1:0"), {}, [this](auto stream) {
      const std::size_t index = connections.fetch_add(1);
      if (index < scripts.size()) net::spawn(play_and_close(std::move(stream), scripts[index]));
    });
    EXPECT_TRUE(started);
    listener = *std::move(started);
  }
  Task<void> play_and_close(std::unique_ptr<net::Stream> stream, const Script& script) {
    co_await play(*stream, script);
    stream.reset();
    if (first.exchange(false)) closed.count_down();
  }
  static Task<void> play(net::Stream& stream, const Script& script) {
    std::array<char, 4096> buffer;
    std::string received;
    for (const std::string& answer : script.answers) {
      while (received.find("\r\n\r\n") == received.npos) {
        const auto got = co_await stream.read(buffer);
        if (!got || *got == 0) co_return;
        received.append(buffer.data(), *got);
      }
      received.erase(0, received.find("\r\n\r\n") + 4);
      if (!co_await stream.write(answer, {})) co_return;
    }
    for (Result<std::size_t> got = 1; script.silent_at_end && got && *got > 0;) got = co_await stream.read(buffer);
    co_await stream.shutdown();
  }

  std::vector<Script> scripts;
  std::atomic<bool> first = true;
  std::latch closed{1};  // the first connection that ended
  std::atomic<std::size_t> connections = 0;
  net::LoopPool pool;
  std::unique_ptr<net::Listener> listener;
};

inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

inline Task<void> describe_request(Exchange& exchange) {
  const auto body = co_await read_all(exchange.body, 1 << 26);
  if (!body) co_return;
  std::string text =
      exchange.request.method + " " + exchange.request.authority + exchange.request.target + " [" + *body + "]";
  for (const Header& trailer : exchange.body.trailers()) text += " " + trailer.name + "=" + trailer.value;
  (void)co_await exchange.reply.send({}, text);
}

inline std::size_t connections_of(const Metrics& metrics) {
  const std::string text = metrics.render(), name = "watchword_http_connections{server=\"test\"} ";
  return std::stoul(text.substr(text.find(name) + name.size()));
}

}  // namespace watchword::http
