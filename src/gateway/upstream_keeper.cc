#include "gateway/upstream_keeper.h"

#include <algorithm>

#include "base/log.h"
#include "gateway/upstream_proxy_header.h"

namespace watchword::gateway {
namespace {

constexpr std::chrono::seconds kCountEvery{1};
constexpr std::chrono::seconds kAskAgain{1};     // at the soonest, where `resolve_every` is not shorter
constexpr std::size_t kLongestBody = 16 * 1024;  // of the answer to a check

struct Counted {
  std::shared_ptr<Upstream> upstream;
  Gauge* gauge;
};

// What is wrong with the endpoint; empty: nothing. Each check has a connection of its own, so that it tells whether the
// endpoint takes connections.
net::Task<std::string> trouble_of(const Upstream& upstream, std::size_t endpoint) {
  const auto& health = *upstream.settings().health;
  auto limits = upstream.limits();
  limits.connect_time = limits.response_time = limits.idle_time = health.timeout;
  auto preface = upstream.settings().proxy_protocol ? proxy_header("") : std::string();
  const auto client = upstream.client_for_one(endpoint, std::move(preface), limits);
  const auto& origin = upstream.origin(endpoint);
  http::RequestHead head{"GET", origin.scheme, origin.authority, health.path, {{"user-agent", "watchword-health"}}};
  const auto response = co_await client->send(std::move(head), nullptr);
  if (!response) co_return to_string(response.error());
  const int status = (*response)->head().status;
  if (status / 100 != 2) co_return "status " + std::to_string(status);
  // Read, so that the connection ends in order and not in a reset that the backend would log.
  static_cast<void>(co_await http::read_all((*response)->body(), kLongestBody, health.timeout));
  co_return "";
}

void tell(const http::Origin& origin, const std::string& trouble) {
  const auto endpoint = net::to_string(origin.address);
  if (trouble.empty())
    log::info("an endpoint is healthy again", {{"endpoint", endpoint}});
  else
    log::warn("an endpoint is unhealthy", {{"endpoint", endpoint}, {"cause", trouble}});
}

net::Task<void> check(std::shared_ptr<Upstream> upstream, std::size_t endpoint) {
  while (!upstream->retired()) {
    const auto trouble = co_await trouble_of(*upstream, endpoint);
    if (upstream->probed(endpoint, trouble.empty())) tell(upstream->origin(endpoint), trouble);
    co_await net::Loop::current()->sleep(upstream->settings().health->every);
  }
}

net::Task<void> count(std::vector<Counted> all) {
  while (!all.empty()) {
    std::erase_if(all, [](const Counted& one) { return one.upstream->retired(); });
    for (const auto& [upstream, gauge] : all)
      gauge->set(static_cast<std::int64_t>(upstream->count_in_rotation(net::Steady::now())));
    co_await net::Loop::current()->sleep(kCountEvery);
  }
}

}  // namespace

// A name that cannot be resolved now keeps the addresses that it had.
net::Task<void> follow_name(std::shared_ptr<Upstream> upstream, std::size_t endpoint, LookUp look_up) {
  const net::Steady::duration every = upstream->settings().resolve_every;
  std::vector<std::string> known;
  while (!upstream->retired()) {
    auto found = co_await look_up(upstream->origin(endpoint).address, every, upstream->limits().connect_time);
    net::Steady::duration wait = every;
    if (found) {
      if (found->texts != known && !known.empty()) upstream->moved(endpoint);
      known = std::move(found->texts);
      wait = std::min(every, std::max<net::Steady::duration>(found->fresh_until - net::Steady::now(), kAskAgain));
    }
    co_await net::Loop::current()->sleep(wait);
  }
}

void keep_upstreams(const Routes& routes, Metrics& metrics) {
  std::vector<Counted> counted;
  for (const auto* route : routes.all()) {
    const auto& upstream = route->upstream;
    if (!upstream->adopt()) continue;
    for (std::size_t endpoint = 0; endpoint < upstream->size(); ++endpoint) {
      if (upstream->settings().health) net::spawn(check(upstream, endpoint));
      if (!upstream->origin(endpoint).address.literal()) net::spawn(follow_name(upstream, endpoint, net::resolve));
    }
    counted.push_back({upstream, &metrics.gauge("watchword_upstream_healthy", "Endpoints in rotation, by resource",
                                                {{"resource", route->resource->name()}})});
  }
  if (!counted.empty()) net::spawn(count(std::move(counted)));
}

}  // namespace watchword::gateway
