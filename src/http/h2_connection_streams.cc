// What happens to the requests of a connection.
#include "http/grpc.h"
#include "http/h2_connection.h"
#include "http/problem.h"

namespace watchword::http {

H2Stream* H2Connection::on_request(std::int32_t id, Result<FieldCollector::Request> request, bool end) {
  if (left_) {  // the GOAWAY that waits to be sent says that these were not looked at
    session_.reset(id, NGHTTP2_REFUSED_STREAM);
    return nullptr;
  }
  // Those that were reset before their handler has ended count too.
  if (live_.size() >= state_.limits.streams_per_connection) {
    session_.reset(id, NGHTTP2_REFUSED_STREAM);
    spend_reset();
    return nullptr;
  }
  H2RequestBody::Announced announced;
  announced.ended = end;
  announced.at_most = state_.limits.body_bytes;
  announced.first_time = announced.piece_time = state_.limits.body_time;
  std::optional<Error> refusal;
  RequestHead head;
  if (!request) {
    refusal = std::move(request).error();
  } else {
    announced.length = request->content_length;
    announced.expect_continue = request->expect_continue && !end;
    if (request->head.wants_tunnel()) {
      announced.at_most = UINT64_MAX;
      announced.first_time = announced.piece_time = state_.limits.tunnel_idle_time;
    }
    if (announced.length.value_or(0) > announced.at_most)
      refusal = fail(Reason::http_too_large, "a larger body", "at most " + std::to_string(announced.at_most)).error();
    if (is_grpc(request->head.headers)) announced.piece_time = state_.limits.call_idle_time;
    head = std::move(request->head);
  }
  auto stream = std::make_unique<H2Stream>(*this, id, std::move(head), announced);
  H2Stream* raw = stream.get();
  raw->place = live_.size();
  live_.push_back(raw);
  starting_.push_back({std::move(stream), std::move(refusal)});
  if (++served_ >= state_.limits.requests_per_connection) leave();
  return raw;
}

void H2Connection::on_data(H2Stream& stream, std::string_view data) {
  stream.body.arrive(data);
  list(stream);
}

void H2Connection::on_end(H2Stream& stream, Result<Headers> trailers) {
  stream.body.end(std::move(trailers));
  list(stream);
}

void H2Connection::on_closed(H2Stream& stream, std::uint32_t) {
  if (stream.reply.end_sent() && stream.body.ended()) return stream.complete();
  if (!stream.was_reset() && !stream.reply.end_sent()) spend_reset();
  const auto why = fail(Reason::connection_closed, "the stream was reset").error();
  stream.close(why);
  std::erase_if(starting_, [&](const Starting& starting) {
    if (starting.stream.get() != &stream) return false;
    stream.body.fail(why);  // a whole body too: its share of the connection's window goes back, as nobody will read it
    return true;
  });
}

void H2Connection::on_ping_answered() {
  if (leaving_) leave();
}

void H2Connection::on_sent(H2Stream& stream, const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_HEADERS || frame.hd.type == NGHTTP2_DATA) stream.reply.sent(frame);
  if (frame.hd.type == NGHTTP2_DATA) meter_.sent_data(frame.hd.length);
}

void H2Connection::on_unsendable(H2Stream& stream) { stream.reply.abort(); }

void H2Connection::spend_reset() {
  if (state_.limits.resets_end_calls) return;
  flooded_ = !resets_.spend(1, net::Steady::now()) || flooded_;
}

net::Task<void> H2Connection::serve(std::unique_ptr<H2Stream> stream) {
  Exchange exchange{stream->head, stream->body, stream->reply, stream_->peer()};
  co_await state_.handler.handle(exchange);
  co_await stream->body.settle();
  if (!stream->reply.begun()) {
    const Error error = stream->body.error().value_or(fail(Reason::internal).error());
    (void)co_await send_problem(stream->reply, status_of(error.reason), problem(error, false),
                                for_own_answer(*stream_));
  }
  co_await conclude(*stream);
}

net::Task<void> H2Connection::refuse(std::unique_ptr<H2Stream> stream, Error error) {
  // RFC 6585 5: the head as a whole, where 413 would speak of the content.
  const bool head = error.reason == Reason::http_too_large && stream->head.method.empty();
  (void)co_await send_problem(stream->reply, head ? 431 : status_of(error.reason), problem(error, false),
                              for_own_answer(*stream_));
  co_await stream->body.settle();
  co_await conclude(*stream);
}

net::Task<void> H2Connection::conclude(H2Stream& stream) {
  state_.answered(stream.reply.status());
  if (!stream.reply.complete()) {
    stream.reset(NGHTTP2_INTERNAL_ERROR);
    co_return;
  }
  if (!stream.body.ended() && !stream.reply.granted_tunnel()) co_await stream.body.skip_rest();
  if (!stream.body.ended()) stream.reset(NGHTTP2_NO_ERROR);  // RFC 9113 8.1
}

}  // namespace watchword::http
