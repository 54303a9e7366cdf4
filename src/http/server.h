// The HTTP server: accepts, parses, limits, calls the handler. HTTP/1.1 and HTTP/2 on the same port: with TLS by ALPN;
// without it, HTTP/2 is for loopback peers that begin with its preface (RFC 9113 3.3).
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "base/metrics.h"
#include "base/result.h"
#include "http/handler.h"
#include "net/stream.h"

namespace watchword::http {

struct ServerLimits {
  std::size_t request_line = 8 * 1024;
  std::size_t header_bytes = 32 * 1024;  // all headers together
  std::size_t header_count = 100;
  std::uint64_t body_bytes = 1ull << 40;  // the handler's own limits are tighter where it reads whole bodies
  net::Steady::duration header_time = std::chrono::seconds(10);     // from the first byte to the last header
  net::Steady::duration idle_time = std::chrono::seconds(75);       // between requests
  net::Steady::duration body_time = std::chrono::seconds(30);       // between two pieces of a body, read or written
  net::Steady::duration call_idle_time = std::chrono::seconds(30);  // read, once a gRPC call has begun to speak
  net::Steady::duration tunnel_idle_time = std::chrono::hours(1);   // between two pieces in a tunnel, either way
  std::size_t requests_per_connection = 100'000;
  std::uint32_t streams_per_connection = 100;                       // HTTP/2: requests at once
  bool resets_end_calls = false;                                    // the peer ends answers by resets: no flood
  std::size_t connections = 50'000;                                 // over that, new ones are closed at once
  std::size_t connections_per_address = 2'000;                      // so too; of an IPv6 /64 together
  net::Steady::duration handshake_time = std::chrono::seconds(10);  // TLS
};

class Server {
 public:
  struct Options {
    net::Address address;
    std::shared_ptr<net::TlsServerContext> tls = {};
    ServerLimits limits = {};
    unsigned unix_mode = 0600;
    Metrics* metrics = nullptr;     // must outlive the server
    std::string_view name = "api";  // label of its metrics
    // Asked about each connection as it comes, on its loop: false closes it before anything of it is read. Null: all.
    std::function<bool(const net::Peer& peer)> admit = {};
  };
  // The handler must outlive the server, and the loops must run until it is destroyed. Destroying it drains with no
  // time.
  static Result<std::unique_ptr<Server>> start(const std::vector<net::Loop*>& loops, const Options& options,
                                               Handler& handler);
  virtual ~Server() = default;
  virtual net::Address address() const = 0;
  // Refuses new connections, and answers what is in flight with connection: close, or GOAWAY. Any thread but a loop's.
  virtual void begin_drain() = 0;
  // begin_drain(), then returns when all are done or at the deadline, whichever comes first; then the rest is reset.
  // Any thread but a loop's. True when all ended by themselves.
  virtual bool drain(net::Steady::duration at_most) = 0;
};

}  // namespace watchword::http
