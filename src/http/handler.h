// What answers a request, whatever the HTTP version. Bodies stream both ways and are never held whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"
#include "net/stream.h"
#include "net/task.h"

namespace watchword::http {

// The incoming body of a request or response.
class Body {
 public:
  virtual ~Body() = default;
  // The next piece, empty at the end. The view lives until the next call. http_malformed, http_too_large,
  // http_timeout, connection_closed.
  virtual net::Task<Result<std::string_view>> next() = 0;
  virtual bool ready() const { return false; }              // next() will not wait: something has arrived, or the end
  virtual std::optional<std::uint64_t> length() const = 0;  // when announced; 0 for "there is none"
  virtual const Headers& trailers() const = 0;              // after the end
};

// The outgoing response. begin once, then write any number of times, then end once. Awaiting write is the
// back-pressure. Errors mean that the client has gone; there is no one left to tell.
class Writer {
 public:
  virtual ~Writer() = default;
  // Framing headers (content-length, transfer-encoding, connection) are the codec's: a content-length in `head` is
  // honoured as the announced length; without one the body is framed by the codec.
  virtual net::Task<Status> begin(ResponseHead head) = 0;
  // begin and the first write in one system call, for those who have the first piece at hand (Body::ready).
  virtual net::Task<Status> begin_with(ResponseHead head, std::string_view piece);
  virtual net::Task<Status> write(std::string_view piece) = 0;
  virtual net::Task<Status> end(Headers trailers = {}) = 0;
  // The whole response at once: begin with content-length, write, end, in one system call.
  virtual net::Task<Status> send(ResponseHead head, std::string_view body) = 0;
  // Likewise begin_with and end, for a response with trailers.
  virtual net::Task<Status> send_with_trailers(ResponseHead head, std::string_view body, Headers trailers);
  virtual bool begun() const = 0;
  // Ends the response so that the client sees that it is cut short (HTTP/1.1: the connection is reset,
  // HTTP/2: the stream, by RST_STREAM).
  virtual void abort() = 0;
};

// A request that wants a tunnel is answered as any other when that is refused. Granted, it is begun with status 200
// and without content-length, whatever the HTTP version (HTTP/1.1 says 101 to an upgrade); from then on body.next() and
// reply.write() carry the bytes of the tunnel, reply.end() closes its one direction, and next() is empty once the
// client has closed the other. `body` has content before the answer only where the client cannot wait for it: read
// none.
struct Exchange {
  RequestHead& request;
  Body& body;
  Writer& reply;
  const net::Peer& peer;
};

class Handler {
 public:
  virtual ~Handler() = default;
  // Called on the connection's loop. The exchange lives until the task ends, its body until a next() that is still
  // awaited elsewhere has returned (it is cancelled then). A task that ends without a response is answered with 500.
  virtual net::Task<void> handle(Exchange& exchange) = 0;
};

// The whole body, for small documents. http_too_large beyond `max_bytes`; http_timeout when it has not arrived `within`
// this time, however steadily it trickles.
net::Task<Result<std::string>> read_all(Body& body, std::size_t max_bytes,
                                        net::Steady::duration within = std::chrono::seconds(30));

}  // namespace watchword::http
