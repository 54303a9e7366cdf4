// A byte stream: TCP, TLS over TCP, or a Unix socket. Used only on its loop, and destroyed before it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "net/loop.h"
#include "net/task.h"

namespace watchword::net {

// Who is at the other end.
struct Peer {
  std::string address;  // "192.0.2.7" or "[2001:db8::7]"; empty for a Unix socket
  std::uint16_t port = 0;
  std::optional<std::uint32_t> uid;  // Unix sockets: SO_PEERCRED
  bool loopback = false;
  std::vector<std::string> names = {};  // DNS names of its certificate, which was verified; without one: none
};

class Stream {
 public:
  virtual ~Stream() = default;  // closes
  // At least one byte, or 0 at the end of the stream. connection_closed, http_timeout (past the deadline).
  virtual Task<Result<std::size_t>> read(std::span<char> into) = 0;
  // All of `first`, then all of `second` (head and body in one system call). The same errors.
  virtual Task<Status> write(std::string_view first, std::string_view second = {}) = 0;
  virtual Task<void> shutdown() = 0;  // sends the end of our side (TLS close_notify, FIN)
  virtual void abort() = 0;           // resets the connection; pending reads and writes fail at once
  virtual void set_deadline(std::optional<Steady::time_point> when) = 0;  // for all reads and writes from now on
  virtual bool idle() = 0;  // open, and nothing has arrived, not even the end: a pooled connection may be used again
  virtual const Peer& peer() const = 0;
  virtual bool encrypted() const = 0;
  virtual std::string_view alpn() const = 0;  // negotiated protocol, empty if none
};

// How connect() goes about it. Shared by the connections to one place.
struct Dial {
  // Asked about each address that the name has, as 4 or 16 bytes, in the very call that then connects to it: a name
  // that changes its answer in between gains nothing. What is refused is left out; when nothing is left, connect()
  // fails with the last refusal. Null: all are permitted. Called on any loop.
  std::function<Status(std::span<const std::uint8_t> ip)> permit = {};
  std::string preface = {};  // sent first, before TLS: a PROXY protocol header
};

// "127.0.0.1:8443", "[::1]:0", ":8443" (all addresses), "unix:/run/watchword/admin.sock". Host names only to connect.
struct Address {
  std::string host = {};  // empty: all addresses
  std::uint16_t port = 0;
  std::string unix_path = {};
  std::shared_ptr<const Dial> dial = {};  // for connect() only; null: any address, no preface
  bool loopback() const;                  // 127.0.0.0/8, ::1, "localhost" or a Unix socket
  bool literal() const;                   // an IP address or a Unix socket: there is no name to resolve
};
Result<Address> parse_address(std::string_view text);
std::string to_string(const Address& address);

class TlsServerContext;
class TlsClientContext;

// Accepts on one address from several loops (SO_REUSEPORT, so that the kernel spreads the connections).
class Listener {
 public:
  using OnStream = std::function<void(std::unique_ptr<Stream>)>;  // called on the loop of the connection
  enum class Full : std::uint8_t { all, address };                // whose places are taken
  struct Options {
    std::shared_ptr<TlsServerContext> tls = {};  // null: plain
    std::size_t max_connections = 50'000;        // over that, new ones are closed at once
    std::size_t max_per_address = 2'000;         // so too; of an IPv6 /64 together, and not for Unix sockets
    std::function<void(Full full, const std::string& address)> on_refused =
        {};  // any loop; "192.0.2.7", "2001:db8::/64"
    unsigned unix_mode = 0600;
    Steady::duration handshake_timeout = std::chrono::seconds(10);
  };
  static Result<std::unique_ptr<Listener>> start(std::vector<Loop*> loops, const Address& address, Options options,
                                                 OnStream on_stream);
  virtual ~Listener() = default;        // stops accepting
  virtual Address address() const = 0;  // with the port that port 0 became
  virtual void stop() = 0;              // any thread; accepted streams live on
};

// Connects from the current loop: resolves, tries each permitted address. upstream_unreachable, upstream_tls_failed,
// upstream_timeout, and what address.dial->permit refuses with. With `tls`, the certificate must be valid for
// address.host (or for the context's server name). What a name was found to mean is used for its TTL (net/resolver.h).
Task<Result<std::unique_ptr<Stream>>> connect(Address address, std::shared_ptr<TlsClientContext> tls,
                                              Steady::duration timeout);
bool is_connect_failure(const Error& error);  // an error of connect(): nothing was sent but the preface

// The addresses that connect() would find now, permitted or not, as sorted texts without port. An answer older than
// `max_age` is asked for anew though its TTL has not passed.
struct Addresses {
  std::vector<std::string> texts;
  Steady::time_point fresh_until;  // past already for those from before, while there is no new answer
};
Task<Result<Addresses>> resolve(Address address, Steady::duration max_age, Steady::duration timeout);

}  // namespace watchword::net
