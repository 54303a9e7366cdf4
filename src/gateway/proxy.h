// The built-in proxy: one more adapter of the door. It reads a request into the door's question, and forwards what the
// door allows. It knows no rule.
#pragma once

#include <memory>
#include <string>

#include "access/assertion.h"
#include "access/flights.h"
#include "access/recorder.h"
#include "access/request_door.h"
#include "access/token_service.h"
#include "base/metrics.h"
#include "base/published.h"
#include "gateway/routes.h"
#include "http/handler.h"
#include "http/server.h"

namespace watchword::gateway {

struct ProxyParts {
  access::TokenService& service;
  access::Assertions& assertions;
  access::Recorder& recorder;
  Metrics& metrics;
  const Clock& clock;
  Random& random;
  access::LiveFlights& flights;   // where requests under way are listed, to be cut when their right ends
  std::vector<net::Loop*> loops;  // those that will call it
  access::RequestRecords records = access::RequestRecords::batch;
};

// One instance serves all loops; upstream connections are pooled per loop. Outlives the loops' last work.
class Proxy : public http::Handler {
 public:
  static std::unique_ptr<Proxy> make(ProxyParts parts, std::shared_ptr<const Routes> routes);
  // What its server keeps to: `limits`, but gRPC calls may be as silent as tunnels, as the body of one is read only
  // once the door has let it in.
  static http::ServerLimits limits(http::ServerLimits limits);
  // A new policy's routes, from the next request on. Requests in flight end on what they began with.
  virtual void set_routes(std::shared_ptr<const Routes> routes) = 0;
};

}  // namespace watchword::gateway
