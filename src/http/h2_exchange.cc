#include "http/h2_exchange.h"

#include "http/h2_connection.h"

namespace watchword::http {

namespace {

using net::Steady;

}  // namespace

H2Stream::~H2Stream() {
  if (connection_ != nullptr) connection_->remove(*this);
}

void H2Stream::orphan() {
  connection_ = nullptr;
  closed_ = true;
  body.fail(stream_gone());
  reply.fail(stream_gone());
}

void H2Stream::close(const Error& why) {
  closed_ = true;
  if (!body.ended()) body.fail(why);
  if (!reply.finished()) reply.fail(why);
  if (connection_ != nullptr) connection_->list(*this);
}

void H2Stream::reset(std::uint32_t error_code) {
  if (closed_ || reset_) return;
  reset_ = true;
  connection_->session().reset(id_, error_code);
  connection_->list(*this);
}

// One of the two, as it may end the stream.
void H2Stream::wake() {
  if (body.wakes() && reply.wakes()) connection_->list(*this);
  if (body.wakes()) return body.wake();
  if (reply.wakes()) reply.wake();
}

void H2Stream::time_out(Steady::time_point now) {
  if (now >= body.deadline()) {
    body.expire();
    connection_->list(*this);
  }
  if (now >= reply.deadline()) {
    reply.fail(fail(Reason::http_timeout).error());
    reset(NGHTTP2_CANCEL);
  }
}

}  // namespace watchword::http
