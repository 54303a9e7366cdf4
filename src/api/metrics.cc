// GET /metrics.
#include "api/endpoints.h"
#include "api/reply.h"

namespace watchword::api {

void add_metrics(Router& router, const Metrics& metrics) {
  router.add("GET", "/metrics", [&metrics](http::Exchange& exchange) -> net::Task<void> {
    const auto text = metrics.render();
    co_await send_text(exchange, "application/openmetrics-text; version=1.0.0; charset=utf-8", text);
  });
}

}  // namespace watchword::api
