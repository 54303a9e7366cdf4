// Connecting: resolve, try each permitted address within the time, then TLS.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <vector>

#include "net/http_proxy.h"
#include "net/loop_impl.h"
#include "net/streams.h"

namespace watchword::net {

namespace {

using Endpoints = std::vector<Socket::Endpoint>;
using KnownName = std::shared_ptr<const NameAnswer>;
using asio::ip::tcp;

// What errors of connect() expected, and no others do.
constexpr std::string_view kConnection = "a connection", kInTime = "a connection in time";

constexpr std::chrono::milliseconds kPatience{1800};  // then an answer from before does (RFC 8767 5)

std::unexpected<Error> unreachable(const Address& address, std::string found) {
  return fail(Reason::upstream_unreachable, std::move(found), std::string(kConnection), to_string(address));
}
std::unexpected<Error> too_slow(const Address& address, std::string what) {
  return fail(Reason::upstream_timeout, std::move(what), std::string(kInTime), to_string(address));
}

// The wait for a name's addresses. When they are not told in time, those from before do, if there are any.
struct Resolution {
  Resolution(Loop& its_loop, Address to) : loop(its_loop), address(std::move(to)), timer(loop.impl().context) {}

  void finish(Result<KnownName> result) {
    if (outcome) return;
    outcome = std::move(result);
    timer.cancel();
    std::exchange(waiter, nullptr).resume();
  }

  Loop& loop;
  Address address;
  Timer timer;
  std::coroutine_handle<> waiter;
  KnownName before;
  std::optional<Result<KnownName>> outcome;
};

struct Resolve {
  std::shared_ptr<Resolution> state;
  Steady::duration max_age;
  Steady::time_point deadline;

