#include "gateway/proxy.h"

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "access/request_origin.h"
#include "gateway/forward.h"
#include "gateway/proxied.h"
#include "gateway/relay.h"
#include "gateway/stream_clock.h"
#include "gateway/tcp_upstream.h"
#include "gateway/upstream_client.h"
#include "gateway/upstream_keeper.h"
#include "http/client.h"
#include "http/problem.h"
#include "policy/target.h"
#include "policy/tcp_resource.h"

namespace watchword::gateway {
namespace {

// The upstream connections of one loop, for one policy's routes. A request keeps its pool until it has ended.
struct Pool {
  Pool(std::shared_ptr<const Routes> its_routes, Metrics& its_metrics)
      : routes(std::move(its_routes)), metrics(its_metrics) {
    keep_upstreams(*routes, metrics);
  }

  http::Client& client(const Route& route) {
    auto& client = clients[&route];
    if (!client)
      client = std::make_unique<UpstreamClient>(route.upstream, UpstreamMetrics::of(metrics, route.resource->name()));
    return *client;
  }

  const std::shared_ptr<const Routes> routes;
  Metrics& metrics;
  std::unordered_map<const Route*, std::unique_ptr<http::Client>> clients;
};

Duration stream_time(const policy::Resource& resource) {
  return resource.tcp() ? resource.tcp()->stream_time : resource.http()->stream_time;
}

std::string to_forward(const std::string& path, std::string_view query) {
  std::string target = path;
  if (!query.empty()) target.append("?").append(query);
  return target;
}

class ProxyImpl final : public Proxy {
 public:
  ProxyImpl(ProxyParts parts, std::shared_ptr<const Routes> routes)
      : parts_(std::move(parts)),
        door_(parts_.service, parts_.records),
        routes_(std::move(routes)),
        allowed_(counter("allow")),
        denied_(counter("deny")),
        failed_(counter("error")),
        upstream_failures_(
            parts_.metrics.counter("watchword_upstream_failures", "Allowed requests that no backend answered")),
        cut_(parts_.metrics.counter("watchword_requests_cut", "Requests ended in the middle, as their right ended")) {
    for (auto* loop : parts_.loops) on_loops_.try_emplace(loop);
  }

  void set_routes(std::shared_ptr<const Routes> routes) override { routes_.set(std::move(routes)); }

  net::Task<void> handle(http::Exchange& exchange) override {
    auto& request = exchange.request;
    const Caller caller{exchange, access::spoken_by(request), request.scheme};
    auto& flights = parts_.flights.here();
    auto pool = pool_here();
    auto origin = access::origin_of(request, exchange.peer, parts_.random);
    auto entry = parts_.recorder.start(audit::Event::request, origin);
    entry.method = request.method;
    entry.path = request.path();

    const policy::Request asked{request.host(), request.method, request.path(), request.protocol};
    auto target = target_of(*pool->routes->policy(), request, asked);
    auto now = parts_.clock.now();
    if (target)
      entry.resource = target->resource->name();
    else if (request.method != "CONNECT")
      co_return co_await refuse(caller, std::move(entry), std::move(target).error(), nullptr);

    auto presented = door_.present(entry, request, now);
    if (!presented) co_return co_await refuse(caller, std::move(entry), std::move(presented).error(), nullptr);
    const auto& session = *presented->session;
    // A tunnel's names and ports are for jobs: to whoever is none, the right ones are like any other.
    if (!target) co_return co_await refuse(caller, std::move(entry), std::move(target).error(), &session);
    const auto& resource = *target->resource;
    if (!target->action)
      co_return co_await refuse(caller, std::move(entry), policy::no_action(*target, asked), &session);
    entry.action = *target->action;
    ProxiedFlight flight(flights.next_number(), *presented, resource.name(), *target->action,
                         {request.method, target->path, std::string(request.host()), request.protocol}, exchange.reply);
    auto decision = co_await parts_.service.decide_now(session, *presented->grant, flight.asked());
    access::Recorder::describe(entry, decision);
    if (!decision.allowed())
      co_return co_await refuse(caller, std::move(entry), *std::move(decision.refusal), &session);
    auto lease = session.lease(now);
    if (!lease) co_return co_await refuse(caller, std::move(entry), std::move(lease).error(), &session);
    flight.lease = *std::move(lease);

    // From here on whatever ends the right ends the request, also while its record is written.
    const access::Flights::Listed listed(flights, flight);
    std::optional<StreamClock::Timed> timed;
    if (const auto most = stream_time(resource); most > Duration::zero())
      timed.emplace(on_loops_.at(net::Loop::current()).clock, flight, most);
    auto record = entry.id;
    if (auto recorded = co_await door_.put_on_record(std::move(entry)); !recorded) {
      failed_.add();
      co_return co_await tell(caller, {std::move(recorded).error(), {}, false, {}, {}, {}});
    }
    if (flight.cut) co_return co_await answer_cut(caller, flight, record);
    allowed_.add();
    auto passed = resource.tcp() ? co_await tunnel(exchange, *resource.tcp(), flight)
                                 : co_await forward(exchange, *pool, *target, origin, flight, now);
    if (flight.cut) co_return co_await answer_cut(caller, flight, record);
    if (!passed) co_return co_await tell(caller, {std::move(passed).error(), record, false, {}, {}, {}});
    if (!*passed && exchange.reply.begun()) exchange.reply.abort();
  }

