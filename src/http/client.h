// A client of HTTP/1.1 and HTTP/2 for one origin: connections of one loop, kept alive. The proxy's way to its
// upstreams.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "http/abort.h"
#include "http/handler.h"
#include "net/stream.h"

namespace watchword::http {

enum class Protocol : std::uint8_t {
  http1,
  http2_where_offered,  // https: by ALPN, with HTTP/1.1 as the other choice; http: HTTP/1.1
  // https: by ALPN, and nothing else will do; http: with prior knowledge (RFC 9113 3.3). But WebSockets fall back to
  // HTTP/1.1 where the backend lacks RFC 8441.
  http2,
};

struct Origin {
  std::string scheme;  // "http" or "https"
  net::Address address;
  std::string authority;  // for the Host header
  Protocol protocol = Protocol::http1;
};
Result<Origin> parse_origin(std::string_view url);  // http(s)://host[:port], nothing after it but an optional "/"

bool is_idempotent(std::string_view method);  // RFC 9110 9.2.2

struct ClientLimits {
  net::Steady::duration connect_time = std::chrono::seconds(5);
  net::Steady::duration response_time = std::chrono::seconds(60);  // until the response head
  net::Steady::duration idle_time = std::chrono::seconds(60);      // between two pieces of a body
  net::Steady::duration keep_alive = std::chrono::seconds(30);     // an unused connection is closed after this
  std::size_t connections = 256;  // per origin and loop; more wait. HTTP/2 opens one more only when all are full
  std::size_t header_bytes = 64 * 1024;
};

// A response whose head has arrived. The upload goes on beside it until either ends. Destroying it before the body's
// end closes the connection (HTTP/2: resets the stream). To a request that wants a tunnel, status 200 (HTTP/1.1: 101 to
// an upgrade, told as 200) says that it is granted: body() is then what the other side sends, the upload what goes
// there, each until its own end; nothing of the upload is sent before that. upstream_malformed when an HTTP/1.1 upgrade
// is answered with another success, which could not be told from this.
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
  // ALPN offers what origin.protocol says, whatever `tls` holds.
  static std::unique_ptr<Client> make(Origin origin, const std::shared_ptr<net::TlsClientContext>& tls,
                                      ClientLimits limits);
  virtual ~Client() = default;
  // Sends the head and streams `body` (null: none) while waiting for the response head, and on beside the response
  // until that ends. Hop-by-hop headers are the caller's to remove; framing is done here. A WebSocket goes by HTTP/2
  // where the origin supports it (RFC 8441), else by HTTP/1.1. Retries when nothing of a body was taken: once on a
  // stale pooled connection, when the method is idempotent; in HTTP/2 a few times what the origin has not looked at.
  // upstream_unreachable, upstream_tls_failed, upstream_forbidden, upstream_timeout, upstream_malformed, overloaded (no
  // connection became free in time), connection_closed (after `abort`); errors of reading `body` (the client's fault)
  // are passed on as they are. A next() of `body` may still be awaited when the response is destroyed: the body must
  // live until it has returned (a server's exchange sees to that). It is not touched again after that. `abort` (null:
  // none) ends the request and the response's body at any time until the response is destroyed; it must live as long.
  virtual net::Task<Result<std::unique_ptr<ClientResponse>>> send(RequestHead head, Body* body,
                                                                  Abort* abort = nullptr) = 0;
};

}  // namespace watchword::http
