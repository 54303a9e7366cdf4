#include "cli/dev/echo.h"

#include "base/json.h"
#include "http/problem.h"

namespace watchword::cli {

net::Task<void> EchoBackend::handle(http::Exchange& exchange) {
  constexpr std::size_t kMaxBody = 1 << 20;
  auto body = co_await http::read_all(exchange.body, kMaxBody);
  if (!body) {
    static_cast<void>(co_await http::send_problem(exchange.reply, 400, http::problem(body.error(), true)));
    co_return;
  }
  Json headers = Json::object();
  for (const auto& header : exchange.request.headers) headers.set(header.name, header.value);
  auto answer = Json::object({{"method", exchange.request.method},
                              {"target", exchange.request.target},
                              {"headers", std::move(headers)},
                              {"body_bytes", static_cast<std::int64_t>(body->size())}});
  // A failing write means that the client has gone.
  static_cast<void>(
      co_await exchange.reply.send({200, {{"content-type", "application/json"}}}, answer.pretty() + "\n"));
}

}  // namespace watchword::cli
