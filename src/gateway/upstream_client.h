// One loop's way to a route's endpoints: to its user, a client like any other.
#pragma once

#include <memory>
#include <string_view>

#include "base/metrics.h"
#include "gateway/upstream.h"
#include "http/client.h"

namespace watchword::gateway {

struct UpstreamMetrics {
  Counter& ejections;
  Counter& retries;
  static UpstreamMetrics of(Metrics& metrics, std::string_view resource);
};

class UpstreamClient final : public http::Client {
 public:
  UpstreamClient(std::shared_ptr<Upstream> upstream, UpstreamMetrics metrics);
  // As http::Client::send. The authority is that of the endpoint. A request is sent again, to an endpoint that it has
  // not been sent to, when nothing of its body was taken, and either no connection came about or the method is
  // idempotent and the connection ended before the answer. overloaded at once beyond max_requests.
  net::Task<Result<std::unique_ptr<http::ClientResponse>>> send(http::RequestHead head, http::Body* body,
                                                                http::Abort* abort) override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace watchword::gateway
