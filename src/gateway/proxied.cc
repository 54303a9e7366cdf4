#include "gateway/proxied.h"

#include <utility>

namespace watchword::gateway {

Status ProxiedFlight::pass(std::uint64_t& count, std::uint64_t bytes) {
  if (Status left = lease.pass(bytes); !left) {
    if (!cut) cut.emplace().refusal = left.error();
    upstream.fire();
    return left;
  }
  count += bytes;
  return {};
}

// Towards both sides: the upstream sees its connection closed, the client its response cut short. While no response has
// begun, the forwarding coroutine answers with the reason instead.
void ProxiedFlight::stop() {
  upstream.fire();
  if (reply.begun()) reply.abort();
}

}  // namespace watchword::gateway
