// Connecting: resolve, try each permitted address within the time, then TLS.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <vector>

#include "net/loop_impl.h"
#include "net/streams.h"

namespace watchword::net {

namespace {

using Endpoints = std::vector<Socket::Endpoint>;
using asio::ip::tcp;

// What errors of connect() expected, and no others do.
constexpr std::string_view kConnection = "a connection", kInTime = "a connection in time";

std::unexpected<Error> unreachable(const Address& address, std::string found) {
  return fail(Reason::upstream_unreachable, std::move(found), std::string(kConnection), to_string(address));
}
std::unexpected<Error> too_slow(const Address& address, std::string what) {
  return fail(Reason::upstream_timeout, std::move(what), std::string(kInTime), to_string(address));
}

// A resolution that may be given up: getaddrinfo itself cannot be, so its outcome then comes too late and is dropped.
struct Resolution {
  Resolution(Loop& loop, Address to)
      : address(std::move(to)), resolver(loop.impl().context), timer(loop.impl().context) {}

  void finish(Result<Endpoints> result) {
    if (outcome) return;
    outcome = std::move(result);
    timer.cancel();
    std::exchange(waiter, nullptr).resume();
  }

  Address address;
  asio::ip::basic_resolver<tcp, asio::io_context::executor_type> resolver;
  Timer timer;
  std::coroutine_handle<> waiter;
  std::optional<Result<Endpoints>> outcome;
};

struct Resolve {
  std::shared_ptr<Resolution> state;
  Steady::time_point deadline;

