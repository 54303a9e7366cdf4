#include "gateway/proxy.h"

#include <algorithm>
#include <atomic>
#include <optional>
#include <unordered_map>

#include "access/request_origin.h"
#include "crypto/digest.h"
#include "gateway/flights.h"
#include "gateway/forward.h"
#include "gateway/refusal.h"
#include "http/client.h"
#include "policy/target.h"

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

// What belongs to one loop, and is touched on it only.
struct OnLoop {
  std::shared_ptr<Pool> pool;
  Flights flights;
  std::atomic<bool> asked_to_decide{false};  // any thread: decide_again() is on its way
};

// Facts may change thousands of times a second; requests under way are put to the door again this often at most.
constexpr std::chrono::milliseconds kDecideAgainAfter{100};

std::string to_forward(const std::string& path, std::string_view query) {
  std::string target = path;
  if (!query.empty()) target.append("?").append(query);
  return target;
}

class ProxyImpl final : public Proxy {
 public:
  ProxyImpl(ProxyParts parts, std::shared_ptr<const Routes> routes)
      : parts_(std::move(parts)),
        routes_(std::move(routes)),
        allowed_(counter("allow")),
        denied_(counter("deny")),
        failed_(counter("error")),
        upstream_failures_(
            parts_.metrics.counter("watchword_upstream_failures", "Allowed requests that no backend answered")),
        cut_(parts_.metrics.counter("watchword_requests_cut", "Requests ended in the middle, as their right ended")) {
    for (auto* loop : parts_.loops) on_loop_.try_emplace(loop);
  }

  void set_routes(std::shared_ptr<const Routes> routes) override { routes_.set(std::move(routes)); }

  void session_ended(const std::shared_ptr<access::Session>& session) override {
    for (auto& [loop, own] : on_loop_)
      loop->post([this, session, &flights = own.flights] {
        net::spawn(flights.session_ended(session, parts_.service.snapshot(), parts_.clock.now()));
      });
  }

  void rights_changed() override {
    for (auto& [loop, own] : on_loop_)
      if (!own.asked_to_decide.exchange(true)) loop->post([this, &own] { net::spawn(decide_again(own)); });
  }

  net::Task<void> handle(http::Exchange& exchange) override {
    auto& request = exchange.request;
    auto& own = on_loop_.at(net::Loop::current());
    auto pool = pool_of(own);
    auto origin = access::origin_of(request, exchange.peer, parts_.random);
    auto entry = parts_.recorder.start(audit::Event::request, origin);
    entry.method = request.method;
    entry.path = request.path();

    auto target = policy::find_target(*pool->routes->policy(), request.host(), request.method, request.path());
    if (!target) co_return co_await refuse(exchange, std::move(entry), std::move(target).error(), nullptr);
    const auto& resource = *target->resource;
    entry.resource = resource.name();
    if (request.headers.has_token("connection", "upgrade"))
      co_return co_await refuse(exchange, std::move(entry), {Reason::upgrade_unsupported, request.method, {}, {}, {}},
                                nullptr);

    auto now = parts_.clock.now();
    auto presented = present(request, now);
    if (!presented) {
      describe_presented(entry, request, now);
      co_return co_await refuse(exchange, std::move(entry), std::move(presented).error(), nullptr);
    }
    const auto& session = *presented->session;
    access::Recorder::describe(entry, session);
    entry.token = presented->grant->token_sha256;
    if (!target->action)
      co_return co_await refuse(exchange, std::move(entry), policy::no_action(*target, request.method), &session);
    entry.action = *target->action;
    Flight flight{
        own.flights.next_number(),   *presented,    resource.name(), *target->action, request.method, target->path,
        std::string(request.host()), exchange.reply};
    auto decision = co_await parts_.service.decide_now(session, *presented->grant, flight.asked());
    access::Recorder::describe(entry, decision);
    if (!decision.allowed())
      co_return co_await refuse(exchange, std::move(entry), *std::move(decision.refusal), &session);

    // From here on whatever ends the right ends the request, also while its record is written.
    const Flights::Listed listed(own.flights, flight);
    auto record = entry.id;
    if (auto recorded = co_await put_on_record(std::move(entry)); !recorded)
      co_return co_await answer_failure(exchange, std::move(recorded).error(), {});
    if (flight.cut) co_return co_await answer_cut(exchange, flight, record);
    allowed_.add();
    auto assertion = parts_.assertions.for_session(session, resource.name(), now);
    if (!assertion) co_return co_await answer_failure(exchange, std::move(assertion).error(), record);
    // A policy's routes cover all its resources of this kind.
    std::shared_ptr<const Route> route(pool->routes, pool->routes->find(resource));
    Introduction introduction{*std::move(assertion), access::traceparent_of(origin, parts_.random), origin.request_id};
    auto forwarded = to_forward(target->path, request.query());  // before the request is moved from
    auto head = to_upstream(std::move(request), exchange.peer, std::move(forwarded), *route, introduction);
    co_await forward(exchange, route, pool->client(*route), std::move(head), flight, record);
  }

 private:
  Counter& counter(std::string_view decision) {
    return parts_.metrics.counter("watchword_requests", "Proxied requests by decision",
                                  {{"decision", std::string(decision)}});
  }

  net::Task<void> decide_again(OnLoop& own) {
    co_await net::Loop::current()->sleep(kDecideAgainAfter);
    own.asked_to_decide.store(false);  // before looking: what changes from here on asks anew
    if (!own.flights.empty()) own.flights.decide_again(parts_.service, parts_.clock.now());
  }

