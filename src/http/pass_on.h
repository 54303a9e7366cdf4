// A response on its way through an intermediary: as it comes, piece by piece, with its trailers.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "http/handler.h"
#include "http/message.h"
#include "net/task.h"

namespace watchword::http {

// A gRPC answer of nothing but a status (trailers-only): its head must end the stream, or clients miss the trailers.
inline bool ends_with_head(const ResponseHead& head, const Body& body, std::string_view first) {
  return first.empty() && body.ready() && body.trailers().empty() && head.headers.find("grpc-status") != nullptr;
}

enum class Passed : std::uint8_t {
  whole,
  cut,   // the body ended short, or `pass` stopped it: for the caller to abort the reply
  gone,  // whoever asked has
};

// Sends `head`, `first` (what was read of `body` already) and the rest. `pass(bytes)` is asked before each further
// piece, and stops it with false; `trailers` makes those of the reply out of the body's. All outlive the task.
template <class Pass, class Trailers>
net::Task<Passed> pass_on(Writer& reply, ResponseHead head, Body& body, std::string_view first, Pass& pass,
                          Trailers& trailers) {
  if (ends_with_head(head, body, first))
    co_return co_await reply.send(std::move(head), {}) ? Passed::whole : Passed::gone;
  if (!co_await reply.begin_with(std::move(head), first)) co_return Passed::gone;
  while (true) {
    const auto piece = co_await body.next();
    if (!piece) co_return Passed::cut;
    if (piece->empty()) break;
    if (!pass(piece->size())) co_return Passed::cut;
    if (!co_await reply.write(*piece)) co_return Passed::gone;
  }
  co_return co_await reply.end(trailers(body.trailers())) ? Passed::whole : Passed::gone;
}

}  // namespace watchword::http
