// An HTTP/2 connection to an origin: reads, writes and keeps time for its streams. Internal to the client.
#pragma once

#include <functional>
#include <memory>

#include "http/client.h"
#include "http/h2_client_session.h"

namespace watchword::http {

class H2ClientConnection : public std::enable_shared_from_this<H2ClientConnection> {
 public:
  using Ptr = std::shared_ptr<H2ClientConnection>;
  using TimePoint = net::Steady::time_point;

  // Once the origin's settings have come. upstream_unreachable, upstream_timeout, upstream_malformed.
  static net::Task<Result<Ptr>> establish(std::unique_ptr<net::Stream> stream, const net::Address& address,
                                          ClientLimits limits);
  H2ClientConnection(std::unique_ptr<net::Stream> stream, ClientLimits its_limits)
      : limits(its_limits), stream_(std::move(stream)), session_(limits.header_bytes) {}

  // As H2ClientSession::open. What is done to a stream goes out with flush().
  Status open(const H2StreamPtr& stream, const RequestHead& head, std::optional<std::uint64_t> length, bool content);
  void resume(H2ClientStream& stream) { session_.resume(stream); }
  void consumed(const H2ClientStream& stream, std::size_t bytes) { session_.consumed(stream, bytes); }
  void reset(H2ClientStream& stream, Error error);  // goes out by itself, later
  void flush();

  // Awaitables: until something of the response may have changed; until the piece is taken, or never will be. Past the
  // stream's deadline it is reset with http_timeout.
  auto response_changed(H2ClientStream& stream) { return Wait{stream, stream.reader, false}; }
  auto piece_taken(H2ClientStream& stream) { return Wait{stream, stream.writer, !stream.at_hand}; }
  void set_deadline(H2ClientStream& stream, std::optional<TimePoint> when);

  // For as many streams at a time as the origin takes; the pool hands them out.
  bool has_place() const { return accepts() && places_ < session_.max_streams(); }
  void take_place() { ++places_; }
  void give_back_place();
  bool accepts() const { return !closed_ && !retired_ && session_.accepts(); }
  bool takes_tunnels() const { return session_.takes_tunnels(); }
  void on_change(std::function<void()> told) { told_ = std::move(told); }  // of accepts() or has_place(), perhaps
  void close(const Error& error);                                          // at once

  const ClientLimits limits;
  bool has_answered = false;  // a request: it may have been closed since for being unused

 private:
  struct Wait {
    H2ClientStream& stream;
    std::coroutine_handle<>& handle;
    bool ready;
    bool await_ready() const { return ready; }
    void await_suspend(std::coroutine_handle<> waiter) { handle = waiter; }
    void await_resume() const {}
  };
  struct Settled {
    H2ClientConnection& connection;
    bool await_ready() const { return connection.closed_ || connection.session_.settled(); }
    void await_suspend(std::coroutine_handle<> waiter) { connection.settling_ = waiter; }
    void await_resume() const {}
  };

  static net::Task<void> read(Ptr self);
  static net::Task<void> write(Ptr self);
  net::Task<Status> write_all();
  net::Task<void> end_our_side();
  void received(std::string_view bytes);
  void wake();
  void wake_later();
  void changed() const;
  void retire();
  void look_again(TimePoint when);
  static net::Task<void> look(std::weak_ptr<H2ClientConnection> weak, TimePoint when);
  void look_at_time(TimePoint now);

  std::unique_ptr<net::Stream> stream_;
  H2ClientSession session_;
  std::string output_;
  std::function<void()> told_;
  std::coroutine_handle<> settling_;  // waits for the first settings
  std::size_t places_ = 0;            // taken
  bool writing_ = false;
  bool waking_ = false;   // wake_later() is on its way
  bool retired_ = false;  // no new streams; it ends with the last
  bool closed_ = false;
  std::optional<Error> why_closed_;
  TimePoint last_received_{};
  TimePoint unused_since_ = net::Steady::now();
  TimePoint next_look_ = TimePoint::max();
};

}  // namespace watchword::http
