#include "job/local_door.h"

#include <utility>

#include "http/problem.h"

namespace watchword::job {
namespace {

constexpr int kForbidden = 403;  // the kind of its reason would have clients look for credentials to send

}  // namespace

bool PeerGuard::takes(const net::Peer& peer) const {
  const Status checked = check_peer(source_, peer, {"127.0.0.1", port_}, user_);
  if (!checked) on_refusal_({.status = 0, .body = http::problem(checked.error(), true)});
  return checked.has_value();
}

// The gate and its backends have their own patience with what waits; a head that trickles is nobody's.
http::ServerLimits LocalDoor::limits() {
  http::ServerLimits limits;
  limits.body_time = limits.call_idle_time = limits.tunnel_idle_time = std::chrono::hours(24);
  limits.connections = limits.connections_per_address = 1'000;
  return limits;
}

LocalDoor::LocalDoor(net::Loop& loop, Run run, LocalForwarder::Way way)
    : loop_(loop), run_(run), guard_(run.source, run.user, way.on_refusal), forwarder_(std::move(way)) {}

Result<std::unique_ptr<LocalDoor>> LocalDoor::open(net::Loop& loop, const net::Address& listen, Run run,
                                                   LocalForwarder::Way way) {
  std::unique_ptr<LocalDoor> door(new LocalDoor(loop, run, std::move(way)));
  auto server = http::Server::start({&loop},
                                    {.address = listen,
                                     .limits = limits(),
                                     .name = "local",
                                     .admit = [guard = &door->guard_](const auto& peer) { return guard->takes(peer); }},
                                    *door);
  if (!server) return std::unexpected(no_listener(server.error()));
  door->server_ = *std::move(server);
  door->guard_.listens_on(door->server_->address().port);
  return door;
}

void LocalDoor::close() {
  loop_.post([this] { forwarder_.stop(); });
  server_.reset();
}

net::Task<void> LocalDoor::handle(http::Exchange& exchange) {
  const bool grpc = is_grpc_call(exchange.request);
  auto base = admit(exchange.request, run_.secret, exchange.peer.uid ? By::unix_socket : By::tcp);
  if (!base) co_return co_await refuse(exchange, base.error(), kForbidden, grpc);
  if (exchange.request.method == "CONNECT") {
    const auto error = fail(Reason::method_not_allowed, "CONNECT", "a request to the resource").error();
    co_return co_await refuse(exchange, error, http::status_of(error.reason), grpc);
  }
  co_await forwarder_.forward(exchange, *std::move(base));
}

Error no_listener(const Error& error) {
  return {Reason::listener_unavailable, error.found, error.expected, error.where, error.fix};
}

}  // namespace watchword::job
