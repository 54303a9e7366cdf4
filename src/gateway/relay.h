// What the door let through, on its way: bytes in both directions between a client and its upstream, each counted
// before it passes.
#pragma once

#include "base/result.h"
#include "gateway/proxied.h"
#include "gateway/routes.h"
#include "http/client.h"
#include "http/handler.h"
#include "net/stream.h"
#include "net/task.h"

namespace watchword::gateway {

// One request, or a WebSocket. `upload`: null when it has no body. True: the answer has gone out whole. False: it ended
// short after it had begun, for the caller to abort, or the flight was cut. An error: the upstream's, and nothing has
// been answered yet; upstream_malformed also for an encoded answer where it is to be redacted. `route` outlives it.
net::Task<Result<bool>> relay_request(http::Exchange& exchange, http::RequestHead head, http::Body* upload,
                                      http::Client& client, const Route& route, ProxiedFlight& flight);

// A tunnel to what `upstream` is connected to, granted and run until either side ends it or nothing has moved for
// `idle`. True: the upstream closed its direction, and all of it has gone out.
net::Task<bool> relay_tunnel(http::Exchange& exchange, std::unique_ptr<net::Stream> upstream,
                             net::Steady::duration idle, ProxiedFlight& flight);

}  // namespace watchword::gateway
