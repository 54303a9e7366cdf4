#include "gateway/upstream.h"

#include <algorithm>
#include <utility>

#include "net/forbidden_address.h"

namespace watchword::gateway {
namespace {

net::Steady::rep ticks(Upstream::Now now) { return now.time_since_epoch().count(); }

http::Protocol protocol_of(policy::UpstreamProtocol protocol) {
  switch (protocol) {
    case policy::UpstreamProtocol::http1:
      return http::Protocol::http1;
    case policy::UpstreamProtocol::http2:
      return http::Protocol::http2;
    case policy::UpstreamProtocol::http2_where_offered:
      return http::Protocol::http2_where_offered;
  }
  std::unreachable();
}

}  // namespace

std::shared_ptr<const net::Dial> dial_for(const net::Address& address, std::string preface) {
  net::Dial dial{.permit = {}, .preface = std::move(preface)};
  if (!address.literal()) dial.permit = net::refuse_forbidden;
  return std::make_shared<const net::Dial>(std::move(dial));
}

Result<std::shared_ptr<Upstream>> Upstream::make(const policy::HttpTarget& target) {
  auto upstream = std::make_shared<Upstream>();
  upstream->settings_ = target.upstream;
  upstream->limits_.connect_time = target.connect_time;
  upstream->limits_.response_time = target.response_time;
  upstream->limits_.idle_time = target.idle_time;
  auto& connections = upstream->limits_.connections;  // each WebSocket over HTTP/1.1 takes one
  connections = std::max<std::size_t>(connections, target.upstream.max_requests);
  for (const auto& url : target.upstream.endpoints) {
    WW_TRY(auto origin, http::parse_origin(url));
    origin.protocol = protocol_of(target.upstream.protocol);
    upstream->endpoints_.emplace_back().origin = std::move(origin);
  }
  if (upstream->origin(0).scheme == "https") {
    net::TlsClientContext::Options options;
    options.ca_file = target.ca_file;
    options.certificate = target.client_certificate;
    options.key = target.client_key;
    options.server_name = target.server_name;
    WW_TRY(upstream->tls_, net::TlsClientContext::make(std::move(options)));
  }
  return upstream;
}

std::unique_ptr<http::Client> Upstream::client(std::size_t endpoint) const {
  auto origin = endpoints_[endpoint].origin;
  origin.address.dial = dial_for(origin.address, {});
  return http::Client::make(std::move(origin), tls_, limits_);
}

std::unique_ptr<http::Client> Upstream::client_for_one(std::size_t endpoint, std::string preface,
                                                       http::ClientLimits limits) const {
  auto origin = endpoints_[endpoint].origin;
  origin.address.dial = dial_for(origin.address, std::move(preface));
  limits.keep_alive = std::chrono::seconds(1);  // a timer stays behind so long; the connection goes with its client
  return http::Client::make(std::move(origin), tls_, limits);
}

bool Upstream::in_rotation(std::size_t endpoint, Now now) const {
  const Endpoint& one = endpoints_[endpoint];
  return one.healthy.load(std::memory_order_relaxed) && one.ejected_until.load(std::memory_order_relaxed) <= ticks(now);
}

std::size_t Upstream::count_in_rotation(Now now) const {
  std::size_t count = 0;
  for (std::size_t i = 0; i < size(); ++i)
    if (in_rotation(i, now)) ++count;
  return count;
}

// Loads come first: as long as all goes well, loops only read what they share.
void Upstream::succeeded(std::size_t endpoint) {
  Endpoint& one = endpoints_[endpoint];
  if (one.failures.load(std::memory_order_relaxed) != 0) one.failures.store(0, std::memory_order_relaxed);
  if (one.ejected_until.load(std::memory_order_relaxed) != 0) one.ejected_until.store(0, std::memory_order_relaxed);
}

// The count stays one short of enough: an endpoint that is back from its ejection is ejected by its next failure.
bool Upstream::failed(std::size_t endpoint, Now now) {
  Endpoint& one = endpoints_[endpoint];
  const unsigned enough = settings_.eject_after;
  if (one.failures.load(std::memory_order_relaxed) + 1 < enough &&
      one.failures.fetch_add(1, std::memory_order_relaxed) + 1 < enough)
    return false;
  const auto until = one.ejected_until.exchange(ticks(now + settings_.eject_time), std::memory_order_relaxed);
  return until <= ticks(now);
}

bool Upstream::probed(std::size_t endpoint, bool well) {
  Endpoint& one = endpoints_[endpoint];
  const bool healthy = one.healthy.load(std::memory_order_relaxed);
  one.streak = well == healthy ? 0 : one.streak + 1;
  const unsigned enough = healthy ? settings_.health->unhealthy : settings_.health->healthy;
  if (one.streak < enough) return false;
  one.healthy.store(well, std::memory_order_relaxed);
  one.streak = 0;
  return true;
}

bool Upstream::enter() {
  if (under_way_.fetch_add(1, std::memory_order_relaxed) < settings_.max_requests) return true;
  leave();
  return false;
}

}  // namespace watchword::gateway
