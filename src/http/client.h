// An HTTP/1.1 client for one origin: pooled keep-alive connections of one loop. The proxy's way to its upstreams.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "http/abort.h"
#include "http/handler.h"
#include "net/stream.h"

namespace watchword::http {

struct Origin {
  std::string scheme;  // "http" or "https"
  net::Address address;
  std::string authority;  // for the Host header
};
Result<Origin> parse_origin(std::string_view url);  // http(s)://host[:port], nothing after it but an optional "/"

struct ClientLimits {
  net::Steady::duration connect_time = std::chrono::seconds(5);
  net::Steady::duration response_time = std::chrono::seconds(60);  // until the response head
  net::Steady::duration idle_time = std::chrono::seconds(60);      // between two pieces of a body
  net::Steady::duration keep_alive = std::chrono::seconds(30);     // an unused connection is closed after this
  std::size_t connections = 256;                                   // per origin and loop; more wait
  std::size_t header_bytes = 64 * 1024;
};

// A response whose head has arrived. Destroying it before the body's end closes the connection.
class ClientResponse {
 public:
  virtual ~ClientResponse() = default;
  virtual const ResponseHead& head() const = 0;
  virtual ResponseHead take_head() = 0;  // instead of a copy; head() is empty from then on
  virtual Body& body() = 0;
};

// Used on one loop only, and destroyed before it, as are its responses.
class Client {
 public:
  static std::unique_ptr<Client> make(Origin origin, std::shared_ptr<net::TlsClientContext> tls, ClientLimits limits);
  virtual ~Client() = default;
  // Sends the head and streams `body` (null: none) while waiting for the response head; an early answer stops the
  // upload. Hop-by-hop headers are the caller's to remove; framing is done here. Retries once on a stale pooled
  // connection when nothing of a body was sent and the method is idempotent. upstream_unreachable, upstream_tls_failed,
  // upstream_timeout, upstream_malformed, overloaded (no connection became free in time); errors of reading `body` (the
  // client's fault) are passed on as they are. After an early answer a next() of `body` may still be awaited: the body
  // must live until it has returned (a server's exchange sees to that). It is not touched again after that.
  // `abort` (null: none) ends the request and the response's body at any time until the response is destroyed; it must
  // live as long.
  virtual net::Task<Result<std::unique_ptr<ClientResponse>>> send(RequestHead head, Body* body,
                                                                  Abort* abort = nullptr) = 0;
};

}  // namespace watchword::http
