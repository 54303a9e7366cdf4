// From names to addresses: /etc/hosts, then DNS (RFC 1035) by the servers and search domains of /etc/resolv.conf, or by
// servers of the operator's. Answers are kept for their TTL (net/name_cache.h), so that a name that moves is followed
// as fast as its owner wants. For the .cc files of net/, and to be made for a LoopPool.
#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "net/name_cache.h"

namespace watchword::net {

// "192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:5353". config_invalid.
Status check_dns_server(const std::string& text);

// Any thread. One thread of its own asks, from the first look-up on.
class Resolver {
 public:
  struct Options {
    std::vector<std::string> servers = {};  // as check_dns_server() lets pass; empty: those of /etc/resolv.conf
    NameCache::Limits cache = {};
  };
  static std::shared_ptr<Resolver> make(Options options);
  virtual ~Resolver() = default;

  // An error says in words why nothing was found.
  using Found = std::expected<std::shared_ptr<const NameAnswer>, std::string>;
  using Tell = std::move_only_function<void(Found)>;
  // What is known now. Unless that is fresh the name is asked, once for all who wait for it, and `tell` is called with
  // what came of it, once, on the resolver's thread or in stop(); an answer from before is told when asking fails.
  // After stop() it is not called.
  virtual NameCache::Entry find(const std::string& name, Steady::duration max_age, Tell tell) = 0;
  virtual void stop() = 0;  // joins its thread; from then on nothing is found. Not from a `tell`
};

}  // namespace watchword::net
