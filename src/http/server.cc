#include "http/server.h"

#include <algorithm>
#include <ctime>

#include "base/log.h"
#include "http/h1_connection.h"
#include "http/h2_connection.h"
#include "http/h2_opening.h"
#include "http/problem.h"
#include "http/server_state.h"

namespace watchword::http {

namespace {

constexpr auto kTellAgainAfter = std::chrono::minutes(1);
constexpr auto kAfterReset = std::chrono::seconds(2);  // for handlers to notice that their client has gone

class HttpServer final : public Server {
 public:
  HttpServer(std::shared_ptr<ServerState> state, std::vector<std::shared_ptr<LoopState>> loops,
             std::unique_ptr<net::Listener> listener)
      : state_(std::move(state)), loops_(std::move(loops)), listener_(std::move(listener)) {}
  ~HttpServer() override { HttpServer::drain({}); }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  net::Address address() const override { return listener_->address(); }

  void begin_drain() override {
    state_->draining = true;
    listener_->stop();
    for_each_connection([](auto& connection) { connection.finish(); });
  }

  bool drain(net::Steady::duration at_most) override {
    begin_drain();
    if (state_->wait_for_end(at_most)) return true;
    for_each_connection([](auto& connection) { connection.abort(); });
    state_->wait_for_end(kAfterReset);
    return false;
  }

 private:
  void for_each_connection(auto call) {
    for (const auto& loop : loops_) {
      loop->loop->post([loop, call] {
        for (OpeningStream* connection : loop->opening) call(*connection);
        for (H1Connection* connection : loop->connections) call(*connection);
        for (H2Connection* connection : loop->h2_connections) call(*connection);
      });
    }
  }

