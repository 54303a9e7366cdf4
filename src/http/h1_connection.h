// One client's HTTP/1.1 connection: its requests one after the other. Internal to the server.
#pragma once

#include <coroutine>
#include <list>
#include <memory>

#include "http/body_reader.h"
#include "http/h1_request_parser.h"
#include "http/handler.h"
#include "http/input_buffer.h"
#include "http/server_state.h"

namespace watchword::http {

class H1RequestBody;

class H1Connection {
 public:
  // An admitted one. Both states outlive it. Used on the loop of `loop` only.
  H1Connection(ServerState& state, LoopState& loop, std::unique_ptr<net::Stream> stream);
  H1Connection(const H1Connection&) = delete;
  H1Connection& operator=(const H1Connection&) = delete;
  ~H1Connection();

  net::Task<void> run();
  void finish();  // ends at once if it is between two requests; otherwise run() ends after the present one
  void abort() { stream_->abort(); }

 private:
  enum class Next : std::uint8_t {
    request,  // the connection goes on
    close,    // all was said
    linger,   // the client may still be sending; close so that it sees the answer (RFC 9112 9.6)
    drop,     // the client has gone, or is to see that its answer is cut short
  };

  net::Task<Next> serve_one();
  net::Task<Result<std::optional<ParsedRequest>>> read_head();  // nullopt: the client has gone, or stays silent
  net::Task<Next> answer(ParsedRequest& request);
  net::Task<Next> refuse(const Error& error, int status);
  net::Task<bool> skip_rest(H1RequestBody& body);  // false: too much is left, or the client has gone
  net::Task<void> linger();

  ServerState& state_;
  LoopState& loop_;
  std::list<H1Connection*>::iterator place_;
  std::unique_ptr<net::Stream> stream_;
  InputBuffer input_;
  RequestParser parser_;
  std::string output_;
  std::size_t served_ = 0;
  bool waiting_ = false;  // between two requests
};

}  // namespace watchword::http
