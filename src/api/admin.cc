#include "api/admin.h"

#include <unistd.h>

#include <memory>
#include <thread>

#include "api/health.h"
#include "api/reply.h"
#include "net/loop.h"

namespace watchword::api {
namespace {

constexpr std::size_t kMaxBody = 4096;
constexpr std::size_t kMaxWhy = 500;

bool is_admin(const net::Peer& peer) { return peer.uid && (*peer.uid == 0 || *peer.uid == ::geteuid()); }

Result<Json> object_of(std::string_view text) {
  WW_TRY(auto json, parse_json(text));
  if (!json.members())
    return fail(Reason::request_invalid, "a body of type " + std::string(json.type_name()), "an object");
  return json;
}

}  // namespace

void add_for_admin(Router& router, std::string_view method, std::string path, Router::Function function) {
  router.add(method, std::move(path), [function = std::move(function)](http::Exchange& exchange) -> net::Task<void> {
    if (is_admin(exchange.peer)) co_return co_await function(exchange);
    co_await send_refusal(exchange, {Reason::admin_refused, {}, {}, {}, {}}, false);
  });
}

net::Task<Result<Json>> read_document(http::Exchange& exchange) {
  WW_CO_TRY(const auto text, co_await http::read_all(exchange.body, kMaxBody));
  co_return object_of(text);
}

Result<std::string> why_in(const Json& document) {
  const auto* why = document.find("why");
  if (!why) return std::string();
  if (!why->string()) return fail(Reason::request_invalid, "why of type " + std::string(why->type_name()), "text");
  if (why->string()->size() > kMaxWhy)
    return fail(Reason::request_invalid, std::to_string(why->string()->size()) + " bytes of why", "at most 500");
  return *why->string();
}

net::Task<Result<std::string>> read_why(http::Exchange& exchange) {
  WW_CO_TRY(const auto text, co_await http::read_all(exchange.body, kMaxBody));
  if (text.empty()) co_return std::string();
  WW_CO_TRY(const auto json, object_of(text));
  if (json.members()->size() != (json.find("why") ? 1u : 0u))
    co_return fail(Reason::request_invalid, "another body", R"({"why": "..."} or nothing)");
  co_return why_in(json);
}

net::Task<Status> off_the_loop(std::function<Status()> work) {
  auto delivery = std::make_shared<net::Delivery<Status>>();
  std::jthread thread([delivery, &work] { delivery->deliver(work()); });
  co_return co_await *delivery;
}

void add_admin(Router& router, AdminParts parts) {
  add_session_admin(router, parts.service, parts.store);
  add_key_admin(router, parts.service);
  add_freeze_admin(router, parts.service, parts.facts);
  add_context_admin(router, parts.context);
  add_for_admin(router, "GET", "/api/v1/envoy", [envoy = parts.envoy](http::Exchange& exchange) {
    return send_json(exchange, 200, Json::object({{"nodes", envoy()}}));
  });

  auto reload = parts.reload_policy;
  add_for_admin(router, "POST", "/api/v1/policy/reload",
                [&service = parts.service, reload](http::Exchange& exchange) -> net::Task<void> {
                  std::vector<Error> errors;
                  static_cast<void>(co_await off_the_loop([&]() -> Status {
                    errors = reload();
                    return {};
                  }));
                  if (!errors.empty()) co_return co_await send_refusals(exchange, std::move(errors));
                  co_await send_json(exchange, 200, Json::object({{"policy", service.snapshot().policy->digest()}}));
                });

  add_for_admin(router, "GET", "/api/v1/status",
                [parts = std::move(parts)](http::Exchange& exchange) -> net::Task<void> {
                  auto readiness = parts.readiness();
                  auto policy = parts.service.snapshot().policy;
                  auto log_size = parts.store.log_size();
                  if (!log_size) co_return co_await send_refusal(exchange, std::move(log_size).error(), true);
                  auto number = [](std::size_t value) { return static_cast<std::int64_t>(value); };
                  co_await send_json(exchange, 200,
                                     Json::object({{"version", parts.version},
                                                   {"url", parts.service.parts().url},
                                                   {"ready", all_ready(readiness)},
                                                   {"parts", readiness_json(readiness, true)},
                                                   {"policy", policy->digest()},
                                                   {"rules", number(policy->rule_count())},
                                                   {"sessions", number(parts.service.parts().sessions.size())},
                                                   {"log_size", static_cast<std::int64_t>(*log_size)},
                                                   {"backlog", number(parts.store.backlog())}}));
                });
}

}  // namespace watchword::api
