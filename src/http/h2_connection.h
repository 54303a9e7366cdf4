// One client's HTTP/2 connection: its requests side by side, each with a task of its own. Internal to the server.
#pragma once

#include <coroutine>
#include <list>
#include <memory>
#include <vector>

#include "http/h2_exchange.h"
#include "http/h2_meter.h"
#include "http/h2_session.h"
#include "http/input_buffer.h"
#include "http/server_state.h"

namespace watchword::http {

class H2Connection final : private H2Events {
 public:
  // An admitted one. Both states outlive it. Used on the loop of `loop` only.
  H2Connection(ServerState& state, LoopState& loop, std::unique_ptr<net::Stream> stream);
  H2Connection(const H2Connection&) = delete;
  H2Connection& operator=(const H2Connection&) = delete;
  ~H2Connection() override;

  net::Task<void> run();
  void finish();  // the client may finish what it has begun
  void abort() { stream_->abort(); }
  void tick(net::Steady::time_point now);  // now and then: ends what has waited too long

  // For its streams.
  H2Session& session() { return session_; }
  const ServerLimits& limits() const { return state_.limits; }
  std::string_view date() { return loop_.date(); }
  void kick();                  // there may be something to send or to wake; later, never from within
  void list(H2Stream& stream);  // it may have something to wake
  // It has a frame in the present batch, whose number this is; `last`: what this said before.
  std::uint64_t touch(H2Stream& stream, std::uint64_t last);
  bool flushed(std::uint64_t batch) const { return batch <= flushed_; }
  void remove(H2Stream& stream);

 private:
  H2Stream* on_request(std::int32_t id, Result<FieldCollector::Request> request, bool end) override;
  void on_data(H2Stream& stream, std::string_view data) override;
  void on_end(H2Stream& stream, Result<Headers> trailers) override;
  void on_closed(H2Stream& stream, std::uint32_t error_code) override;
  void on_refused() override { spend_reset(); }
  void on_ping_answered() override;
  void on_sent(H2Stream& stream, const nghttp2_frame& frame) override;
  void on_unsendable(H2Stream& stream) override;
  std::optional<Content> on_wanted(H2Stream& stream, std::size_t room) override { return stream.reply.wanted(room); }
  void on_taken(H2Stream& stream, std::size_t bytes, std::string& out) override { stream.reply.taken(bytes, out); }

  net::Task<bool> read();  // until nothing more is to be read; false: the client has gone
  net::Task<void> pump();
  net::Task<bool> flush();
  net::Task<void> serve(std::unique_ptr<H2Stream> stream);
  net::Task<void> refuse(std::unique_ptr<H2Stream> stream, Error error);
  net::Task<void> linger();
  struct Change {  // the end of pump() or of a stream
    H2Connection& connection;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) { connection.waiting_ = waiter; }
    void await_resume() const {}
  };
  void wake_listed();
  void spend_reset();
  void start_all();
  net::Task<void> conclude(H2Stream& stream);
  void leave();
  void give_up();
  void notify();

  struct Starting {
    std::unique_ptr<H2Stream> stream;
    std::optional<Error> refusal;
  };

  ServerState& state_;
  LoopState& loop_;
  std::list<H2Connection*>::iterator place_;
  std::unique_ptr<net::Stream> stream_;
  InputBuffer input_;
  H2Session session_;
  FrameMeter meter_;
  Budget resets_;
  std::vector<Starting> starting_;
  std::vector<H2Stream*> live_;     // every one that exists
  std::vector<H2Stream*> listed_;   // to be woken
  std::vector<H2Stream*> touched_;  // with frames in the present batch
  std::uint64_t batch_ = 1;
  std::uint64_t flushed_ = 0;
  std::size_t served_ = 0;
  net::Steady::time_point idle_since_;
  net::Steady::time_point leave_at_ = kNoDeadline;
  std::coroutine_handle<> waiting_;  // run(), for the rest to end
  bool pumping_ = false;
  bool flooded_ = false;
  bool closing_ = false;
  bool broken_ = false;  // nothing can be sent any more
  bool leaving_ = false;
  bool left_ = false;
};

}  // namespace watchword::http
