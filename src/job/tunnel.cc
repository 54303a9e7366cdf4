// watchword tunnel: a local port that leads through the gate to one TCP resource, for tools that know no gate.
#include <utility>

#include "base/clock.h"
#include "base/published.h"
#include "base/text.h"
#include "http/uri.h"
#include "job/commands.h"
#include "job/exchange.h"
#include "job/local_tunnel.h"
#include "job/renewal_times.h"
#include "terminal/signal_wait.h"

namespace watchword::job {
namespace {

// The access token for new connections, exchanged anew before it ends.
class Access {
 public:
  explicit Access(ExchangeOptions options) : options_(std::move(options)) {}

  // Anything but success leaves the token in hand as it was.
  Result<Reply> renew() {
    WW_TRY(auto reply, exchange(options_));
    if (reply.status / 100 != 2) return reply;
    const auto* expires_in = reply.body.find_integer("expires_in");
    const auto life = std::chrono::seconds(expires_in ? *expires_in : 0);
    times_.renewed(life);
    token_.set(std::make_shared<const Secret>(reply.body.string_or("access_token", "")));
    return reply;
  }
  RenewalTimes& times() { return times_; }
  const Published<Secret>& token() const { return token_; }

  // What is left of the token's life is given back.
  void revoke() const {
    const auto token = token_.get();
    const std::string text(token->reveal());
    // The gate may be gone; the token ends by itself.
    static_cast<void>(post_form(options_.gate, options_.ca, "/oauth/revoke", "token=" + http::percent_encode(text),
                                "Bearer " + text));
  }

 private:
  ExchangeOptions options_;
  SystemClock clock_;
  RenewalTimes times_{clock_};
  Published<Secret> token_;
};

struct Target {
  std::string name, authority;
};

Result<Target> target_of(const TunnelOptions& options, const net::Address& listen) {
  const auto authority = http::parse_authority(options.resource);
  if (!authority)
    return fail(Reason::usage_invalid, options.resource, "RESOURCE, or RESOURCE:PORT with the port of its upstream");
  if (!authority->port && listen.port == 0)
    return std::unexpected(Error{Reason::usage_invalid,
                                 options.resource + " without a port, and --listen " + options.listen + " has none",
                                 "the port of the resource's upstream, as the policy has it",
                                 {},
                                 "write " + options.resource + ":PORT, such as " + options.resource + ":5432"});
  const std::string name(authority->host);
  return Target{name, name + ":" + std::to_string(authority->port.value_or(listen.port))};
}

// No connection succeeds any more, whatever is left of the token's life.
bool session_is_over(const Reply& reply) {
  const auto reason = reason_from_name(reply.body.string_or("reason", ""));
  return reason == Reason::session_ended || reason == Reason::session_expired;
}

int run_until_told(Access& access, const terminal::SignalWait& signals, const Output& out) {
  auto& times = access.times();
  while (true) {
    if (const auto signal = signals.wait(times.left())) {
      if (*signal != SIGHUP) return kOk;
      times.trouble();
      if (times.left() > Duration::zero()) continue;
    }
    auto renewed = access.renew();
    if (renewed && renewed->status / 100 == 2) continue;
    if (times.over() || (renewed && session_is_over(*renewed)))
      return renewed ? print_refusal(*renewed, out) : out.error(renewed.error());
    times.failed();
  }
}

}  // namespace

int tunnel(const TunnelOptions& options, const Output& out) {
  auto listen = net::parse_address(options.listen);
  if (!listen) return out.error(listen.error());
  if (!listen->loopback()) return out.error({Reason::usage_invalid, options.listen, "an address on loopback", {}, {}});
  auto target = target_of(options, *listen);
  if (!target) return out.error(target.error());
  auto gateway = http::parse_origin(options.gateway);
  if (!gateway) return out.error(gateway.error());
  auto tls = tls_towards(*gateway, options.access.ca);
  if (!tls) return out.error(tls.error());

  const terminal::SignalWait signals;
  auto asked = options.access;
  asked.scope = target->name + "/connect";
  Access access(std::move(asked));
  auto first = access.renew();
  if (!first) return out.error(first.error());
  if (first->status / 100 != 2) return print_refusal(*first, out);
  auto local = LocalTunnel::start(
      *listen, {*std::move(gateway), *std::move(tls), target->authority, access.token(), terminal::SignalWait::wake});
  if (!local) return out.error(local.error());
  out.line("tunnel to " + target->authority + " on " + net::to_string((*local)->address()));
  const int code = run_until_told(access, signals, out);
  local->reset();
  access.revoke();
  return code;
}

}  // namespace watchword::job
