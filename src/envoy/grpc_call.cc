#include "envoy/grpc_call.h"

#include "http/grpc.h"
#include "http/problem.h"

namespace watchword::envoy {

bool calls(const http::RequestHead& request, std::string_view method) {
  return request.method == "POST" && request.target == method && http::is_grpc(request.headers);
}

net::Task<void> answer_no_call(http::Exchange& exchange, std::string_view method) {
  const Error error{Reason::not_found, exchange.request.target, std::string(method), {}, {}};
  // A failing write means that Envoy has gone.
  static_cast<void>(co_await http::send_problem(exchange.reply, 404, http::problem(error, false)));
}

}  // namespace watchword::envoy
