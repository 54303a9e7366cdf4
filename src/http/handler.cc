#include "http/handler.h"

namespace watchword::http {

net::Task<Status> Writer::begin_with(ResponseHead head, std::string_view piece) {
  WW_CO_CHECK(co_await begin(std::move(head)));
  co_return co_await write(piece);
}

net::Task<Status> Writer::send_with_trailers(ResponseHead head, std::string_view body, Headers trailers) {
  WW_CO_CHECK(co_await begin_with(std::move(head), body));
  co_return co_await end(std::move(trailers));
}

net::Task<Result<std::string>> read_all(Body& body, std::size_t max_bytes, net::Steady::duration within) {
  if (body.length().value_or(0) > max_bytes)
    co_return fail(Reason::http_too_large, "a body of " + std::to_string(*body.length()) + " bytes",
                   "at most " + std::to_string(max_bytes));
  const auto deadline = net::Steady::now() + within;
  std::string all;
  while (true) {
    WW_CO_TRY(const std::string_view piece, co_await body.next());
    if (piece.empty()) co_return all;
    if (piece.size() > max_bytes - all.size())
      co_return fail(Reason::http_too_large, "a longer body", "at most " + std::to_string(max_bytes) + " bytes");
    all.append(piece);
    if (net::Steady::now() >= deadline)
      co_return fail(Reason::http_timeout, std::to_string(all.size()) + " bytes of a body so far", "all of it in time");
  }
}

}  // namespace watchword::http
