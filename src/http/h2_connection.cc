#include "http/h2_connection.h"

#include <algorithm>

namespace watchword::http {

namespace {

using net::Steady;

constexpr std::size_t kInputBytes = 2 * 1024;   // of an idle connection
constexpr std::size_t kBatchBytes = 64 * 1024;  // of frames for one system call
constexpr unsigned kTurns = 16;                 // of sending in a row
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr auto kLingerTime = std::chrono::seconds(2);
constexpr auto kLeaveTime = std::chrono::seconds(1);  // for the answer to the PING of ask_to_leave()
// For each stream that a client may have at once:
constexpr std::size_t kQueued = 10;  // frames that may wait; an answer takes far fewer
// Those that it may reset, or have refused or reset by its mistakes, before they are answered.
constexpr double kResets = 2;
constexpr double kResetsPerSecond = 0.2;

H2Settings settings(const ServerLimits& limits, bool encrypted) {
  return {.head = {.start_line = limits.request_line,
                   .header_bytes = limits.header_bytes,
                   .header_count = limits.header_count},
          .scheme = encrypted ? "https" : "http",
          .streams = limits.streams_per_connection};
}

Error gone() { return fail(Reason::connection_closed, "the connection has ended").error(); }

}  // namespace

H2Connection::H2Connection(ServerState& state, LoopState& loop, std::unique_ptr<net::Stream> stream)
    : state_(state),
      loop_(loop),
      place_(loop.h2_connections.insert(loop.h2_connections.end(), this)),
      stream_(std::move(stream)),
      input_(kInputBytes),
      session_(*this, settings(state.limits, stream_->encrypted())),
      meter_(state.limits.streams_per_connection, Steady::now()),
      resets_(kResets * state.limits.streams_per_connection, kResetsPerSecond * state.limits.streams_per_connection,
              Steady::now()),
      idle_since_(Steady::now()) {}

// Streams are left only when the loop abandons its tasks.
H2Connection::~H2Connection() {
  starting_.clear();
  for (H2Stream* stream : live_) stream->orphan();
  loop_.h2_connections.erase(place_);
  stream_.reset();
  state_.closed();
}

net::Task<void> H2Connection::run() {
  stream_->set_deadline(std::nullopt);
  if (state_.draining) finish();
  kick();
  const bool here = co_await read();
  give_up();
  stream_->set_deadline(Steady::now() + kLingerTime);
  while (pumping_) co_await Change{*this};
  if (here && !std::exchange(broken_, true)) co_await linger();
  while (pumping_ || !live_.empty()) co_await Change{*this};
}

net::Task<bool> H2Connection::read() {
  while (session_.wants_read()) {
    if (live_.empty()) input_.shrink();
    const auto got = co_await stream_->read(input_.room());
    if (!got) co_return !broken_ && !session_.wants_read();
    if (*got == 0) co_return false;
    input_.add(*got);
    const std::string_view bytes = input_.view();
    const bool calm = meter_.feed(bytes, Steady::now());
    const bool more = calm && session_.receive(bytes);
    input_.consume(bytes.size());
    kick();
    if (!calm || flooded_ || session_.queued() > kQueued * state_.limits.streams_per_connection) {
      session_.terminate(NGHTTP2_ENHANCE_YOUR_CALM);
      co_return true;
    }
    if (!more) co_return true;
  }
  co_return true;
}

// From here on the streams get nothing more, and nothing of them is sent.
void H2Connection::give_up() {
  closing_ = true;
  starting_.clear();
  for (H2Stream* stream : live_) stream->close(gone());
  kick();
}

// A close with unread input would reset the connection, and the last frames might be lost with it.
net::Task<void> H2Connection::linger() {
  co_await stream_->shutdown();
  stream_->set_deadline(Steady::now() + kLingerTime);
  std::size_t total = 0;
  while (total < kLingerBytes) {
    const auto got = co_await stream_->read(input_.room());
    if (!got || *got == 0) co_return;
    total += *got;
  }
}

void H2Connection::kick() {
  if (pumping_) return;
  pumping_ = true;
  loop_.loop->post([this] { net::spawn(pump()); });
}

// Starts and wakes what can go on, and sends what there is, until neither is left.
net::Task<void> H2Connection::pump() {
  struct Yield {  // other connections' turn
    net::Loop& loop;
    bool await_ready() const { return false; }
    void await_suspend(std::coroutine_handle<> waiter) const {
      loop.post([waiter] { waiter.resume(); });
    }
    void await_resume() const {}
  };
  bool more = true;
  for (unsigned turn = 1; more; ++turn) {
    if (turn % kTurns == 0) co_await Yield{*loop_.loop};
    start_all();
    wake_listed();
    more = co_await flush();
    more = more || !starting_.empty() || !listed_.empty();
  }
  pumping_ = false;
  if (!closing_ && (broken_ || (!session_.wants_read() && !session_.wants_write())))
    stream_->set_deadline(Steady::time_point());  // read() ends
  notify();
}

net::Task<bool> H2Connection::flush() {
  if (broken_ || !session_.wants_write()) co_return false;
  std::string output = std::exchange(loop_.output, {});
  broken_ = !session_.gather(output, kBatchBytes);
  if (output.empty()) {
    loop_.output = std::move(output);
    co_return false;
  }
  stream_->set_deadline(Steady::now() + (closing_ ? kLingerTime : state_.limits.body_time));
  const Status sent = co_await stream_->write(output);
  output.clear();
  if (output.capacity() > loop_.output.capacity()) loop_.output = std::move(output);
  if (!sent) {
    broken_ = true;
    co_return false;
  }
  if (!closing_) stream_->set_deadline(std::nullopt);
  flushed_ = batch_++;
  for (H2Stream* stream : std::exchange(touched_, {})) list(*stream);
  co_return true;
}

void H2Connection::start_all() {
  for (Starting& starting : std::exchange(starting_, {})) {
    if (starting.refusal) {
      net::spawn(refuse(std::move(starting.stream), *std::move(starting.refusal)));
    } else {
      net::spawn(serve(std::move(starting.stream)));
    }
  }
}

void H2Connection::wake_listed() {
  while (!listed_.empty()) {
    H2Stream* stream = listed_.back();
    listed_.pop_back();
    stream->listed = false;
    stream->wake();
  }
}

void H2Connection::list(H2Stream& stream) {
  if (std::exchange(stream.listed, true)) return;
  listed_.push_back(&stream);
  kick();
}

std::uint64_t H2Connection::touch(H2Stream& stream, std::uint64_t last) {
  if (last != batch_) touched_.push_back(&stream);
  return batch_;
}

void H2Connection::remove(H2Stream& stream) {
  session_.forget(stream.id());
  live_.back()->place = stream.place;
  live_[stream.place] = live_.back();
  live_.pop_back();
  if (stream.listed) std::erase(listed_, &stream);
  std::erase(touched_, &stream);
  if (live_.empty()) idle_since_ = Steady::now();
  notify();
}

// Posted, so that what ends now is out of the way when run() goes on.
void H2Connection::notify() {
  if (waiting_) loop_.loop->post([waiter = std::exchange(waiting_, nullptr)] { waiter.resume(); });
}

void H2Connection::finish() {
  if (std::exchange(leaving_, true)) return;
  leave_at_ = Steady::now() + kLeaveTime;
  session_.ask_to_leave();
  kick();
}

void H2Connection::leave() {
  if (std::exchange(left_, true)) return;
  session_.leave();
  kick();
}

void H2Connection::tick(Steady::time_point now) {
  if (closing_) return;
  for (H2Stream* stream : live_) stream->time_out(now);
  if (now - meter_.block_since() >= state_.limits.header_time) {
    session_.terminate(NGHTTP2_ENHANCE_YOUR_CALM);
    kick();
  }
  const bool idle = live_.empty() && now - idle_since_ >= state_.limits.idle_time;
  if (idle || now >= leave_at_) leave();
}

}  // namespace watchword::http
