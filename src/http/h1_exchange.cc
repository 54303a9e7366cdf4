#include "http/h1_exchange.h"

#include "http/h1_write.h"
#include "http/reply_rules.h"
#include "http/websocket_handshake.h"

namespace watchword::http {

net::Task<Result<std::string_view>> H1RequestBody::next() {
  WW_CO_TRY(const auto piece, reader_.take());
  if (piece) {
    continue_owed_ = continue_owed_ && piece->empty();
    co_return *piece;
  }
  pending_ = true;
  auto result = co_await wait_for_piece();
  pending_ = false;
  // Posted, so that whoever awaits this has it before the connection goes on.
  if (settling_) net::Loop::current()->post([waiter = settling_] { waiter.resume(); });
  co_return result;
}

net::Task<Result<std::string_view>> H1RequestBody::wait_for_piece() {
  if (continue_owed_ && !answered_) {
    continue_owed_ = false;
    stream_.set_deadline(net::Steady::now() + reader_.piece_time());
    WW_CO_CHECK(co_await stream_.write(kContinue));
  }
  while (true) {
    WW_CO_CHECK(co_await reader_.receive());
    WW_CO_TRY(const auto piece, reader_.take());
    if (piece) co_return *piece;
  }
}

net::Task<void> H1RequestBody::settle() {
  if (!pending_) co_return;
  cancelled_ = true;
  stream_.set_deadline(net::Steady::time_point());
  co_await Settled{*this};
}

Status H1ResponseWriter::start(ResponseHead& head, std::optional<std::uint64_t> length) {
  if (begun()) return misuse("a second response to one request");
  if (grants_tunnel(head) && !length) return start_tunnel(head);
  if (grants_tunnel(head) && request_.websocket_key.empty()) return misuse("content in the answer to CONNECT");
  if (head.status < 200 || head.status > 599) return misuse("the status " + std::to_string(head.status));
  if (!length) {
    WW_TRY(length, announced_length(head));
  }
  if (has_no_content(head.status)) {
    framing_ = BodyFraming::none();
  } else if (length) {
    framing_ = BodyFraming::of_length(*length);
  } else {
    framing_ = request_.minor == 0 ? BodyFraming::until_close() : BodyFraming::chunked();
  }
  keep_alive_ = request_.keep_alive && !state_.draining.load(std::memory_order_relaxed) && !body_.blocks_connection() &&
                framing_.kind != BodyFraming::Kind::until_close;
  WW_CHECK(append_response_head(out_, head, framing_, keep_alive_, request_.minor));
  if (head.headers.find("date") == nullptr) {
    out_.resize(out_.size() - 2);  // the empty line moves behind the date
    out_.append(loop_.date_line()).append("\r\n");
  }
  status_ = head.status;
  body_.response_begun();
  return {};
}

// RFC 6455 4.2.2; RFC 9110 9.3.6 for CONNECT.
Status H1ResponseWriter::start_tunnel(ResponseHead& head) {
  const bool upgrade = !request_.websocket_key.empty();
  if (upgrade) {
    head.status = 101;
    head.headers.set("upgrade", "websocket");
    head.headers.set("sec-websocket-accept", websocket_accept(request_.websocket_key));
  }
  WW_CHECK(append_response_head(out_, head, BodyFraming::none(), true));
  if (upgrade) {
    out_.resize(out_.size() - 2);  // the empty line moves behind what the serialiser leaves to the framing
    out_.append("connection: upgrade\r\n\r\n");
  }
  framing_ = BodyFraming::until_close();
  in_tunnel_ = true;
  status_ = head.status;
  body_.response_begun();
  return {};
}

Status H1ResponseWriter::add(std::string_view piece) {
  if (!begun() || ended_) return misuse("content outside of a response");
  written_ += piece.size();
  if (framing_.kind == BodyFraming::Kind::length && written_ > framing_.length) {
    abort();
    return misuse("more content than announced");
  }
  if (framing_.kind == BodyFraming::Kind::chunked && !request_.head) append_chunk(out_, piece);
  return {};
}

// Sends what has gathered in out_, then `body`, where it is sent as it is.
net::Task<Status> H1ResponseWriter::flush(std::string_view body) {
  if (request_.head || framing_.kind == BodyFraming::Kind::none || framing_.kind == BodyFraming::Kind::chunked)
    body = {};
  if (out_.empty() && body.empty()) co_return Status();
  stream_.set_deadline(net::Steady::now() + (in_tunnel_ ? state_.limits.tunnel_idle_time : state_.limits.body_time));
  Status sent = co_await stream_.write(out_, body);
  out_.clear();
  failed_ = failed_ || !sent;
  co_return sent;
}

net::Task<Status> H1ResponseWriter::begin_with(ResponseHead head, std::string_view piece) {
  WW_CO_CHECK(start(head, std::nullopt));
  WW_CO_CHECK(add(piece));
  co_return co_await flush(piece);
}

net::Task<Status> H1ResponseWriter::write(std::string_view piece) {
  WW_CO_CHECK(add(piece));
  co_return co_await flush(piece);
}

net::Task<Status> H1ResponseWriter::end(Headers trailers) {
  if (!begun() || ended_) co_return misuse("the end of no response");
  const bool short_of = framing_.kind == BodyFraming::Kind::length && written_ < framing_.length && !request_.head;
  if (short_of) {
    abort();
    co_return misuse("less content than announced");
  }
  if (framing_.kind == BodyFraming::Kind::chunked && !request_.head) WW_CO_CHECK(append_last_chunk(out_, trailers));
  ended_ = true;
  WW_CO_CHECK(co_await flush({}));
  if (in_tunnel_) co_await stream_.shutdown();
  co_return Status();
}

net::Task<Status> H1ResponseWriter::send(ResponseHead head, std::string_view body) {
  WW_CO_CHECK(start(head, body.size()));
  ended_ = true;
  co_return co_await flush(body);
}

void H1ResponseWriter::abort() {
  failed_ = true;
  stream_.abort();
}

}  // namespace watchword::http
