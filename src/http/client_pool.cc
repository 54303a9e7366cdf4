#include "http/client_pool.h"

#include <algorithm>

namespace watchword::http {

namespace {

using net::Steady;

constexpr std::size_t kInputBytes = 16 * 1024;

}  // namespace

ClientConnection::ClientConnection(std::unique_ptr<net::Stream> its_stream, std::size_t header_bytes)
    : stream(std::move(its_stream)), input(kInputBytes), parser({.header_bytes = header_bytes}) {}

net::Task<Result<std::shared_ptr<ClientConnection>>> ClientPool::take(bool fresh) {
  auto unused = take_unused();
  if (unused && !fresh) co_return unused;
  if (unused) {
    unused.reset();  // its place goes to the new one
    co_return co_await connect();
  }
  if (places_ < limits.connections) {
    ++places_;
    co_return co_await connect();
  }
  auto granted = co_await waiting_.wait();
  if (!granted)
    co_return fail(Reason::overloaded,
                   "all " + std::to_string(limits.connections) + " connections to the backend are in use",
                   "a free one in time", net::to_string(origin.address));
  if (*granted) co_return *std::move(granted);
  co_return co_await connect();
}

std::shared_ptr<ClientConnection> ClientPool::take_unused() {
  while (!unused_.empty()) {
    auto connection = std::move(unused_.back());
    unused_.pop_back();
    const auto unused_for = Steady::now() - connection->idle_since;
    // Bytes that came after a response must not be read as the answer to the next request, which may be another job's.
    if (unused_for < limits.keep_alive && connection->stream->idle()) return connection;
    --places_;
  }
  return nullptr;
}

net::Task<Result<std::shared_ptr<ClientConnection>>> ClientPool::connect() {
  const auto self = shared_from_this();
  const bool secure = origin.scheme == "https";
  Result<std::unique_ptr<net::Stream>> stream = fail(Reason::upstream_tls_failed, "https without TLS settings");
  if (!secure || tls_) stream = co_await net::connect(origin.address, secure ? tls_ : nullptr, limits.connect_time);
  if (!stream) {
    gone();
    co_return std::unexpected(std::move(stream).error());
  }
  co_return std::make_shared<ClientConnection>(*std::move(stream), limits.header_bytes);
}

void ClientPool::put(std::shared_ptr<ClientConnection> connection) {
  connection->reused = true;
  connection->input.shrink();
  connection->stream->set_deadline(std::nullopt);
  if (!waiting_.empty()) return connection->stream->idle() ? waiting_.grant(std::move(connection)) : gone();
  connection->idle_since = Steady::now();
  unused_.push_back(std::move(connection));
  if (!std::exchange(closing_, true)) spawn(close_unused(weak_from_this()));
}

void ClientPool::gone() {
  if (waiting_.empty()) {
    --places_;
  } else {
    waiting_.grant(nullptr);
  }
}

void ClientPool::add(std::unique_ptr<net::Stream> stream) {
  if (places_ == limits.connections) return;
  ++places_;
  put(std::make_shared<ClientConnection>(std::move(stream), limits.header_bytes));
}

net::Task<void> ClientPool::close_unused(std::weak_ptr<ClientPool> weak) {
  while (true) {
    Steady::duration until_next{};
    {
      const auto pool = weak.lock();
      if (!pool) co_return;
      const auto now = Steady::now();
      const auto fresh = std::ranges::find_if(
          pool->unused_, [&](const auto& one) { return now - one->idle_since < pool->limits.keep_alive; });
      pool->places_ -= static_cast<std::size_t>(fresh - pool->unused_.begin());
      pool->unused_.erase(pool->unused_.begin(), fresh);
      pool->closing_ = !pool->unused_.empty();
      if (!pool->closing_) co_return;
      until_next = pool->unused_.front()->idle_since + pool->limits.keep_alive - now;
    }
    co_await net::Loop::current()->sleep(until_next);
  }
}

}  // namespace watchword::http