  bool await_ready() const { return false; }
  void await_suspend(std::coroutine_handle<> waiter) {
    const std::shared_ptr<Resolution> kept = state;
    kept->waiter = waiter;
    kept->timer.expires_at(deadline);
    kept->timer.async_wait([kept](const error_code& error) {
      if (!error) kept->finish(too_slow(kept->address, "no answer from the name service"));
    });
    kept->resolver.async_resolve(kept->address.host, std::to_string(kept->address.port),
                                 [kept](const error_code& error, const tcp::resolver::results_type& results) {
                                   if (error) return kept->finish(unreachable(kept->address, error.message()));
                                   Endpoints all;
                                   for (const auto& result : results) all.emplace_back(result.endpoint());
                                   kept->finish(std::move(all));
                                 });
  }
  Result<Endpoints> await_resume() const { return std::move(*state->outcome); }
};

Task<Result<Endpoints>> resolve(Address address, Steady::time_point deadline) {
  if (!address.unix_path.empty()) {
    if (address.unix_path.size() >= sizeof(sockaddr_un::sun_path)) co_return unreachable(address, "a too long path");
    co_return Endpoints{asio::local::stream_protocol::endpoint(address.unix_path)};
  }
  error_code error;
  const asio::ip::address literal = asio::ip::make_address(address.host, error);
  if (!error) co_return Endpoints{tcp::endpoint(literal, address.port)};
  if (address.host.empty()) co_return unreachable(address, "no host");
  co_return co_await Resolve{std::make_shared<Resolution>(*Loop::current(), std::move(address)), deadline};
}

// Empty for a Unix socket.
std::span<const std::uint8_t> ip_of(const Socket::Endpoint& endpoint) {
  if (endpoint.protocol().family() == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(*endpoint.data());
    return {reinterpret_cast<const std::uint8_t*>(&v4.sin_addr), sizeof v4.sin_addr};
  }
  if (endpoint.protocol().family() == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(*endpoint.data());
    return {reinterpret_cast<const std::uint8_t*>(&v6.sin6_addr), sizeof v6.sin6_addr};
  }
  return {};
}

Result<Endpoints> permitted(const Address& address, Endpoints endpoints) {
  if (!address.dial || !address.dial->permit) return endpoints;
  Status last;
  std::erase_if(endpoints, [&](const Socket::Endpoint& endpoint) {
    const auto ip = ip_of(endpoint);
    auto status = ip.empty() ? Status() : address.dial->permit(ip);
    const bool refused = !status;
    if (refused) last = std::move(status);
    return refused;
  });
  if (endpoints.empty() && !last) {
    last.error().where = to_string(address);
    return std::unexpected(std::move(last).error());
  }
  return endpoints;
}

Task<Status> send_preface(Socket& socket, const Address& address) {
  std::string_view left = address.dial ? std::string_view(address.dial->preface) : std::string_view();
  while (!left.empty()) {
    const Socket::Outcome outcome = socket.try_write(left, {});
    left.remove_prefix(outcome.bytes);
    error_code error = outcome.error;
    if (error == asio::error::would_block) error = co_await socket.wait(Socket::Handle::wait_write);
    if (error == asio::error::operation_aborted) co_return too_slow(address, "the other side takes no bytes");
    if (error) co_return unreachable(address, error.message());
  }
  co_return Status();
}

Task<Result<std::shared_ptr<Socket>>> connect_to(const Address& address, Socket::Endpoint endpoint,
                                                 Steady::time_point deadline) {
  Socket::Handle handle(Loop::current()->impl().context);
  error_code error;
  handle.open(endpoint.protocol(), error);
  if (error) co_return unreachable(address, error.message());
  if (endpoint.protocol().family() != AF_UNIX) {
    const int on = 1;
    ::setsockopt(handle.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  auto socket = std::make_shared<Socket>(std::move(handle));
  socket->set_deadline(deadline);
  error = co_await socket->connect(endpoint);
  if (!error) co_return socket;
  socket->close();
  if (error == asio::error::operation_aborted) co_return too_slow(address, "no answer to the attempt to connect");
  co_return unreachable(address, error.message());
}

}  // namespace

Task<Result<std::unique_ptr<Stream>>> connect(Address address, std::shared_ptr<TlsClientContext> tls,
                                              Steady::duration timeout) {
  const auto deadline = Steady::now() + timeout;
  WW_CO_TRY(Endpoints found, co_await resolve(address, deadline));
  WW_CO_TRY(const Endpoints endpoints, permitted(address, std::move(found)));
  Result<std::shared_ptr<Socket>> socket = unreachable(address, "no address");
  for (std::size_t i = 0; i < endpoints.size() && !socket; ++i) {
    const auto share = (deadline - Steady::now()) / static_cast<Steady::rep>(endpoints.size() - i);
    socket = co_await connect_to(address, endpoints[i], Steady::now() + share);
  }
  if (!socket) co_return std::unexpected(std::move(socket).error());
  (*socket)->set_deadline(deadline);
  if (const Status sent = co_await send_preface(**socket, address); !sent) {
    (*socket)->close();
    co_return std::unexpected(sent.error());
  }
  std::unique_ptr<Stream> stream;
  if (tls) {
    auto secured = co_await connect_tls(*std::move(socket), std::move(tls), address.host);
    if (!secured && secured.error().reason == Reason::http_timeout)
      co_return too_slow(address, "no end of the TLS handshake");
    if (!secured) {
      secured.error().where = to_string(address);
      co_return std::unexpected(std::move(secured).error());
    }
    stream = *std::move(secured);
  } else {
    stream = plain_stream(*std::move(socket));
  }
  stream->set_deadline(std::nullopt);
  co_return stream;
}

bool is_connect_failure(const Error& error) {
  return error.reason == Reason::upstream_tls_failed || error.reason == Reason::upstream_forbidden ||
         error.expected == kConnection || error.expected == kInTime;
}

Task<Result<std::vector<std::string>>> resolve(Address address, Steady::duration timeout) {
  WW_CO_TRY(const Endpoints endpoints, co_await resolve(std::move(address), Steady::now() + timeout));
  std::vector<std::string> texts;
  for (const auto& endpoint : endpoints) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (const auto ip = ip_of(endpoint); !ip.empty())
      texts.emplace_back(::inet_ntop(endpoint.protocol().family(), ip.data(), text.data(), text.size()));
  }
  std::ranges::sort(texts);
  co_return texts;
}

}  // namespace watchword::net
