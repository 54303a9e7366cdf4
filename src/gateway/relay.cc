#include "gateway/relay.h"

#include <array>
#include <optional>
#include <utility>

#include "gateway/forward.h"
#include "gateway/redact.h"
#include "http/pass_on.h"

namespace watchword::gateway {
namespace {

constexpr std::size_t kPiece = std::size_t{16} * 1024;

// The upstream's end of a tunnel. Shared, as the task of one direction may still wait when the other has ended it.
struct Tunnel {
  Tunnel(std::unique_ptr<net::Stream> its_stream, net::Steady::duration its_idle)
      : stream(std::move(its_stream)), idle(its_idle) {}
  void renew() { stream->set_deadline(net::Steady::now() + idle); }

  std::unique_ptr<net::Stream> stream;
  net::Steady::duration idle;
  bool over = false;  // neither exchange nor flight is touched again
  std::array<char, kPiece> buffer{};
};

// `body` lives until a next() that is awaited has returned.
net::Task<void> pass_up(std::shared_ptr<Tunnel> tunnel, http::Body& body, ProxiedFlight& flight) {
  while (true) {
    const auto piece = co_await body.next();
    if (tunnel->over) co_return;
    if (!piece || !flight.pass(flight.bytes_up, piece->size())) co_return tunnel->stream->abort();
    tunnel->renew();
    if (piece->empty()) co_return co_await tunnel->stream->shutdown();
    if (!co_await tunnel->stream->write(*piece) || tunnel->over) co_return;
  }
}

net::Task<bool> pass_down(http::Exchange& exchange, Tunnel& tunnel, ProxiedFlight& flight) {
  while (true) {
    tunnel.renew();
    const auto got = co_await tunnel.stream->read(tunnel.buffer);
    if (!got) co_return false;
    if (*got == 0) co_return (co_await exchange.reply.end()).has_value();
    if (!flight.pass(flight.bytes_down, *got)) co_return false;
    if (!co_await exchange.reply.write({tunnel.buffer.data(), *got})) co_return false;
  }
}

}  // namespace

net::Task<Result<bool>> relay_request(http::Exchange& exchange, http::RequestHead head, http::Body* upload,
                                      http::Client& client, const Route& route, ProxiedFlight& flight) {
  auto response = co_await client.send(std::move(head), upload, &flight.upstream);
  if (flight.cut) co_return false;
  if (!response) co_return std::unexpected(std::move(response).error());
  std::optional<RedactedBody> masked;
  if (!route.redact.empty()) {
    if (is_encoded((*response)->head().headers))
      co_return fail(Reason::upstream_malformed, "an encoded answer", "one without content-encoding, for 'redact'");
    masked.emplace((*response)->body(), route.redact);
  }
  http::Body& body = masked ? *masked : (*response)->body();
  // A short response has arrived whole by now, and leaves in one system call.
  std::string_view first;
  if (body.ready()) {
    const auto piece = co_await body.next();
    if (flight.cut) co_return false;
    if (!piece) co_return std::unexpected(piece.error());
    first = *piece;
  }
  if (!flight.pass(flight.bytes_down, first.size())) co_return false;
  auto answer = to_client((*response)->take_head(), route);
  const auto pass = [&](std::size_t bytes) { return flight.pass(flight.bytes_down, bytes).has_value(); };
  const auto trailers = [&](const http::Headers& from) { return trailers_to_client(from, route); };
  co_return co_await http::pass_on(exchange.reply, std::move(answer), body, first, pass, trailers) ==
      http::Passed::whole;
}

net::Task<bool> relay_tunnel(http::Exchange& exchange, std::unique_ptr<net::Stream> upstream,
                             net::Steady::duration idle, ProxiedFlight& flight) {
  auto tunnel = std::make_shared<Tunnel>(std::move(upstream), idle);
  if (!co_await exchange.reply.begin({})) co_return false;
  flight.upstream.arm([tunnel] { tunnel->stream->abort(); });
  net::spawn(pass_up(tunnel, exchange.body, flight));
  const bool whole = co_await pass_down(exchange, *tunnel, flight);
  flight.upstream.disarm();
  tunnel->over = true;
  tunnel->stream->abort();
  co_return whole && !flight.cut;
}

}  // namespace watchword::gateway