  bool await_ready() const { return false; }
  bool await_suspend(std::coroutine_handle<> waiter) {
    const std::shared_ptr<Resolution> kept = state;
    kept->waiter = waiter;
    // The last to hold the timer must let it go on its loop, hence the moves.
    auto tell = [mine = kept](Resolver::Found found) mutable {
      auto& loop = mine->loop;
      loop.post([last = std::move(mine), found = std::move(found)] {
        if (found) return last->finish(*found);
        last->finish(unreachable(last->address, found.error()));
      });
    };
    auto entry = kept->loop.impl().resolver->find(kept->address.host, max_age, std::move(tell));
    if (entry.fresh) {
      kept->outcome = std::move(entry.answer);
      return false;
    }
    kept->before = std::move(entry.answer);
    kept->timer.expires_at(kept->before ? std::min(deadline, Steady::now() + kPatience) : deadline);
    kept->timer.async_wait([kept](const error_code& error) {
      if (error) return;
      if (kept->before) return kept->finish(kept->before);
      kept->finish(too_slow(kept->address, "no answer from the name service"));
    });
    return true;
  }
  Result<KnownName> await_resume() const { return std::move(*state->outcome); }
};

struct Found {
  Endpoints endpoints;
  Steady::time_point fresh_until = Steady::time_point::max();
};

Socket::Endpoint endpoint_of(const IpAddress& address, std::uint16_t port) {
  if (address.size == 4) {
    asio::ip::address_v4::bytes_type v4{};
    std::copy_n(address.bytes.begin(), v4.size(), v4.begin());
    return tcp::endpoint(asio::ip::address_v4(v4), port);
  }
  return tcp::endpoint(asio::ip::address_v6(address.bytes), port);
}

Task<Result<Found>> find_addresses(Address address, Steady::duration max_age, Steady::time_point deadline) {
  if (!address.unix_path.empty()) {
    if (address.unix_path.size() >= sizeof(sockaddr_un::sun_path)) co_return unreachable(address, "a too long path");
    co_return Found{.endpoints = {asio::local::stream_protocol::endpoint(address.unix_path)}};
  }
  error_code error;
  const asio::ip::address literal = asio::ip::make_address(address.host, error);
  if (!error) co_return Found{.endpoints = {tcp::endpoint(literal, address.port)}};
  if (address.host.empty()) co_return unreachable(address, "no host");
  const auto port = address.port;
  if (address.host.ends_with(".localhost"))  // RFC 6761 6.3: no name server is asked about these
    co_return Found{.endpoints = {tcp::endpoint(asio::ip::address_v4::loopback(), port),
                                  tcp::endpoint(asio::ip::address_v6::loopback(), port)}};
  WW_CO_TRY(const auto known,
            (co_await Resolve{std::make_shared<Resolution>(*Loop::current(), std::move(address)), max_age, deadline}));
  Found found{.endpoints = {}, .fresh_until = known->fresh_until};
  for (const auto& one : known->addresses) found.endpoints.push_back(endpoint_of(one, port));
  co_return found;
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

Task<Status> await_grant(Socket& socket, const Address& address) {
  std::array<char, 4096> buffer{};
  std::string answer;
  while (true) {
    const Socket::Outcome outcome = co_await socket.read(buffer);
    if (outcome.error == asio::error::operation_aborted) co_return too_slow(address, "no answer of the proxy");
    if (outcome.error) co_return unreachable(address, "the proxy: " + outcome.error.message());
    if (outcome.bytes == 0) co_return unreachable(address, "the proxy closed the connection");
    answer.append(buffer.data(), outcome.bytes);
    const auto granted = proxy_grants(answer);
    if (!granted) co_return unreachable(address, granted.error().found);
    if (*granted) co_return Status();
  }
}

Task<Status> introduce(Socket& socket, const Address& address, const std::string& behind) {
  WW_CO_CHECK(co_await send_preface(socket, address));
  if (behind.empty()) co_return Status();
  co_return co_await await_grant(socket, address);
}

Task<Result<std::shared_ptr<Socket>>> connect_to(const Address& address, Socket::Endpoint endpoint,
                                                 Steady::time_point deadline) {
  Socket::Handle handle(Loop::current()->impl().context);
  error_code error;
  handle.open(endpoint.protocol(), error);
  if (error) co_return unreachable(address, error.message());
  if (endpoint.protocol().family() != AF_UNIX) set_tcp_options(handle.native_handle());
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
  WW_CO_TRY(auto found, co_await find_addresses(address, Steady::duration::max(), deadline));
  WW_CO_TRY(const Endpoints endpoints, permitted(address, std::move(found.endpoints)));
  Result<std::shared_ptr<Socket>> socket = unreachable(address, "no address");
  for (std::size_t i = 0; i < endpoints.size() && !socket; ++i) {
    const auto share = (deadline - Steady::now()) / static_cast<Steady::rep>(endpoints.size() - i);
    socket = co_await connect_to(address, endpoints[i], Steady::now() + share);
  }
  if (!socket) co_return std::unexpected(std::move(socket).error());
  (*socket)->set_deadline(deadline);
  const auto behind = address.dial ? host_behind_proxy(address.dial->preface) : std::string();
  if (const Status introduced = co_await introduce(**socket, address, behind); !introduced) {
    (*socket)->close();
    co_return std::unexpected(introduced.error());
  }
  std::unique_ptr<Stream> stream;
  if (tls) {
    auto secured = co_await connect_tls(*std::move(socket), std::move(tls), behind.empty() ? address.host : behind);
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

Task<Result<Addresses>> resolve(Address address, Steady::duration max_age, Steady::duration timeout) {
  WW_CO_TRY(const auto found, co_await find_addresses(std::move(address), max_age, Steady::now() + timeout));
  Addresses all{.texts = {}, .fresh_until = found.fresh_until};
  for (const auto& endpoint : found.endpoints) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (const auto ip = ip_of(endpoint); !ip.empty())
      all.texts.emplace_back(::inet_ntop(endpoint.protocol().family(), ip.data(), text.data(), text.size()));
  }
  std::ranges::sort(all.texts);
  co_return all;
}

}  // namespace watchword::net
