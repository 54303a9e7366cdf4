// The body and the response of one HTTP/2 stream. Internal to the server.
#pragma once

#include <coroutine>
#include <optional>
#include <string>

#include "http/h2_session.h"
#include "http/handler.h"
#include "http/server.h"

namespace watchword::http {

class H2Connection;

// Where one coroutine waits until its connection wakes it.
class H2Waiter {
 public:
  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) { waiter_ = waiter; }
  void await_resume() const {}
  void wake() {
    if (waiter_) std::exchange(waiter_, nullptr).resume();
  }
  explicit operator bool() const { return waiter_ != nullptr; }

 private:
  std::coroutine_handle<> waiter_;
};

inline Error stream_gone() { return fail(Reason::connection_closed, "the stream was reset").error(); }

inline constexpr auto kNoDeadline = net::Steady::time_point::max();

class H2RequestBody final : public Body {
 public:
  struct Announced {
    std::optional<std::uint64_t> length;
    bool ended = false;            // with the head
    bool expect_continue = false;  // the client waits for the word before it sends the body
    std::uint64_t at_most = 0;
    net::Steady::duration first_time{};  // until the first piece
    net::Steady::duration piece_time{};  // from one to the next
  };
  H2RequestBody(H2Stream& stream, const Announced& announced)
      : stream_(stream), announced_(announced), ended_(announced.ended) {}

  net::Task<Result<std::string_view>> next() override;
  bool ready() const override { return error_ || ended_ || !arrived_.empty(); }
  std::optional<std::uint64_t> length() const override;
  const Headers& trailers() const override { return trailers_; }

  // From the connection, which then wakes whoever waits.
  void arrive(std::string_view data);
  void end(Result<Headers> trailers);
  void fail(Error error);  // the first stays
  bool ended() const { return ended_; }
  const std::optional<Error>& error() const { return error_; }
  net::Steady::time_point deadline() const { return deadline_; }
  bool wakes() const { return waiter_ && (skipping_ ? skipped() : ready()); }  // somebody waits for what is there
  void wake() { waiter_.wake(); }
  void response_begun() { announced_.expect_continue = false; }  // too late for "100 Continue"
  // Cancels a next() that is still awaited, waits until it has returned, and gives back what was not read.
  net::Task<void> settle();
  // Drops what the client still sends, for a while: some take a reset right behind the answer for a failure.
  net::Task<void> skip_rest();
  void expire();  // the deadline has passed

 private:
  bool skipped() const;
  void give_back(std::string& taken);
  net::Task<void> wait();

  H2Stream& stream_;
  Announced announced_;
  std::string arrived_;
  std::string shown_;  // the last piece; the client may send as much again once it is done with
  std::uint64_t received_ = 0;
  Headers trailers_;
  std::optional<Error> error_;
  bool ended_;
  bool pending_ = false;
  bool skipping_ = false;
  bool expired_ = false;
  std::size_t skipped_bytes_ = 0;
  net::Steady::time_point deadline_ = kNoDeadline;
  H2Waiter waiter_;
  std::coroutine_handle<> settling_;
};

class H2ResponseWriter final : public Writer {
 public:
  H2ResponseWriter(H2Stream& stream, const RequestHead& request)
      : stream_(stream), head_(request.method == "HEAD"), tunnel_(request.wants_tunnel()) {}

  net::Task<Status> begin(ResponseHead head) override { return begin_with(std::move(head), {}); }
  net::Task<Status> begin_with(ResponseHead head, std::string_view piece) override;
  net::Task<Status> write(std::string_view piece) override;
  net::Task<Status> end(Headers trailers) override;
  net::Task<Status> send(ResponseHead head, std::string_view body) override;
  net::Task<Status> send_with_trailers(ResponseHead head, std::string_view body, Headers trailers) override;
  bool begun() const override { return status_ != 0; }
  void abort() override;

  int status() const { return status_; }  // 0 until begun
  bool complete() const { return end_sent_ && !error_; }
  bool granted_tunnel() const { return granted_; }

  // From the connection.
  std::optional<H2Events::Content> wanted(std::size_t room);
  void taken(std::size_t bytes, std::string& out);
  void sent(const nghttp2_frame& frame);
  void fail(Error error);
  void interim() { ++unsent_; }  // a head of 1xx was queued
  bool end_sent() const { return end_sent_; }
  bool finished() const { return ended_ && done(); }
  net::Steady::time_point deadline() const { return deadline_; }
  bool wakes() const { return waiter_ && (done() || error_); }
  void wake() { waiter_.wake(); }

 private:
  // Checks and queues the head; `piece` and, if `whole`, the end are to follow.
  Status start(const ResponseHead& head, std::optional<std::uint64_t> length, std::string_view piece, bool whole);
  Status add(std::string_view piece);
  bool done() const;
  net::Task<Status> flush();

  H2Stream& stream_;
  bool head_;    // HEAD: no body follows whatever is announced
  bool tunnel_;  // asked for
  bool granted_ = false;
  bool no_content_ = false;
  std::optional<std::uint64_t> length_;
  std::uint64_t written_ = 0;
  std::string_view piece_;  // what is not yet in frames; only while it is awaited
  Headers trailers_;
  int status_ = 0;
  std::size_t unsent_ = 0;   // HEADERS frames
  std::uint64_t batch_ = 0;  // of the connection's output, with the last frame of this stream
  bool ended_ = false;
  bool end_sent_ = false;
  std::optional<Error> error_;
  net::Steady::time_point deadline_ = kNoDeadline;
  H2Waiter waiter_;
};

// One request from its head to the end of its handler.
class H2Stream {
 public:
  H2Stream(H2Connection& connection, std::int32_t id, RequestHead request, const H2RequestBody::Announced& announced)
      : head(std::move(request)), body(*this, announced), reply(*this, head), id_(id), connection_(&connection) {}
  H2Stream(const H2Stream&) = delete;
  H2Stream& operator=(const H2Stream&) = delete;
  ~H2Stream();

  std::int32_t id() const { return id_; }
  H2Connection* connection() const { return connection_; }  // null when that is gone
  void orphan();                                            // it is
  void complete() { closed_ = true; }                       // both sides have ended it
  void close(const Error& why);                             // the client has reset it, or is gone
  bool closed() const { return closed_; }
  void reset(std::uint32_t error_code);  // at our side's wish
  bool was_reset() const { return reset_; }
  void wake();  // whoever waits; may end the stream
  void time_out(net::Steady::time_point now);

  RequestHead head;
  H2RequestBody body;
  H2ResponseWriter reply;
  bool listed = false;    // to be woken
  std::size_t place = 0;  // among the live ones of its connection

 private:
  std::int32_t id_;
  H2Connection* connection_;
  bool closed_ = false;
  bool reset_ = false;
};

}  // namespace watchword::http
