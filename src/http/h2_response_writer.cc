#include "http/h2_connection.h"
#include "http/reply_rules.h"

namespace watchword::http {

namespace {

using net::Steady;

}  // namespace

Status H2ResponseWriter::start(const ResponseHead& head, std::optional<std::uint64_t> length, std::string_view piece,
                               bool whole) {
  if (begun()) return misuse("a second response to one request");
  if (head.status < 200 || head.status > 599) return misuse("the status " + std::to_string(head.status));
  if (error_) return std::unexpected(*error_);
  if (!length) {
    WW_TRY(length, announced_length(head));
  }
  granted_ = tunnel_ && head.status < 300;
  if (granted_ && (length || head.status != 200)) return misuse("a tunnel that is granted with content");
  no_content_ = head_ || has_no_content(head.status);
  H2Connection& connection = *stream_.connection();
  OutgoingFields fields;
  WW_CHECK(fields.response(head, has_no_content(head.status) ? std::nullopt : length, connection.date()));
  length_ = length;
  status_ = head.status;
  ++unsent_;
  stream_.body.response_begun();
  WW_CHECK(add(piece));
  ended_ = whole;
  connection.session().respond(stream_.id(), fields, !no_content_ && (!whole || !piece.empty()));
  return {};
}

Status H2ResponseWriter::add(std::string_view piece) {
  if (!begun() || ended_) return misuse("content outside of a response");
  written_ += piece.size();
  if (length_ && !has_no_content(status_) && written_ > *length_) {
    abort();
    return misuse("more content than announced");
  }
  if (!no_content_) piece_ = piece;
  return {};
}

bool H2ResponseWriter::done() const {
  const H2Connection* connection = stream_.connection();
  return unsent_ == 0 && piece_.empty() && (!ended_ || end_sent_) && connection != nullptr &&
         connection->flushed(batch_);
}

// Until all that was queued has been written to the connection, as far as the client's windows let it.
net::Task<Status> H2ResponseWriter::flush() {
  if (!done() && !error_) {
    H2Connection& connection = *stream_.connection();
    deadline_ = Steady::now() + (granted_ ? connection.limits().tunnel_idle_time : connection.limits().body_time);
    connection.session().resume(stream_.id());
    connection.kick();
    while (!done() && !error_) co_await waiter_;
    deadline_ = kNoDeadline;
  }
  piece_ = {};
  if (error_) co_return std::unexpected(*error_);
  co_return Status();
}

net::Task<Status> H2ResponseWriter::begin_with(ResponseHead head, std::string_view piece) {
  WW_CO_CHECK(start(head, std::nullopt, piece, false));
  co_return co_await flush();
}

net::Task<Status> H2ResponseWriter::write(std::string_view piece) {
  WW_CO_CHECK(add(piece));
  co_return co_await flush();
}

net::Task<Status> H2ResponseWriter::end(Headers trailers) {
  if (!begun() || ended_) co_return misuse("the end of no response");
  if (length_ && written_ < *length_ && !no_content_) {
    abort();
    co_return misuse("less content than announced");
  }
  OutgoingFields sendable;
  WW_CO_CHECK(sendable.trailers(trailers));
  if (!no_content_) trailers_ = std::move(trailers);
  ended_ = true;
  co_return co_await flush();
}

net::Task<Status> H2ResponseWriter::send(ResponseHead head, std::string_view body) {
  WW_CO_CHECK(start(head, body.size(), body, true));
  co_return co_await flush();
}

net::Task<Status> H2ResponseWriter::send_with_trailers(ResponseHead head, std::string_view body, Headers trailers) {
  OutgoingFields sendable;
  WW_CO_CHECK(sendable.trailers(trailers));  // before anything refers to `body`
  WW_CO_CHECK(start(head, std::nullopt, body, false));
  co_return co_await end(std::move(trailers));
}

void H2ResponseWriter::abort() {
  fail(stream_gone());
  stream_.reset(NGHTTP2_INTERNAL_ERROR);
}

std::optional<H2Events::Content> H2ResponseWriter::wanted(std::size_t room) {
  if (error_) return std::nullopt;
  const std::size_t bytes = std::min(room, piece_.size());
  const bool last = ended_ && bytes == piece_.size();
  if (bytes == 0 && !last) return std::nullopt;
  const bool trailed = last && !trailers_.empty();
  if (trailed) ++unsent_;
  return H2Events::Content{.bytes = bytes, .last = last, .trailers = trailed ? &trailers_ : nullptr};
}

void H2ResponseWriter::taken(std::size_t bytes, std::string& out) {
  out.append(piece_.substr(0, bytes));
  piece_.remove_prefix(bytes);
}

void H2ResponseWriter::sent(const nghttp2_frame& frame) {
  if (frame.hd.type == NGHTTP2_HEADERS && unsent_ > 0) --unsent_;
  if ((frame.hd.flags & NGHTTP2_FLAG_END_STREAM) != 0) end_sent_ = true;
  batch_ = stream_.connection()->touch(stream_, batch_);
}

void H2ResponseWriter::fail(Error error) {
  if (!error_) error_ = std::move(error);
  piece_ = {};
}

}  // namespace watchword::http
