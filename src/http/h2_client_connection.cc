#include "http/h2_client_connection.h"

#include <algorithm>

#include "http/client_request.h"

namespace watchword::http {

namespace {

using net::Steady;

constexpr std::size_t kReadBytes = std::size_t{32} * 1024;
constexpr std::size_t kWriteBytes = std::size_t{64} * 1024;

Error closed_error(std::string how) { return fail(Reason::connection_closed, std::move(how)).error(); }

}  // namespace

net::Task<Result<H2ClientConnection::Ptr>> H2ClientConnection::establish(std::unique_ptr<net::Stream> stream,
                                                                         const net::Address& address,
                                                                         ClientLimits limits) {
  const auto connection = std::make_shared<H2ClientConnection>(std::move(stream), limits);
  connection->stream_->set_deadline(Steady::now() + limits.connect_time);
  spawn(read(connection));
  connection->flush();
  co_await Settled{*connection};
  if (connection->closed_) co_return std::unexpected(upstream_error(*connection->why_closed_, address));
  connection->stream_->set_deadline(std::nullopt);
  connection->look_again(Steady::now() + limits.keep_alive);
  co_return connection;
}

Status H2ClientConnection::open(const H2StreamPtr& stream, const RequestHead& head, std::optional<std::uint64_t> length,
                                bool content) {
  if (accepts()) return session_.open(stream, head, length, content);
  stream->refused = stream->closed = true;
  return fail(Reason::connection_closed, "before the request was sent");
}

void H2ClientConnection::reset(H2ClientStream& stream, Error error) {
  if (stream.closed) return;
  session_.reset(stream, std::move(error));
  wake_later();
}

void H2ClientConnection::flush() {
  if (!closed_ && !session_.rests() && !std::exchange(writing_, true)) spawn(write(shared_from_this()));
}

net::Task<void> H2ClientConnection::read(Ptr self) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReadBytes);
  while (true) {
    const auto got = co_await self->stream_->read({buffer.get(), kReadBytes});
    if (!got) co_return self->close(got.error());
    if (*got == 0) co_return self->close(closed_error("by the backend"));
    if (!self->closed_) self->received({buffer.get(), *got});
  }
}

void H2ClientConnection::received(std::string_view bytes) {
  last_received_ = Steady::now();
  if (const Status taken = session_.receive(bytes, last_received_); !taken) close(taken.error());
  wake();
  flush();
  changed();
}

net::Task<void> H2ClientConnection::write(Ptr self) {
  const Status written = co_await self->write_all();
  self->writing_ = false;
  if (!written) self->close(written.error());
  if (self->closed_ || !self->session_.finished()) co_return;
  if (self->session_.broken())
    co_return self->close(fail(Reason::http_malformed, "a breach of HTTP/2's rules").error());
  if (self->places_ > 0) co_return self->close(closed_error("by the backend"));
  co_await self->end_our_side();
}

net::Task<Status> H2ClientConnection::write_all() {
  while (!closed_) {
    WW_CO_CHECK(session_.produce(output_, kWriteBytes));
    if (output_.empty()) break;
    const Status sent = co_await stream_->write(output_);
    output_.clear();
    if (!sent) co_return sent;
    wake();
  }
  co_return Status();
}

net::Task<void> H2ClientConnection::end_our_side() {
  closed_ = true;
  changed();
  stream_->set_deadline(Steady::now() + limits.connect_time);  // for the other side to end its own
  co_await stream_->shutdown();
}

void H2ClientConnection::close(const Error& error) {
  if (std::exchange(closed_, true)) return;
  why_closed_ = error;
  session_.close_all(error);
  stream_->abort();
  wake_later();
}

// Whoever is woken looks for itself whether it has to wait on.
void H2ClientConnection::wake() {
  if (settling_ && (closed_ || session_.settled())) std::exchange(settling_, nullptr).resume();
  for (const H2StreamPtr& stream : session_.take_changed()) {
    if (stream->writer && !stream->at_hand) std::exchange(stream->writer, nullptr).resume();
    if (stream->reader) std::exchange(stream->reader, nullptr).resume();
  }
}

// For those who come from a destructor, or from the middle of other requests.
void H2ClientConnection::wake_later() {
  net::Loop* loop = net::Loop::current();
  if (loop == nullptr || std::exchange(waking_, true)) return;
  loop->post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->waking_ = false;
    self->wake();
    self->flush();
    self->changed();
  });
}

void H2ClientConnection::changed() const {
  if (told_) told_();
}

void H2ClientConnection::give_back_place() {
  --places_;
  unused_since_ = Steady::now();
  if (places_ == 0 && !accepts()) retire();
  if (places_ == 0) look_again(unused_since_ + limits.keep_alive);
  changed();
}

void H2ClientConnection::retire() {
  retired_ = true;
  if (closed_ || places_ > 0) return;
  session_.say_goodbye();
  wake_later();
}

void H2ClientConnection::set_deadline(H2ClientStream& stream, std::optional<TimePoint> when) {
  stream.deadline = when;
  if (when) look_again(*when);
}

void H2ClientConnection::look_again(TimePoint when) {
  if (closed_ || when >= next_look_) return;
  next_look_ = when;
  spawn(look(weak_from_this(), when));
}

net::Task<void> H2ClientConnection::look(std::weak_ptr<H2ClientConnection> weak, TimePoint when) {
  co_await net::Loop::current()->sleep(when - Steady::now());
  const auto self = weak.lock();
  if (!self || self->closed_ || self->next_look_ != when) co_return;  // another look came in between
  self->next_look_ = TimePoint::max();
  self->look_at_time(Steady::now());
}

void H2ClientConnection::look_at_time(TimePoint now) {
  TimePoint next = TimePoint::max();
  for (const auto& [id, stream] : session_.streams()) {
    if (!stream->deadline || stream->over() || (!stream->reader && !stream->writer)) continue;
    if (*stream->deadline > now) {
      next = std::min(next, *stream->deadline);
    } else {
      session_.reset(*stream, fail(Reason::http_timeout).error());
      // A connection on which nothing comes any more may be dead: others are to find out on another.
      if (now - last_received_ >= std::min(limits.response_time, limits.idle_time)) retire();
    }
  }
  if (places_ == 0 && now - unused_since_ >= limits.keep_alive) {
    retire();
  } else if (places_ == 0) {
    next = std::min(next, unused_since_ + limits.keep_alive);
  }
  if (next != TimePoint::max()) look_again(next);
  wake_later();
}

}  // namespace watchword::http