  std::shared_ptr<Pool> pool_of(OnLoop& own) {
    auto& pool = own.pool;
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

  // A token that was refused is on record too, and whose it is where that is certain.
  void describe_presented(audit::Entry& entry, const http::RequestHead& request, Time now) const {
    const auto* authorization = request.headers.find("authorization");
    const auto space = authorization ? authorization->find(' ') : std::string::npos;
    if (space == std::string::npos) return;
    const auto token = std::string_view(*authorization).substr(space + 1);
    entry.token = crypto::sha256_hex(token);
    const auto& known = parts_.service.parts();
    const auto grant = known.tokens.read(token, now);
    const auto session = grant ? known.sessions.find((*grant)->session) : nullptr;
    if (session) access::Recorder::describe(entry, *session);
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
    access::Recorder::describe(entry, error);
    (entry.outcome == audit::Outcome::error ? failed_ : denied_).add();
    RefusalText text{{}, session ? issuer::you_are(session->principal()) : "", entry.role, entry.rule};
    auto told = parts_.recorder.queue_refusal(std::move(entry), std::move(error), session != nullptr);
    text.record = std::move(told.record);
    auto nonce =
        told.error.reason == Reason::dpop_nonce_required ? parts_.service.parts().dpop.nonce(parts_.clock.now()) : "";
    co_await send_refusal(exchange.reply, told.error, text, nonce);
  }

  net::Task<void> answer_failure(http::Exchange& exchange, Error error, const std::string& record) {
    failed_.add();
    co_await send_refusal(exchange.reply, error, {record, {}, {}, {}}, "");
  }
  // The decision was to allow; that the backend did not answer is counted apart.
  net::Task<void> answer_upstream_failure(http::Exchange& exchange, Error error, const std::string& record) {
    upstream_failures_.add();
    co_await send_refusal(exchange.reply, error, {record, {}, {}, {}}, "");
  }

  // The request ended in the middle: the client is told why, where that is still possible, and the log in any case.
  net::Task<void> answer_cut(http::Exchange& exchange, const Flight& flight, const std::string& record) {
    const auto& session = *flight.presented.session;
    auto entry = parts_.recorder.start(audit::Event::request_cut);
    access::Recorder::describe(entry, session);
    access::Recorder::describe(entry, *flight.cut);
    RefusalText text{{}, issuer::you_are(session.principal()), entry.role, entry.rule};
    entry.resource = flight.resource;
    entry.action = flight.action;
    entry.token = flight.presented.grant->token_sha256;
    entry.detail.set("request", record);
    entry.detail.set("bytes_up", static_cast<std::int64_t>(flight.bytes_up));
    entry.detail.set("bytes_down", static_cast<std::int64_t>(flight.bytes_down));
    cut_.add();
    auto told = parts_.recorder.queue_refusal(std::move(entry), *flight.cut->refusal, true);
    if (exchange.reply.begun()) co_return exchange.reply.abort();
    text.record = std::move(told.record);
    co_await send_refusal(exchange.reply, told.error, text, "");
  }

  // Streams both ways; whatever goes wrong after the response has begun ends it so that the client sees it cut short.
  net::Task<void> forward(http::Exchange& exchange, std::shared_ptr<const Route> route, http::Client& client,
                          http::RequestHead head, Flight& flight, const std::string& record) {
    std::optional<UpstreamBody> upload;
    if (exchange.body.length() != std::uint64_t{0}) upload.emplace(exchange.body, std::move(route));
    bool whole = co_await stream(exchange, upload ? &*upload : nullptr, client, std::move(head), flight, record);
    if (upload) flight.bytes_up = upload->bytes();
    if (flight.cut) co_return co_await answer_cut(exchange, flight, record);
    if (!whole && exchange.reply.begun()) exchange.reply.abort();
  }

  // True when the response has gone out whole. Before it begins, a failure of the upstream is answered here.
  net::Task<bool> stream(http::Exchange& exchange, UpstreamBody* upload, http::Client& client, http::RequestHead head,
                         Flight& flight, const std::string& record) {
    auto response = co_await client.send(std::move(head), upload, &flight.upstream);
    if (flight.cut) co_return false;
    if (!response) {
      co_await answer_upstream_failure(exchange, std::move(response).error(), record);
      co_return false;
    }
    auto& body = (*response)->body();
    // A short response has arrived whole by now, and leaves in one system call.
    std::string_view first;
    if (body.ready()) {
      auto piece = co_await body.next();
      if (flight.cut) co_return false;
      if (!piece) {
        co_await answer_upstream_failure(exchange, std::move(piece).error(), record);
        co_return false;
      }
      first = *piece;
    }
    flight.bytes_down += first.size();
    if (!co_await exchange.reply.begin_with(to_client((*response)->take_head()), first)) co_return false;
    while (true) {
      auto piece = co_await body.next();
      if (!piece) co_return false;
      if (piece->empty()) break;
      flight.bytes_down += piece->size();
      if (!co_await exchange.reply.write(*piece)) co_return false;
    }
    auto trailers = body.trailers();
    remove_hop_by_hop(trailers);
    co_return (co_await exchange.reply.end(std::move(trailers))).has_value();
  }

  ProxyParts parts_;
  Published<Routes> routes_;
  Counter& allowed_;
  Counter& denied_;
  Counter& failed_;
  Counter& upstream_failures_;
  Counter& cut_;
  std::unordered_map<net::Loop*, OnLoop> on_loop_;
};

}  // namespace

std::unique_ptr<Proxy> Proxy::make(ProxyParts parts, std::shared_ptr<const Routes> routes) {
  return std::make_unique<ProxyImpl>(std::move(parts), std::move(routes));
}

}  // namespace watchword::gateway
