#include "api/reply.h"

#include "http/problem.h"

namespace watchword::api {
namespace {

Json refusal(const Error& error, bool verified_caller, std::string_view record) {
  auto body = http::problem(error, verified_caller, record);
  if (verified_caller && !error.where.empty()) body.set("where", error.where);
  // What is on the gate's disk and not in force, such as a policy that does not load, is no failure of the gate.
  if (describe(error.reason).kind == ReasonKind::config) body.set("status", 409);
  return body;
}

net::Task<void> send_problem(http::Exchange& exchange, Json body) {
  auto status = static_cast<int>(*body.find_integer("status"));
  static_cast<void>(co_await http::send_problem(exchange.reply, status, std::move(body)));
}

}  // namespace

net::Task<void> send_text(http::Exchange& exchange, std::string_view content_type, std::string_view text,
                          http::Headers extra) {
  http::ResponseHead head{200, std::move(extra)};
  head.headers.set("content-type", std::string(content_type));
  static_cast<void>(co_await exchange.reply.send(std::move(head), text));
}

net::Task<void> send_json(http::Exchange& exchange, int status, Json json, http::Headers extra) {
  http::ResponseHead head{status, std::move(extra)};
  head.headers.set("content-type", "application/json");
  const std::string text = json.dump();
  static_cast<void>(co_await exchange.reply.send(std::move(head), text));
}

net::Task<void> send_refusal(http::Exchange& exchange, Error error, bool verified_caller, std::string_view record) {
  co_await send_problem(exchange, refusal(error, verified_caller, record));
}

net::Task<void> send_refusals(http::Exchange& exchange, std::vector<Error> errors) {
  auto body = refusal(errors.front(), true, {});
  Json all = Json::array();
  for (const auto& error : errors) all.push(refusal(error, true, {}));
  co_await send_problem(exchange, body.set("errors", std::move(all)));
}

}  // namespace watchword::api