  std::shared_ptr<ServerState> state_;
  std::vector<std::shared_ptr<LoopState>> loops_;
  std::unique_ptr<net::Listener> listener_;
};

// HTTP/2's connections share one timer, as their streams wait side by side on one socket.
net::Task<void> sweep(std::shared_ptr<LoopState> loop, net::Steady::duration every) {
  while (!loop->h2_connections.empty()) {
    co_await loop->loop->sleep(every);
    const auto now = net::Steady::now();
    for (H2Connection* connection : loop->h2_connections) connection->tick(now);
  }
  loop->sweeping = false;
}

net::Steady::duration sweep_time(const ServerLimits& limits) {
  const auto shortest = std::min({limits.idle_time, limits.header_time, limits.body_time, limits.tunnel_idle_time});
  return std::clamp<net::Steady::duration>(shortest / 8, std::chrono::milliseconds(1), std::chrono::seconds(1));
}

net::Task<void> serve_h2(std::shared_ptr<ServerState> state, std::shared_ptr<LoopState> loop,
                         std::unique_ptr<net::Stream> stream) {
  H2Connection connection(*state, *loop, std::move(stream));
  if (!std::exchange(loop->sweeping, true)) spawn(sweep(loop, sweep_time(state->limits)));
  co_await connection.run();
}

net::Task<void> serve_h1(std::shared_ptr<ServerState> state, std::shared_ptr<LoopState> loop,
                         std::unique_ptr<net::Stream> stream) {
  H1Connection connection(*state, *loop, std::move(stream));
  co_await connection.run();
}

// Without TLS, the first bytes say which version it is.
net::Task<void> serve_either(std::shared_ptr<ServerState> state, std::shared_ptr<LoopState> loop,
                             std::unique_ptr<net::Stream> stream) {
  auto opening = std::make_unique<OpeningStream>(std::move(stream), *loop);
  const auto h2 = co_await opening->is_http2(state->limits.idle_time, state->limits.header_time);
  if (!h2) {
    opening.reset();
    state->closed();
  } else if (*h2) {
    spawn(serve_h2(std::move(state), std::move(loop), std::move(opening)));
  } else {
    spawn(serve_h1(std::move(state), std::move(loop), std::move(opening)));
  }
}

void serve(std::shared_ptr<ServerState> state, std::shared_ptr<LoopState> loop, std::unique_ptr<net::Stream> stream) {
  if (stream->alpn() == "h2") return spawn(serve_h2(std::move(state), std::move(loop), std::move(stream)));
  const bool either = !stream->encrypted() && stream->peer().loopback;
  if (either) return spawn(serve_either(std::move(state), std::move(loop), std::move(stream)));
  spawn(serve_h1(std::move(state), std::move(loop), std::move(stream)));
}

}  // namespace

Headers for_own_answer(const net::Stream& stream) {
  Headers headers;
  demand_tls(headers, stream.encrypted() ? "https" : "http");
  return headers;
}

ServerState::ServerState(Server::Options options, Handler& its_handler)
    : limits(options.limits), handler(its_handler), name_(options.name) {
  if (options.metrics == nullptr) return;
  const std::string server(options.name);
  open_connections_ =
      &options.metrics->gauge("watchword_http_connections", "Open connections of clients", {{"server", server}});
  for (std::size_t digit = 1; digit < requests_.size(); ++digit) {
    requests_[digit] = &options.metrics->counter("watchword_http_requests_total", "Requests that were answered",
                                                 {{"server", server}, {"status", std::to_string(digit) + "xx"}});
  }
  for (const bool one : {false, true})
    refused_[one ? 1 : 0].count = &options.metrics->counter(
        "watchword_http_connections_refused", "Connections that were closed at once, as there were too many",
        {{"server", server}, {"limit", one ? "address" : "all"}});
}

bool ServerState::admit() {
  const std::lock_guard lock(mutex_);
  if (ended_) return false;
  ++open_;
  if (open_connections_ != nullptr) open_connections_->add(1);
  return true;
}

void ServerState::closed() {
  if (open_connections_ != nullptr) open_connections_->add(-1);
  const std::lock_guard lock(mutex_);
  if (--open_ == 0) emptied_.notify_all();
}

void ServerState::answered(int status) {
  const auto digit = static_cast<std::size_t>(status) / 100;
  if (digit < requests_.size() && requests_[digit] != nullptr) requests_[digit]->add();
}

// Told at most once a minute: whoever floods the gate must not flood its log.
void ServerState::refused(net::Listener::Full full, const std::string& address) {
  const bool one = full == net::Listener::Full::address;
  auto& [count, told] = refused_[one ? 1 : 0];
  if (count != nullptr) count->add();
  const auto now = net::Steady::now();
  auto before = told.load(std::memory_order_relaxed);
  if (before != net::Steady::time_point::min() && now - before < kTellAgainAfter) return;
  if (!told.compare_exchange_strong(before, now, std::memory_order_relaxed)) return;
  const auto limit = static_cast<std::int64_t>(one ? limits.connections_per_address : limits.connections);
  log::warn(
      one ? "an address has too many connections; more of it are closed" : "too many connections; more are closed",
      {{"server", name_}, {"address", address}, {"limit", limit}});
}

bool ServerState::wait_for_end(net::Steady::duration at_most) {
  std::unique_lock lock(mutex_);
  emptied_.wait_for(lock, at_most, [this] { return open_ == 0; });
  ended_ = true;
  return open_ == 0;
}

std::string_view LoopState::date_line() {
  const auto now = net::Steady::now();
  if (now >= date_until_) {
    const std::time_t seconds = std::time(nullptr);
    std::tm utc{};
    ::gmtime_r(&seconds, &utc);
    std::array<char, 48> text;
    date_line_.assign(text.data(),
                      std::strftime(text.data(), text.size(), "date: %a, %d %b %Y %H:%M:%S GMT\r\n", &utc));
    date_until_ = now + std::chrono::seconds(1);
  }
  return date_line_;
}

std::string_view LoopState::date() {
  std::string_view line = date_line();
  line.remove_prefix(std::string_view("date: ").size());
  line.remove_suffix(std::string_view("\r\n").size());
  return line;
}

Result<std::unique_ptr<Server>> Server::start(const std::vector<net::Loop*>& loops, const Options& options,
                                              Handler& handler) {
  auto state = std::make_shared<ServerState>(options, handler);
  std::vector<std::shared_ptr<LoopState>> all;
  for (net::Loop* loop : loops) all.push_back(std::make_shared<LoopState>(loop));
  auto on_refused = [state](net::Listener::Full full, const std::string& address) { state->refused(full, address); };
  const net::Listener::Options listening{.tls = options.tls,
                                         .max_connections = options.limits.connections,
                                         .max_per_address = options.limits.connections_per_address,
                                         .on_refused = std::move(on_refused),
                                         .unix_mode = options.unix_mode,
                                         .handshake_timeout = options.limits.handshake_time};
  auto on_stream = [state, all, admit = options.admit](std::unique_ptr<net::Stream> stream) {
    if (admit && !admit(stream->peer())) return;
    const auto here = std::ranges::find(all, net::Loop::current(), &LoopState::loop);
    // Once draining, only those are served that had asked before.
    if ((state->draining && stream->idle()) || !state->admit()) return;
    serve(state, *here, std::move(stream));
  };
  WW_TRY(auto listener, net::Listener::start(loops, options.address, listening, std::move(on_stream)));
  return std::make_unique<HttpServer>(std::move(state), std::move(all), std::move(listener));
}

}  // namespace watchword::http
