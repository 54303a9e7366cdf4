#include "gateway/upstream_client.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "gateway/upstream_balancer.h"
#include "gateway/upstream_proxy_header.h"
#include "gateway/upstream_response.h"

namespace watchword::gateway {
namespace {

using Reply = Result<std::unique_ptr<http::ClientResponse>>;

// Failures of the backend, not of the gate or of whoever sends the body.
bool is_of_backend(Reason reason) {
  static constexpr std::array kReasons{Reason::upstream_unreachable, Reason::upstream_tls_failed,
                                       Reason::upstream_timeout, Reason::upstream_malformed,
                                       Reason::upstream_forbidden};
  return std::ranges::find(kReasons, reason) != kReasons.end();
}

bool may_repeat(bool idempotent, const WatchedBody* body, const Error& error) {
  if (body && body->taken()) return false;
  return net::is_connect_failure(error) || (error.reason == Reason::upstream_unreachable && idempotent);
}

}  // namespace

struct UpstreamClient::State {
  struct Slot {
    std::shared_ptr<http::Client> client;
    std::uint32_t generation = 0;  // of the endpoint's addresses
  };

  State(std::shared_ptr<Upstream> its_upstream, UpstreamMetrics its_metrics)
      : upstream(std::move(its_upstream)),
        metrics(its_metrics),
        balancer(std::make_shared<Balancer>(upstream)),
        slots(upstream->size()) {}

  std::shared_ptr<http::Client> client(std::size_t endpoint, const http::RequestHead& head) {
    if (upstream->settings().proxy_protocol) {  // a connection speaks for one client: it is for one request
      const auto* address = head.headers.find("x-forwarded-for");
      return upstream->client_for_one(endpoint, proxy_header(address ? *address : ""), upstream->limits());
    }
    auto& [client, generation] = slots[endpoint];
    const auto now = upstream->generation(endpoint);
    if (!client || generation != now) client = upstream->client(endpoint);
    generation = now;
    return client;
  }

  void note(std::size_t endpoint, const Reply& reply) {
    const int status = reply ? (*reply)->head().status : 0;
    const bool gateway_error = status == 502 || status == 503 || status == 504;
    if (reply && !gateway_error) return upstream->succeeded(endpoint);
    if (!reply && !is_of_backend(reply.error().reason)) return;
    if (!upstream->failed(endpoint, net::Steady::now())) return;
    metrics.ejections.add();
    log::warn("an endpoint is ejected",
              {{"endpoint", net::to_string(upstream->origin(endpoint).address)},
               {"cause", reply ? "status " + std::to_string(status) : to_string(reply.error())}});
  }

  std::shared_ptr<Upstream> upstream;
  UpstreamMetrics metrics;
  std::shared_ptr<Balancer> balancer;
  std::vector<Slot> slots;
};

UpstreamMetrics UpstreamMetrics::of(Metrics& metrics, std::string_view resource) {
  const Labels labels{{"resource", std::string(resource)}};
  return {
      metrics.counter("watchword_upstream_ejections", "Endpoints that failing requests took out of rotation", labels),
      metrics.counter("watchword_upstream_retries", "Requests sent again to another endpoint", labels)};
}

UpstreamClient::UpstreamClient(std::shared_ptr<Upstream> upstream, UpstreamMetrics metrics)
    : state_(std::make_shared<State>(std::move(upstream), metrics)) {}

net::Task<Reply> UpstreamClient::send(http::RequestHead head, http::Body* body, http::Abort* abort) {
  const auto state = state_;  // the client may go while this waits
  const auto& upstream = *state->upstream;
  WW_CO_TRY(auto place, Place::take(state->upstream));
  auto watched = body ? std::make_unique<WatchedBody>(*body) : nullptr;
  const bool idempotent = !head.wants_tunnel() && http::is_idempotent(head.method);
  const auto attempts = std::min<std::size_t>(upstream.settings().retries + std::size_t{1}, upstream.size());
  Balancer::Tried tried;
  auto endpoint = state->balancer->pick(tried, net::Steady::now());
  for (std::size_t attempt = 1; endpoint; ++attempt) {
    tried.set(*endpoint);
    head.authority = upstream.origin(*endpoint).authority;
    auto client = state->client(*endpoint, head);
    Balancer::Turn turn(state->balancer, *endpoint);
    http::RequestHead spare;  // for another endpoint
    if (attempt < attempts) spare = head;
    auto reply = co_await client->send(std::exchange(head, std::move(spare)), watched.get(), abort);
    const bool cut = abort && abort->fired();
    if (!cut) state->note(*endpoint, reply);
    if (reply)
      co_return std::make_unique<UpstreamResponse>(std::move(place), std::move(turn), std::move(watched),
                                                   std::move(client), *std::move(reply));
    if (cut || attempt == attempts || !may_repeat(idempotent, watched.get(), reply.error())) co_return reply;
    endpoint = state->balancer->pick(tried, net::Steady::now());
    if (!endpoint) co_return reply;
    state->metrics.retries.add();
  }
  co_return fail(Reason::internal);
}

}  // namespace watchword::gateway
