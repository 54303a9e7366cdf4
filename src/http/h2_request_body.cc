#include "http/h2_connection.h"

namespace watchword::http {

namespace {

using net::Steady;

constexpr std::size_t kSkippedBytes = 256 * 1024;
constexpr auto kSkipTime = std::chrono::seconds(1);

}  // namespace

net::Task<Result<std::string_view>> H2RequestBody::next() {
  give_back(shown_);
  if (!ready()) {
    pending_ = true;
    co_await wait();
    pending_ = false;
    // Posted, so that whoever awaits this has it before the stream goes on.
    if (settling_) net::Loop::current()->post([waiter = settling_] { waiter.resume(); });
  }
  if (error_) co_return std::unexpected(*error_);
  shown_.swap(arrived_);
  co_return std::string_view(shown_);
}

net::Task<void> H2RequestBody::wait() {
  H2Connection& connection = *stream_.connection();  // without one there is an error
  if (announced_.expect_continue) {
    announced_.expect_continue = false;
    connection.session().say_continue(stream_.id());
    stream_.reply.interim();
    connection.kick();
  }
  deadline_ = Steady::now() + (received_ == 0 ? announced_.first_time : announced_.piece_time);
  co_await waiter_;
  deadline_ = kNoDeadline;
}

std::optional<std::uint64_t> H2RequestBody::length() const {
  return announced_.ended && !announced_.length ? 0 : announced_.length;
}

void H2RequestBody::arrive(std::string_view data) {
  received_ += data.size();
  if (received_ > announced_.at_most)
    fail(watchword::fail(Reason::http_too_large, "a larger body", "at most " + std::to_string(announced_.at_most))
             .error());
  arrived_ += data;
  if (skipping_) skipped_bytes_ += data.size();
  if (error_) give_back(arrived_);
}

void H2RequestBody::end(Result<Headers> trailers) {
  if (!trailers) return fail(std::move(trailers).error());
  trailers_ = *std::move(trailers);
  ended_ = true;
}

void H2RequestBody::fail(Error error) {
  if (error_) return;
  error_ = std::move(error);
  give_back(arrived_);
}

// So that the client may send as much again.
void H2RequestBody::give_back(std::string& taken) {
  H2Connection* connection = stream_.connection();
  if (!taken.empty() && connection != nullptr) {
    connection->session().consumed(stream_.id(), taken.size());
    connection->kick();
  }
  taken.clear();
}

net::Task<void> H2RequestBody::settle() {
  struct Settled {
    H2RequestBody& body;
    bool await_ready() const { return !body.pending_; }
    void await_suspend(std::coroutine_handle<> waiter) { body.settling_ = waiter; }
    void await_resume() const {}
  };
  if (pending_) {
    fail(stream_gone());
    if (H2Connection* connection = stream_.connection()) connection->list(stream_);
    co_await Settled{*this};
  }
  give_back(shown_);
  give_back(arrived_);
}

net::Task<void> H2RequestBody::skip_rest() {
  fail(stream_gone());
  skipping_ = true;
  expired_ = false;
  deadline_ = Steady::now() + std::min<Steady::duration>(kSkipTime, announced_.piece_time);
  while (!skipped()) co_await waiter_;
  deadline_ = kNoDeadline;
}

bool H2RequestBody::skipped() const { return ended_ || expired_ || stream_.closed() || skipped_bytes_ > kSkippedBytes; }

void H2RequestBody::expire() {
  expired_ = true;
  fail(watchword::fail(Reason::http_timeout).error());
}

}  // namespace watchword::http
