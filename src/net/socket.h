// A non-blocking socket on its loop, with one lazy deadline timer. For the .cc files of net/ only.
#pragma once

#include <array>
#include <coroutine>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "net/asio.h"
#include "net/loop.h"
#include "net/stream.h"

namespace watchword::net {

// Of a TCP connection, either way: small writes leave at once, and a peer that vanished without a word is noticed after
// about two minutes of silence.
void set_tcp_options(int fd);

// Shared by its stream and by the timer that is still under way. Used only on its loop.
class Socket : public std::enable_shared_from_this<Socket> {
 public:
  using Handle = SocketHandle;
  using Endpoint = asio::generic::stream_protocol::endpoint;
  struct Outcome {
    error_code error;
    std::size_t bytes = 0;
  };

  explicit Socket(Handle handle, std::shared_ptr<void> slot = nullptr);
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  // System calls that never wait: would_block in `error` when they would have to. bytes == 0 without error: the end.
  Outcome try_read(std::span<char> into);
  Outcome try_write(std::string_view first, std::string_view second);

  // Awaitables. They fail with operation_aborted past the deadline and after close().
  auto read(std::span<char> into) { return Read{*this, into, {}}; }
  auto wait(Handle::wait_type readiness) { return Wait{*this, readiness, {}}; }
  auto connect(const Endpoint& to) { return Connect{*this, to, {}}; }

  void set_deadline(std::optional<Steady::time_point> when);
  void shutdown_write();
  void close();
  void reset();  // close with RST
  bool idle();   // open, and nothing arrived, not even the end
  bool open() const { return handle_.is_open(); }
  bool usable() const { return open() && !expired_; }
  Error error_of(const error_code& error) const;  // http_timeout past the deadline, else connection_closed
  Peer peer() const;

 private:
  static constexpr auto kNever = Steady::time_point::max();

  struct Read {
    Socket& socket;
    std::span<char> into;
    Outcome outcome;
    bool await_ready();
    void await_suspend(std::coroutine_handle<> waiter);
    Outcome await_resume();
  };
  struct Wait {
    Socket& socket;
    Handle::wait_type readiness;
    error_code error;
    bool await_ready() { return socket.refused(error); }
    void await_suspend(std::coroutine_handle<> waiter);
    error_code await_resume() const { return error; }
  };
  struct Connect {
    Socket& socket;
    Endpoint to;
    error_code error;
    bool await_ready() { return socket.refused(error); }
    void await_suspend(std::coroutine_handle<> waiter);
    error_code await_resume() const { return error; }
  };

  bool refused(error_code& error) const;  // no operation may start any more
  void arm(Steady::time_point when);
  void on_timer();

  Handle handle_;
  Timer timer_;
  Steady::time_point deadline_ = kNever;
  Steady::time_point armed_ = kNever;  // the timer fires then, at or before the deadline, and looks again
  bool expired_ = false;
  unsigned at_once_ = 0;        // reads in a row that did not wait
  bool more_likely_ = true;     // the last read filled its buffer: try the system call before waiting
  std::shared_ptr<void> slot_;  // given back when the connection closes
};

}  // namespace watchword::net
