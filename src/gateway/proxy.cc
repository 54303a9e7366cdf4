#include "gateway/proxy.h"

#include <algorithm>
#include <unordered_map>

#include "access/request_origin.h"
#include "gateway/forward.h"
#include "gateway/refusal.h"
#include "http/client.h"
#include "http/uri.h"

namespace watchword::gateway {
namespace {

// The upstream connections of one loop, for one policy's routes. A request keeps its pool until it has ended.
struct Pool {
  std::shared_ptr<const Routes> routes;
  std::unordered_map<const Route*, std::unique_ptr<http::Client>> clients;

  http::Client& client(const Route& route) {
    auto& client = clients[&route];
    if (!client) client = http::Client::make(route.origin, route.tls, route.limits);
    return *client;
  }
};

// A request as the door needs it.
struct Target {
  const Route* route = nullptr;
  std::string path;       // as policy sees it, without the resource's prefix
  std::string forwarded;  // path and query for the upstream
};

Result<Target> find_target(const Routes& routes, const http::RequestHead& request) {
  auto normal = http::normalise_path(request.path());
  const auto* resource = routes.policy()->resource_for(request.host(), normal ? *normal : "/");
  const auto* route = resource ? routes.find(*resource) : nullptr;
  if (!route) return fail(Reason::host_unknown, request.authority, "a host name or path prefix of a resource");
  const auto& http = *resource->http();
  if (!normal && !http.allow_ambiguous_paths) return std::unexpected(std::move(normal).error());
  Target target{route, normal ? *std::move(normal) : std::string(request.path()), {}};
  if (!http.prefix.empty()) {
    target.path.erase(0, http.prefix.size());
    if (target.path.empty()) target.path = "/";
  }
  target.forwarded = target.path;
  if (!request.query().empty()) target.forwarded.append("?").append(request.query());
  return target;
}

// Backends that fold the case of methods would read another method than policy did; TRACE would show the job the
// credentials that are injected.
bool plain_method(std::string_view method) {
  return method != "TRACE" && std::ranges::none_of(method, [](char c) { return c >= 'a' && c <= 'z'; });
}

class ProxyImpl final : public Proxy {
 public:
  ProxyImpl(ProxyParts parts, std::shared_ptr<const Routes> routes)
      : parts_(std::move(parts)),
        routes_(std::move(routes)),
        allowed_(counter("allow")),
        denied_(counter("deny")),
        failed_(counter("error")) {
    for (auto* loop : parts_.loops) pools_.emplace(loop, nullptr);
  }

  void set_routes(std::shared_ptr<const Routes> routes) override { routes_.set(std::move(routes)); }

  net::Task<void> handle(http::Exchange& exchange) override {
    auto& request = exchange.request;
    auto pool = this->pool();
    auto origin = access::origin_of(request, exchange.peer, parts_.random);
    auto entry = parts_.recorder.start(audit::Event::request);
    entry.method = request.method;
    entry.path = request.path();
    entry.request_id = origin.request_id;
    entry.trace = origin.trace;
    entry.peer = origin.peer;

    auto target = find_target(*pool->routes, request);
    if (!target) co_return co_await refuse(exchange, std::move(entry), std::move(target).error(), nullptr);
    const auto& resource = *target->route->resource;
    entry.resource = resource.name();
    if (!plain_method(request.method))
      co_return co_await refuse(
          exchange, std::move(entry),
          {Reason::method_not_allowed, request.method, "a method in upper case, not TRACE", {}, {}}, nullptr);
    if (request.headers.has_token("connection", "upgrade") || request.method == "CONNECT")
      co_return co_await refuse(exchange, std::move(entry), {Reason::upgrade_unsupported, request.method, {}, {}, {}},
                                nullptr);

    auto now = parts_.clock.now();
    auto presented = present(request, now);
    if (!presented) co_return co_await refuse(exchange, std::move(entry), std::move(presented).error(), nullptr);
    const auto& session = *presented->session;
    access::Recorder::describe(entry, session);
    entry.token = presented->grant->token_sha256;

    const auto* action = resource.action_for(request.method, target->path);
    if (!action) {
      Error error{Reason::action_unknown,
                  request.method + " " + target->path,
                  "a method and path of an action of " + resource.name(),
                  {},
                  {}};
      co_return co_await refuse(exchange, std::move(entry), std::move(error), &session);
    }
    entry.action = *action;
    access::Asked asked{resource.name(), *action, request.method, target->path, request.host()};
    auto decision = access::decide(parts_.service.snapshot(), session, *presented->grant, asked, now);
    access::Recorder::describe(entry, decision);
    if (!decision.allowed())
      co_return co_await refuse(exchange, std::move(entry), *std::move(decision.refusal), &session);

    auto record = entry.id;
    if (auto recorded = co_await put_on_record(std::move(entry)); !recorded)
      co_return co_await answer_failure(exchange, std::move(recorded).error(), {});
    // The record may have taken its time: what ended meanwhile is not forwarded any more.
    if (auto late = access::decide(parts_.service.snapshot(), session, *presented->grant, asked, parts_.clock.now());
        !late.allowed())
      co_return co_await answer_failure(exchange, *std::move(late.refusal), std::move(record));
    allowed_.add();
    auto assertion = parts_.assertions.for_session(session, resource.name(), now);
    if (!assertion) co_return co_await answer_failure(exchange, std::move(assertion).error(), record);
    Introduction introduction{*std::move(assertion), access::traceparent_of(origin, parts_.random), origin.request_id};
    auto head =
        to_upstream(std::move(request), exchange.peer, std::move(target->forwarded), *target->route, introduction);
    co_await forward(exchange, *target->route, pool->client(*target->route), std::move(head), record);
  }