 private:
  Counter& counter(std::string_view decision) {
    return parts_.metrics.counter("watchword_requests", "Proxied requests by decision",
                                  {{"decision", std::string(decision)}});
  }

  std::shared_ptr<Pool> pool_here() {
    auto& pool = on_loops_.at(net::Loop::current()).pool;
    auto routes = routes_.get();
    if (!pool || pool->routes != routes) {
      if (pool) pool->routes->retire();
      pool = std::make_shared<Pool>(std::move(routes), parts_.metrics);
    }
    return pool;
  }

  // Who asks, and in which form a refusal is told.
  struct Caller {
    http::Exchange& exchange;
    access::Speaks speaks;
    std::string scheme;  // the request's head moves on
  };

  static Result<policy::Target> target_of(const policy::Policy& policy, const http::RequestHead& request,
                                          const policy::Request& asked) {
    if (request.method == "CONNECT") return policy::find_tunnel(policy, request.authority);
    if (request.protocol.empty() && request.headers.has_token("connection", "upgrade"))
      return fail(Reason::upgrade_unsupported, request.method);
    return policy::find_target(policy, asked);
  }

  // True: the answer has gone out whole; false: it is to be ended so that the client sees it cut short, or the flight
  // was cut. An error: there is no answer yet.
  net::Task<Result<bool>> forward(http::Exchange& exchange, Pool& pool, const policy::Target& target,
                                  const access::Origin& origin, ProxiedFlight& flight, Time now) {
    const auto& session = *flight.presented.session;
    auto assertion = parts_.assertions.for_session(session, target.resource->name(), now);
    if (!assertion) {
      failed_.add();
      co_return std::unexpected(std::move(assertion).error());
    }
    // A policy's routes cover all its resources of this kind.
    std::shared_ptr<const Route> route(pool.routes, pool.routes->find(*target.resource));
    Introduction introduction{*std::move(assertion), access::traceparent_of(origin, parts_.random), origin.request_id};
    const auto& answers_of = *route;
    auto forwarded = to_forward(target.path, exchange.request.query());  // before the request is moved from
    auto& client = pool.client(*route);
    auto head = to_upstream(std::move(exchange.request), exchange.peer, std::move(forwarded), *route, introduction);
    std::optional<UpstreamBody> upload;
    if (exchange.body.length() != std::uint64_t{0}) upload.emplace(exchange.body, std::move(route), flight);
    auto passed =
        co_await relay_request(exchange, std::move(head), upload ? &*upload : nullptr, client, answers_of, flight);
    if (!passed) upstream_failures_.add();
    co_return passed;
  }

  net::Task<Result<bool>> tunnel(http::Exchange& exchange, const policy::TcpTarget& target, ProxiedFlight& flight) {
    auto stream = co_await connect_to(target);
    if (flight.cut) co_return false;
    if (!stream) {
      upstream_failures_.add();
      co_return std::unexpected(std::move(stream).error());
    }
    const auto idle = std::chrono::duration_cast<net::Steady::duration>(target.idle_time);
    co_return co_await relay_tunnel(exchange, *std::move(stream), idle, flight);
  }

  net::Task<void> refuse(const Caller& caller, audit::Entry entry, Error error, const access::Session* session) {
    (access::Recorder::outcome_of(error) == audit::Outcome::error ? failed_ : denied_).add();
    co_await tell(caller, door_.refuse(std::move(entry), std::move(error), session));
  }
  net::Task<void> tell(const Caller& caller, const access::Refusal& refusal) {
    auto reply = door_.reply_to(refusal, caller.speaks);
    http::demand_tls(reply.head.headers, caller.scheme);
    // A failing write means that the client has gone; there is no one left to tell.
    static_cast<void>(co_await caller.exchange.reply.send(std::move(reply.head), reply.body));
  }

  // The request ended in the middle: the client is told why, where that is still possible, and the log in any case.
  net::Task<void> answer_cut(const Caller& caller, const ProxiedFlight& flight, const std::string& record) {
    cut_.add();
    auto refusal = door_.refuse_cut(flight, record,
                                    Json::object({{"bytes_up", static_cast<std::int64_t>(flight.bytes_up)},
                                                  {"bytes_down", static_cast<std::int64_t>(flight.bytes_down)}}));
    if (caller.exchange.reply.begun()) co_return caller.exchange.reply.abort();
    co_await tell(caller, refusal);
  }

  ProxyParts parts_;
  access::RequestDoor door_;
  Published<Routes> routes_;
  Counter& allowed_;
  Counter& denied_;
  Counter& failed_;
  Counter& upstream_failures_;
  Counter& cut_;
  struct OnLoop {  // touched on its loop only
    std::shared_ptr<Pool> pool;
    std::shared_ptr<StreamClock> clock = std::make_shared<StreamClock>();
  };
  std::unordered_map<net::Loop*, OnLoop> on_loops_;
};

}  // namespace

http::ServerLimits Proxy::limits(http::ServerLimits limits) {
  limits.call_idle_time = limits.tunnel_idle_time;
  return limits;
}

std::unique_ptr<Proxy> Proxy::make(ProxyParts parts, std::shared_ptr<const Routes> routes) {
  return std::make_unique<ProxyImpl>(std::move(parts), std::move(routes));
}

}  // namespace watchword::gateway
