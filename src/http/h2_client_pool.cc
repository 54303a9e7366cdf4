#include "http/h2_client_pool.h"

#include <algorithm>

namespace watchword::http {

H2ClientPool::~H2ClientPool() {
  for (const auto& connection : connections_)
    connection->close(fail(Reason::connection_closed, "as it is not needed any more").error());
}

net::Task<Result<H2Place>> H2ClientPool::take() {
  if (only_http1_) co_return H2Place();
  if (waiting_.empty()) {
    if (auto connection = find()) co_return H2Place(std::move(connection));
  }
  connect_soon();
  auto granted = co_await waiting_.wait();
  if (granted) co_return *std::move(granted);
  co_return fail(Reason::overloaded, "the backend takes no more requests at a time", "an end of others in time",
                 net::to_string(http1->origin.address));
}

H2ClientConnection::Ptr H2ClientPool::find() const {
  const auto at = std::ranges::find_if(connections_, [](const auto& one) { return one->has_place(); });
  return at == connections_.end() ? nullptr : *at;
}

// Posted: whoever wants the connection begins to wait for it first.
void H2ClientPool::connect_soon() {
  if (connections_.size() >= http1->limits.connections || std::exchange(connecting_, true)) return;
  net::Loop::current()->post([self = shared_from_this()] { spawn(connect(self)); });
}

net::Task<void> H2ClientPool::connect(std::shared_ptr<H2ClientPool> self) {
  auto made = co_await self->make();
  self->connecting_ = false;
  if (made && *made && !(*made)->has_place())
    made = fail(Reason::upstream_unreachable, "the backend takes no requests", {},
                net::to_string(self->http1->origin.address));
  if (made && *made) co_return self->add(*made);
  if (!made && self->connections_.empty()) co_return self->fail_waiting(made.error());
  while (made && !self->waiting_.empty()) self->waiting_.grant(H2Place());
}

net::Task<Result<H2ClientConnection::Ptr>> H2ClientPool::make() {
  const Origin& origin = http1->origin;
  const bool secure = origin.scheme == "https";
  if (secure && !tls_) co_return fail(Reason::upstream_tls_failed, "https without TLS settings");
  WW_CO_TRY(auto stream, co_await net::connect(origin.address, secure ? tls_ : nullptr, http1->limits.connect_time));
  if (secure && stream->alpn() != "h2") {
    if (origin.protocol == Protocol::http2)
      co_return fail(Reason::upstream_tls_failed, "a backend that does not choose HTTP/2", "h2 by ALPN",
                     net::to_string(origin.address));
    only_http1_ = true;
    http1->add(std::move(stream));
    co_return H2ClientConnection::Ptr();
  }
  co_return co_await H2ClientConnection::establish(std::move(stream), origin.address, http1->limits);
}

void H2ClientPool::add(const H2ClientConnection::Ptr& connection) {
  connection->on_change([weak = weak_from_this()] {
    if (const auto pool = weak.lock()) pool->changed();
  });
  connections_.push_back(connection);
  serve_waiting();
  if (!waiting_.empty()) connect_soon();
}

void H2ClientPool::changed() {
  std::erase_if(connections_, [](const auto& one) { return !one->accepts(); });
  serve_waiting();
  if (!waiting_.empty() && connections_.empty()) connect_soon();
}

void H2ClientPool::serve_waiting() {
  while (!waiting_.empty()) {
    auto connection = find();
    if (!connection) return;
    waiting_.grant(H2Place(std::move(connection)));
  }
}

void H2ClientPool::fail_waiting(const Error& error) {
  while (!waiting_.empty()) waiting_.grant(std::unexpected(error));
}

}  // namespace watchword::http
