// What goes on beside the requests, once for all loops: health checks, names resolved anew, the gauge of what is in
// rotation.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/metrics.h"
#include "gateway/routes.h"

namespace watchword::gateway {

// Starts it on the current loop for those routes that nobody keeps yet. It ends some time after routes.retire(), or
// with the loop. `metrics` outlives the loop's work.
void keep_upstreams(const Routes& routes, Metrics& metrics);

// net::resolve, or what a test has in its place: address, max_age, timeout.
using LookUp =
    std::function<net::Task<Result<net::Addresses>>(net::Address, net::Steady::duration, net::Steady::duration)>;
// Part of it: asks for the endpoint's addresses when their TTL has passed, at least every `resolve_every`, and tells
// the upstream when they are others.
net::Task<void> follow_name(std::shared_ptr<Upstream> upstream, std::size_t endpoint, LookUp look_up);

}  // namespace watchword::gateway
