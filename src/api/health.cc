// GET /healthz, GET /readyz.
#include "api/health.h"

#include <algorithm>

#include "api/reply.h"

namespace watchword::api {
namespace {

// Details name policy lines and internal addresses: for those on this machine only, and not for whoever a proxy on this
// machine speaks for.
bool may_see_details(const http::Exchange& exchange) {
  const auto& headers = exchange.request.headers;
  if (exchange.peer.uid) return true;
  return exchange.peer.loopback && !headers.find("forwarded") && !headers.find("x-forwarded-for");
}

}  // namespace

Json readiness_json(const std::vector<Readiness>& parts, bool details) {
  Json list = Json::array();
  for (const auto& part : parts) {
    auto shown = Json::object({{"name", part.name}, {"ready", part.ready}});
    if (details && !part.detail.empty()) shown.set("detail", part.detail);
    list.push(std::move(shown));
  }
  return list;
}

bool all_ready(const std::vector<Readiness>& parts) {
  return std::ranges::none_of(parts, [](const Readiness& part) { return part.needed && !part.ready; });
}

void add_health(Router& router, std::function<std::vector<Readiness>()> readiness) {
  router.add("GET", "/healthz",
             [](http::Exchange& exchange) { return send_json(exchange, 200, Json::object({{"status", "ok"}})); });
  router.add("GET", "/readyz", [readiness = std::move(readiness)](http::Exchange& exchange) -> net::Task<void> {
    auto parts = readiness();
    bool ready = all_ready(parts);
    auto body = Json::object({{"ready", ready}, {"parts", readiness_json(parts, may_see_details(exchange))}});
    co_await send_json(exchange, ready ? 200 : 503, body);
  });
}

}  // namespace watchword::api
