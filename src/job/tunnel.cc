// watchword tunnel: a local port that leads through the gate to one TCP resource, for tools that know no gate.
#include <optional>
#include <utility>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "http/uri.h"
#include "job/commands.h"
#include "job/exchange.h"
#include "job/local_tunnel.h"
#include "job/renewal_times.h"
#include "net/loop.h"
#include "terminal/signal_wait.h"

namespace watchword::job {
namespace {

struct Target {
  std::string name;
  std::optional<std::uint16_t> port;  // none: as the gate says
};

Result<Target> target_of(const TunnelOptions& options) {
  const auto authority = http::parse_authority(options.resource);
  if (!authority)
    return fail(Reason::usage_invalid, options.resource, "RESOURCE, or RESOURCE:PORT with the port of its upstream");
  return Target{std::string(authority->host), authority->port};
}

Result<net::Address> listening_address(const TunnelOptions& options) {
  WW_TRY(auto listen, net::parse_address(options.listen));
  if (!listen.loopback())
    return std::unexpected(Error{Reason::usage_invalid, options.listen, "an address on loopback", "--listen",
                                 "write 127.0.0.1:PORT, [::1]:PORT or unix:/PATH"});
  return listen;
}

// The access and its times of renewal.
struct Renewed {
  Access& access;
  const Clock& clock;
  RenewalTimes times{clock};

  // Anything but success leaves the token in hand as it was.
  Result<Reply> renew() {
    auto reply = net::run_blocking(access.renew());
    if (reply && reply->status / 100 == 2) times.renewed(access.token()->ends - clock.now());
    return reply;
  }
};

// Where a new exchange may say more, or mend it, it is made.
void tell_trouble(const Reply& refusal) {
  const auto& problem = refusal.body;
  const bool cut = refusal.status == 0 && problem.is_null();
  const bool unreachable = refusal.status == 0 && !cut;
  if (cut)
    log::warn("the gate cut a connection");
  else
    log::error(unreachable ? "the gate cannot be reached" : "the gate refuses the tunnel",
               {{"reason", problem.string_or("reason", "unknown")},
                {"found", problem.string_or("found", "")},
                {"expected", problem.string_or("expected", "")},
                {"record", problem.string_or("record", "")},
                {"fix", problem.string_or("fix", "")}});
  if (!unreachable) terminal::SignalWait::wake();
}

Result<LocalTunnel::Towards> towards(const TunnelOptions& options, const Target& target, Holder& holder,
                                     const Access& access) {
  const auto& place = access.place();
  if (place.kind != Kind::tcp)
    return std::unexpected(Error{Reason::resource_kind_mismatch,
                                 place.name + " is of kind " + std::string(name(place.kind)),
                                 "a resource of kind tcp",
                                 {},
                                 "use 'watchword exec " + place.name + " -- COMMAND' for it"});
  WW_TRY(auto gateway, http::parse_origin(options.gateway.empty() ? place.url : options.gateway));
  WW_TRY(auto tls, tls_towards(gateway, options.access.ca));
  auto authority = target.name + ":" + std::to_string(target.port.value_or(place.port));
  return LocalTunnel::Towards{.gateway = std::move(gateway),
                              .tls = std::move(tls),
                              .authority = std::move(authority),
                              .holder = holder,
                              .access = access,
                              .on_trouble = tell_trouble};
}

// No connection succeeds any more, whatever is left of the token's life.
bool session_is_over(const Reply& reply) {
  const auto reason = reason_from_name(reply.body.string_or("reason", ""));
  return reason == Reason::session_ended || reason == Reason::session_expired;
}

int run_until_told(Renewed& renewed, const terminal::SignalWait& signals, const Output& out) {
  auto& times = renewed.times;
  while (true) {
    if (const auto signal = signals.wait(times.left())) {
      if (*signal != SIGHUP) return kOk;
      times.trouble();
      if (times.left() > Duration::zero()) continue;
    }
    auto reply = renewed.renew();
    if (reply && reply->status / 100 == 2) continue;
    if (times.over() || (reply && session_is_over(*reply)))
      return reply ? print_refusal(*reply, out) : out.error(reply.error());
    times.failed();
  }
}

int serve(const TunnelOptions& options, const Target& target, const net::Address& listen, Holder& holder,
          Renewed& renewed, const Output& out) {
  const terminal::SignalWait signals;
  auto to = towards(options, target, holder, renewed.access);
  if (!to) return out.error(to.error());
  const auto authority = to->authority;
  auto local = LocalTunnel::start(listen, *std::move(to));
  if (!local) return out.error(local.error());
  out.line("tunnel to " + authority + " on " + net::to_string((*local)->address()));
  return run_until_told(renewed, signals, out);
}

net::Task<bool> give_back(Access& access) {
  co_await access.revoke();
  co_return true;
}

}  // namespace

int tunnel(const TunnelOptions& options, const Output& out) {
  auto listen = listening_address(options);
  if (!listen) return out.error(listen.error());
  auto target = target_of(options);
  if (!target) return out.error(target.error());
  const SystemClock clock;
  SystemRandom random;
  auto holder = make_holder(options.access, clock, random);
  if (!holder) return out.error(holder.error());
  Access access(**holder, {.resource = target->name, .actions = {"connect"}});
  Renewed renewed{access, clock};
  auto first = renewed.renew();
  if (!first) return out.error(first.error());
  if (first->status / 100 != 2) return print_refusal(*first, out, target->name + "/connect");
  (*holder)->retry_for = Duration::zero();  // from now on it is tried again by its times, and signals are heard between
  const int code = serve(options, *target, *listen, **holder, renewed, out);
  net::run_blocking(give_back(access));
  return code;
}

}  // namespace watchword::job
