// What all loops know of one route's endpoints: which are in rotation, whether a name has moved, how many requests are
// under way. Nothing here waits: the state is atomics. Any thread, but for probed().
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "http/client.h"
#include "net/tls.h"
#include "policy/policy.h"

namespace watchword::gateway {

// How an upstream's address is connected to. A policy that names an address means it; a name may come to mean any, by
// whoever holds it, so that addresses which no backend has are refused (net/forbidden_address.h).
std::shared_ptr<const net::Dial> dial_for(const net::Address& address, std::string preface);

class Upstream {
 public:
  using Now = net::Steady::time_point;

  // config_invalid: certificates that cannot be read.
  static Result<std::shared_ptr<Upstream>> make(const policy::HttpTarget& target);

  const policy::HttpUpstream& settings() const { return settings_; }
  std::size_t size() const { return endpoints_.size(); }
  const http::Origin& origin(std::size_t endpoint) const { return endpoints_[endpoint].origin; }
  const http::ClientLimits& limits() const { return limits_; }
  // For the current loop. client_for_one(): its connection begins with `preface`, and is closed after one request.
  std::unique_ptr<http::Client> client(std::size_t endpoint) const;
  std::unique_ptr<http::Client> client_for_one(std::size_t endpoint, std::string preface,
                                               http::ClientLimits limits) const;

  // In rotation: its checks, if there are any, say that it is healthy, and it is not ejected.
  bool in_rotation(std::size_t endpoint, Now now) const;
  std::size_t count_in_rotation(Now now) const;

  // What came of a request. failed() is true when this failure ejects it.
  void succeeded(std::size_t endpoint);
  bool failed(std::size_t endpoint, Now now);
  // What came of a check; by the one task that checks this endpoint. True when this changes whether it is healthy.
  bool probed(std::size_t endpoint, bool well);

  // Its name has other addresses: connections made before are for the requests that are on them, and for no others.
  void moved(std::size_t endpoint) { endpoints_[endpoint].generation.fetch_add(1); }
  std::uint32_t generation(std::size_t endpoint) const { return endpoints_[endpoint].generation.load(); }

  // One of max_requests; false: all are taken.
  bool enter();
  void leave() { under_way_.fetch_sub(1, std::memory_order_relaxed); }

  // Checks and the following of names run once for all loops, until another policy takes over.
  bool adopt() { return !adopted_.exchange(true); }  // true for the first caller, who then runs them
  void retire() { retired_.store(true); }
  bool retired() const { return retired_.load(); }

 private:
  struct Endpoint {
    http::Origin origin;
    std::atomic<bool> healthy{true};    // until checks say otherwise
    unsigned streak = 0;                // checks in a row that speak against `healthy`
    std::atomic<unsigned> failures{0};  // requests in a row
    std::atomic<net::Steady::rep> ejected_until{0};
    std::atomic<std::uint32_t> generation{0};
  };

  policy::HttpUpstream settings_;
  http::ClientLimits limits_;
  std::shared_ptr<net::TlsClientContext> tls_;  // null for http
  std::deque<Endpoint> endpoints_;              // they do not move
  std::atomic<unsigned> under_way_{0};
  std::atomic<bool> adopted_{false}, retired_{false};
};

}  // namespace watchword::gateway
