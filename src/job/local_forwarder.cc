#include "job/local_forwarder.h"

#include <algorithm>
#include <array>
#include <utility>

#include "http/grpc.h"
#include "http/hop_by_hop.h"
#include "http/pass_on.h"
#include "http/problem.h"
#include "job/gate_proxy.h"

namespace watchword::job {
namespace {

constexpr std::size_t kMaxRefusal = std::size_t{64} * 1024;

// How long an answer may take is for the gate and its backends to say.
http::ClientLimits limits() {
  http::ClientLimits limits;
  limits.connect_time = std::chrono::seconds(10);
  limits.response_time = limits.idle_time = std::chrono::hours(24);
  return limits;
}

http::Origin speaking(http::Origin origin, http::Protocol protocol) {
  origin.protocol = protocol;
  return origin;
}

// Else it is of the caller's body, and the server tells it.
bool is_of_gate(Reason reason) {
  constexpr std::array kReasons{Reason::upstream_unreachable, Reason::upstream_tls_failed, Reason::upstream_timeout,
                                Reason::upstream_malformed,   Reason::upstream_forbidden,  Reason::overloaded};
  return std::ranges::find(kReasons, reason) != kReasons.end();
}

// The first of a body, as far as it fits into `most` bytes or a little more.
net::Task<Result<std::string>> beginning(http::Body& body, std::size_t most) {
  std::string text;
  while (text.size() < most) {
    WW_CO_TRY(const auto piece, co_await body.next());
    if (piece.empty()) break;
    text += piece;
  }
  co_return text;
}

}  // namespace

// A request under way, to be cut by stop().
struct LocalForwarder::Flight {
  explicit Flight(std::set<http::Abort*>& all) : all_(all) { all_.insert(&abort); }
  Flight(const Flight&) = delete;
  Flight& operator=(const Flight&) = delete;
  ~Flight() { all_.erase(&abort); }

  http::Abort abort;

 private:
  std::set<http::Abort*>& all_;
};

bool is_grpc_call(const http::RequestHead& request) {
  return !request.wants_tunnel() && http::is_grpc(request.headers);
}

net::Task<void> refuse(http::Exchange& exchange, const Error& error, int status, bool grpc) {
  auto problem = http::problem(error, true);
  // A failing write means that the caller has gone; there is no one left to tell.
  if (grpc)
    static_cast<void>(co_await exchange.reply.send(http::grpc_refusal(error.reason, problem), {}));
  else
    static_cast<void>(co_await http::send_problem(exchange.reply, status, std::move(problem)));
}

// gRPC knows no HTTP/1.1, and plain connections do not negotiate.
LocalForwarder::LocalForwarder(Way way)
    : way_(std::move(way)),
      client_(client_towards(speaking(way_.site.origin, http::Protocol::http2_where_offered), way_.tls, limits())) {
  if (way_.site.origin.scheme == "http")
    grpc_client_ = client_towards(speaking(way_.site.origin, http::Protocol::http2), nullptr, limits());
}

http::Client& LocalForwarder::client_for(const http::RequestHead& head) {
  return grpc_client_ && is_grpc_call(head) ? *grpc_client_ : *client_;
}

void LocalForwarder::stop() {
  stopped_ = true;
  for (auto* abort : std::exchange(under_way_, {})) abort->fire();
}

net::Task<void> LocalForwarder::forward(http::Exchange& exchange, std::string base) {
  if (stopped_) co_return exchange.reply.abort();
  const bool grpc = is_grpc_call(exchange.request);
  const auto local = exchange.request.scheme + "://" + exchange.request.authority + base;
  const auto head = to_gate(std::move(exchange.request), way_.site, local);
  if (!head) co_return co_await refuse(exchange, head.error(), http::status_of(head.error().reason), grpc);
  std::optional<HeldBody> upload;
  if (exchange.body.length() != std::uint64_t{0}) upload.emplace(exchange.body);
  Flight flight(under_way_);
  auto response = co_await ask(*head, upload ? &*upload : nullptr, flight.abort);
  if (flight.abort.fired()) co_return exchange.reply.abort();
  if (response) co_return co_await answer(exchange, **response, local, flight.abort);
  if (is_of_gate(response.error().reason)) co_await tell_trouble(exchange, response.error(), grpc);
}

net::Task<Result<LocalForwarder::Response>> LocalForwarder::ask(const http::RequestHead& head, HeldBody* upload,
                                                                http::Abort& abort) {
  const auto url = way_.site.root() + std::string(head.path());
  if (upload != nullptr && !upload->small()) co_await way_.renew_nonce();
  for (bool again = false;; again = true) {
    auto sent = head;
    for (const auto& header : way_.credentials(head.method, url)) sent.headers.add(header);
    auto& client = client_for(sent);
    auto response = co_await client.send(std::move(sent), upload != nullptr ? &upload->attempt() : nullptr, &abort);
    // Only what the gate demands is believed: a backend may send such headers, too.
    const auto* nonce = response ? nonce_demanded((*response)->head()) : nullptr;
    if (nonce != nullptr) way_.saw_nonce(*nonce);
    if (nonce != nullptr && !again && (upload == nullptr || upload->repeatable())) continue;
    if (upload != nullptr) upload->let_go();
    co_return response;
  }
}

net::Task<void> LocalForwarder::answer(http::Exchange& exchange, http::ClientResponse& response,
                                       const std::string& local, const http::Abort& abort) {
  auto& body = response.body();
  auto head = to_caller(response.take_head(), way_.site, local);
  std::string first;
  if (is_problem(head)) {
    auto text = co_await beginning(body, kMaxRefusal);
    if (!text) co_return co_await tell_trouble(exchange, text.error(), false);
    first = *std::move(text);
    const auto refusal = refusal_in(head.status, first);
    if (refusal) way_.on_refusal(*refusal);
  } else if (const auto refusal = grpc_refusal_in(head)) {
    way_.on_refusal(*refusal);
  } else if (body.ready()) {
    const auto piece = co_await body.next();
    if (!piece) co_return co_await tell_trouble(exchange, piece.error(), false);
    first = *piece;
  }
  const auto pass = [](std::size_t) { return true; };
  const auto trailers = [](http::Headers from) {
    http::remove_hop_by_hop(from);
    return from;
  };
  const auto passed = co_await http::pass_on(exchange.reply, std::move(head), body, first, pass, trailers);
  if (passed == http::Passed::cut) exchange.reply.abort();
  if (passed == http::Passed::cut && !abort.fired()) way_.on_refusal({});
}

net::Task<void> LocalForwarder::tell_trouble(http::Exchange& exchange, const Error& error, bool grpc) {
  const auto trouble = gate_trouble(error, way_.site.origin);
  way_.on_refusal({.status = 0, .body = http::problem(trouble, true)});
  co_await refuse(exchange, trouble, 502, grpc);
}

}  // namespace watchword::job
