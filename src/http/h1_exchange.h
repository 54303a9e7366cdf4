// The body and the response of one HTTP/1.1 request. Internal to the server.
#pragma once

#include <coroutine>
#include <string>

#include "http/body_reader.h"
#include "http/handler.h"
#include "http/server_state.h"

namespace watchword::http {

class H1RequestBody final : public Body {
 public:
  // `expect_continue`: the client waits for the word before it sends the body.
  H1RequestBody(net::Stream& stream, BodyReader reader, bool expect_continue)
      : stream_(stream), reader_(std::move(reader)), continue_owed_(expect_continue && !reader_.done()) {}

  net::Task<Result<std::string_view>> next() override;
  bool ready() const override { return reader_.ready(); }
  std::optional<std::uint64_t> length() const override { return reader_.length(); }
  const Headers& trailers() const override { return reader_.trailers(); }

  BodyReader& reader() { return reader_; }
  // The next request cannot be told from this one's body.
  bool blocks_connection() const { return cancelled_ || reader_.error() || continue_owed_; }
  void response_begun() { answered_ = true; }  // too late for "100 Continue"
  // Cancels a next() that is still awaited, and waits until it has returned.
  net::Task<void> settle();

 private:
  struct Settled {
    H1RequestBody& body;
    bool await_ready() const { return !body.pending_; }
    void await_suspend(std::coroutine_handle<> waiter) { body.settling_ = waiter; }
    void await_resume() const {}
  };
  net::Task<Result<std::string_view>> wait_for_piece();

  net::Stream& stream_;
  BodyReader reader_;
  bool continue_owed_;
  bool pending_ = false;
  bool cancelled_ = false;
  bool answered_ = false;
  std::coroutine_handle<> settling_;
};

class H1ResponseWriter final : public Writer {
 public:
  struct Request {
    bool head = false;                    // HEAD: no body follows whatever is announced
    bool tunnel = false;                  // CONNECT or an upgrade
    std::string_view websocket_key = {};  // of an upgrade; it must outlive the writer
    int minor = 1;
    bool keep_alive = true;  // as far as the request and the server's limits go
  };
  H1ResponseWriter(net::Stream& stream, std::string& buffer, const ServerState& state, LoopState& loop,
                   H1RequestBody& body, Request request)
      : stream_(stream), out_(buffer), state_(state), loop_(loop), body_(body), request_(request) {
    out_.clear();
  }

  net::Task<Status> begin(ResponseHead head) override { return begin_with(std::move(head), {}); }
  net::Task<Status> begin_with(ResponseHead head, std::string_view piece) override;
  net::Task<Status> write(std::string_view piece) override;
  net::Task<Status> end(Headers trailers) override;
  net::Task<Status> send(ResponseHead head, std::string_view body) override;
  bool begun() const override { return status_ != 0; }
  void abort() override;

  int status() const { return status_; }  // 0 until begun
  bool complete() const { return ended_ && !failed_; }
  bool keep_alive() const { return keep_alive_; }

 private:
  Status start(ResponseHead& head, std::optional<std::uint64_t> length);
  bool grants_tunnel(const ResponseHead& head) const { return request_.tunnel && head.status == 200; }
  Status start_tunnel(ResponseHead& head);
  Status add(std::string_view piece);  // counts the piece; chunks go to out_
  net::Task<Status> flush(std::string_view body);

  net::Stream& stream_;
  std::string& out_;
  const ServerState& state_;
  LoopState& loop_;
  H1RequestBody& body_;
  Request request_;
  BodyFraming framing_;
  std::uint64_t written_ = 0;
  int status_ = 0;
  bool keep_alive_ = false;
  bool in_tunnel_ = false;
  bool ended_ = false;
  bool failed_ = false;
};

}  // namespace watchword::http
