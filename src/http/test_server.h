// A server with a handler made of a function, and a client that sends and receives raw bytes. For tests only.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <string>

#include "http/server.h"

namespace watchword::http {

class FunctionHandler final : public Handler {
 public:
  using Function = std::function<net::Task<void>(Exchange&)>;
  explicit FunctionHandler(Function function) : function_(std::move(function)) {}
  net::Task<void> handle(Exchange& exchange) override { return function_(exchange); }

 private:
  Function function_;
};

struct TestServer {
  explicit TestServer(FunctionHandler::Function function, ServerLimits limits = {},
                      std::shared_ptr<net::TlsServerContext> tls = nullptr, unsigned loops = 1)
      : handler(std::move(function)), pool(loops) {
    auto started = Server::start(pool.loops(),
                                 {.address = *net::parse_address("127.0.0.1:0"),
                                  .tls = std::move(tls),
                                  .limits = limits,
                                  .metrics = &metrics,
                                  .name = "test"},
                                 handler);
    EXPECT_TRUE(started) << to_string(started.error());
    server = *std::move(started);
  }
  net::Address address() const { return server->address(); }

  FunctionHandler handler;
  Metrics metrics;
  net::LoopPool pool;
  std::unique_ptr<Server> server;
};

// Blocking, with a time limit that no passing test reaches.
class RawClient {
 public:
  explicit RawClient(const net::Address& address) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    const timeval limit{.tv_sec = 20, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(address.port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
  }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;
  ~RawClient() { ::close(fd_); }

  bool connected() const { return connected_; }
  bool send(std::string_view text) {
    while (!text.empty()) {
      const ssize_t sent = ::send(fd_, text.data(), text.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  // What comes until `end` has come, or until the connection ends. What follows `end` is kept for the next call.
  std::string read_until(std::string_view end) {
    while (true) {
      if (const auto at = kept_.find(end); at != kept_.npos) {
        std::string text = kept_.substr(0, at + end.size());
        kept_.erase(0, text.size());
        return text;
      }
      if (!receive()) return std::exchange(kept_, {});
    }
  }
  // Exactly so many bytes, or what came before the end.
  std::string read_exactly(std::size_t size) {
    while (kept_.size() < size && receive()) {
    }
    std::string text = kept_.substr(0, size);
    kept_.erase(0, text.size());
    return text;
  }
  std::string read_to_end() {
    while (receive()) {
    }
    return std::exchange(kept_, {});
  }
  bool was_reset() const { return reset_; }

 private:
  bool receive() {
    std::array<char, 16 * 1024> buffer;
    const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), 0);
    reset_ = got < 0;
    if (got > 0) kept_.append(buffer.data(), static_cast<std::size_t>(got));
    return got > 0;
  }

  int fd_;
  bool connected_ = false;
  bool reset_ = false;
  std::string kept_;
};

// Sends everything, says that no more comes, and returns all that was answered.
inline std::string talk(const net::Address& address, std::string_view text) {
  RawClient client(address);
  client.send(text);
  client.finish_sending();
  return client.read_to_end();
}

// Without the date, which changes.
inline std::string without_date(std::string text) {
  for (auto at = text.find("date: "); at != text.npos; at = text.find("date: ", at))
    text.erase(at, text.find("\r\n", at) + 2 - at);
  return text;
}

}  // namespace watchword::http