 private:
  Counter& counter(std::string_view decision) {
    return parts_.metrics.counter("watchword_requests", "Proxied requests by decision",
                                  {{"decision", std::string(decision)}});
  }

  std::shared_ptr<Pool> pool() {
    auto& pool = pools_.at(net::Loop::current());  // each loop touches only its own
    auto routes = routes_.get();
    if (!pool || pool->routes != routes) {
      pool = std::make_shared<Pool>();
      pool->routes = std::move(routes);
    }
    return pool;
  }

  Result<access::TokenService::Presented> present(const http::RequestHead& request, Time now) {
    if (request.headers.count("authorization") > 1 || request.headers.count("dpop") > 1)
      return fail(Reason::request_invalid, "two authorization or dpop headers", "one of each");
    access::DpopRequest dpop;
    std::string url;
    if (const auto* proof = request.headers.find("dpop")) {
      url = request.scheme + "://" + request.authority + std::string(request.path());
      dpop = {*proof, request.method, url, {}};
    }
    return parts_.service.present(request.headers.find("authorization"), dpop, now);
  }

  net::Task<Status> put_on_record(audit::Entry entry) {
    switch (parts_.records) {
      case RequestRecords::off:
        return nothing();
      case RequestRecords::batch:
        return parts_.recorder.queue_or_commit(std::move(entry));
      case RequestRecords::sync:
        return parts_.recorder.commit(std::move(entry));
    }
    std::unreachable();
  }
  static net::Task<Status> nothing() { co_return Status{}; }

  net::Task<void> refuse(http::Exchange& exchange, audit::Entry entry, Error error, const access::Session* session) {
    bool failed = describe(error.reason).kind == ReasonKind::error;
    (failed ? failed_ : denied_).add();
    access::Recorder::describe(entry, error, failed ? audit::Outcome::error : audit::Outcome::deny);
    RefusalText text{{}, session ? issuer::you_are(session->principal()) : "", entry.role, entry.rule};
    auto told = parts_.recorder.queue_refusal(std::move(entry), std::move(error), session != nullptr);
    text.record = std::move(told.record);
    auto nonce =
        told.error.reason == Reason::dpop_nonce_required ? parts_.service.parts().dpop.nonce(parts_.clock.now()) : "";
    co_await send_refusal(exchange.reply, told.error, text, nonce);
  }

  net::Task<void> answer_failure(http::Exchange& exchange, Error error, std::string record) {
    failed_.add();
    co_await send_refusal(exchange.reply, error, {std::move(record), {}, {}, {}}, "");
  }

  // Streams both ways; whatever goes wrong after the response has begun ends it so that the client sees it cut short.
  net::Task<void> forward(http::Exchange& exchange, const Route& route, http::Client& client, http::RequestHead head,
                          std::string record) {
    bool has_body = exchange.body.length() != std::uint64_t{0};
    UpstreamBody upload(exchange.body, route);
    auto response = co_await client.send(std::move(head), has_body ? &upload : nullptr);
    if (!response) co_return co_await answer_failure(exchange, std::move(response).error(), std::move(record));
    auto& body = (*response)->body();
    // A short response has arrived whole by now, and leaves in one system call.
    std::string_view first;
    if (body.ready()) {
      auto piece = co_await body.next();
      if (!piece) co_return co_await answer_failure(exchange, std::move(piece).error(), std::move(record));
      first = *piece;
    }
    if (!co_await exchange.reply.begin_with(to_client((*response)->head()), first)) co_return;
    while (true) {
      auto piece = co_await body.next();
      if (!piece) co_return exchange.reply.abort();
      if (piece->empty()) break;
      if (!co_await exchange.reply.write(*piece)) co_return;
    }
    auto trailers = body.trailers();
    remove_hop_by_hop(trailers);
    co_await exchange.reply.end(std::move(trailers));
  }

  ProxyParts parts_;
  Published<Routes> routes_;
  Counter& allowed_;
  Counter& denied_;
  Counter& failed_;
  std::unordered_map<net::Loop*, std::shared_ptr<Pool>> pools_;
};

}  // namespace

std::unique_ptr<Proxy> Proxy::make(ProxyParts parts, std::shared_ptr<const Routes> routes) {
  return std::make_unique<ProxyImpl>(std::move(parts), std::move(routes));
}

}  // namespace watchword::gateway
