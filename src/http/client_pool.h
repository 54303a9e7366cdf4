// The connections of one client to its origin, on one loop. Internal to the client.
#pragma once

#include <memory>
#include <vector>

#include "http/client.h"
#include "http/client_queue.h"
#include "http/h1_response_parser.h"
#include "http/input_buffer.h"

namespace watchword::http {

struct ClientConnection {
  ClientConnection(std::unique_ptr<net::Stream> its_stream, std::size_t header_bytes);

  std::unique_ptr<net::Stream> stream;
  InputBuffer input;
  ResponseParser parser;
  std::string output;
  net::Steady::time_point idle_since{};
  bool reused = false;  // has carried a request before
};

class ClientPool : public std::enable_shared_from_this<ClientPool> {
 public:
  ClientPool(Origin its_origin, std::shared_ptr<net::TlsClientContext> tls, ClientLimits its_limits)
      : origin(std::move(its_origin)), limits(its_limits), tls_(std::move(tls)), waiting_(limits.response_time) {}

  // An unused connection that is still alive, else a new one, else waits for either, at most response_time
  // (overloaded). `fresh`: a new one in place of an unused one. What is taken is given back with put() or gone().
  net::Task<Result<std::shared_ptr<ClientConnection>>> take(bool fresh);
  void put(std::shared_ptr<ClientConnection> connection);  // it can carry another request
  void gone();                                             // it was closed
  void add(std::unique_ptr<net::Stream> stream);           // one that somebody else has made

  const Origin origin;
  const ClientLimits limits;

 private:
  std::shared_ptr<ClientConnection> take_unused();
  net::Task<Result<std::shared_ptr<ClientConnection>>> connect();
  static net::Task<void> close_unused(std::weak_ptr<ClientPool> weak);

  std::shared_ptr<net::TlsClientContext> tls_;
  std::vector<std::shared_ptr<ClientConnection>> unused_;  // the longest unused first
  WaitQueue<std::shared_ptr<ClientConnection>> waiting_;   // for a place, with or without (null) a connection
  std::size_t places_ = 0;                                 // taken: connections in use, unused or being made
  bool closing_ = false;                                   // close_unused runs
};

}  // namespace watchword::http
