#include "http/h1_connection.h"

#include "http/h1_exchange.h"
#include "http/problem.h"

namespace watchword::http {

namespace {

using net::Steady;

constexpr std::size_t kInputBytes = 4 * 1024;    // holds most heads; an idle connection costs little more
constexpr std::size_t kOutputBytes = 16 * 1024;  // of response buffer that an idle connection may keep
constexpr std::size_t kUnreadBytes = 64 * 1024;  // of a request's body that nobody read, to keep the connection
constexpr std::size_t kLingerBytes = 256 * 1024;
constexpr auto kLingerTime = std::chrono::seconds(2);

HeadLimits head_limits(const ServerLimits& limits) {
  return {.start_line = limits.request_line, .header_bytes = limits.header_bytes, .header_count = limits.header_count};
}

}  // namespace

H1Connection::H1Connection(ServerState& state, LoopState& loop, std::unique_ptr<net::Stream> stream)
    : state_(state),
      loop_(loop),
      place_(loop.connections.insert(loop.connections.end(), this)),
      stream_(std::move(stream)),
      input_(kInputBytes),
      parser_(stream_->encrypted() ? "https" : "http", head_limits(state.limits)) {}

H1Connection::~H1Connection() {
  loop_.connections.erase(place_);
  stream_.reset();
  state_.closed();
}

net::Task<void> H1Connection::run() {
  Next next = Next::request;
  while (next == Next::request) next = co_await serve_one();
  if (next == Next::linger) co_await linger();
  if (next == Next::close) co_await stream_->shutdown();
}

void H1Connection::finish() {
  if (waiting_ && stream_->idle()) stream_->set_deadline(Steady::time_point());
}

net::Task<H1Connection::Next> H1Connection::serve_one() {
  if (input_.empty() && served_ > 0 && state_.draining) co_return Next::close;
  auto request = co_await read_head();
  if (!request) {
    // RFC 6585 5: the head as a whole, where 413 would speak of the content.
    const bool too_large = request.error().reason == Reason::http_too_large;
    co_return co_await refuse(request.error(), too_large ? 431 : status_of(request.error().reason));
  }
  if (!*request) co_return Next::close;
  ++served_;
  co_return co_await answer(**request);
}

net::Task<Result<std::optional<ParsedRequest>>> H1Connection::read_head() {
  bool begun = false;
  if (input_.empty()) {
    waiting_ = true;
    input_.shrink();
    stream_->set_deadline(Steady::now() + state_.limits.idle_time);
  }
  while (true) {
    if (!input_.empty()) {
      waiting_ = false;
      WW_CO_TRY(auto parsed, parser_.parse(input_.view()));
      if (parsed) {
        input_.consume(parsed->consumed);
        co_return parsed;
      }
      if (!begun) stream_->set_deadline(Steady::now() + state_.limits.header_time);
      begun = true;
    }
    const auto got = co_await stream_->read(input_.room());
    if (!got && got.error().reason == Reason::http_timeout && begun) co_return std::unexpected(got.error());
    if (!got || *got == 0) co_return std::nullopt;
    input_.add(*got);
  }
}

net::Task<H1Connection::Next> H1Connection::answer(ParsedRequest& request) {
  const bool tunnel = request.head.wants_tunnel();
  H1RequestBody body(
      *stream_,
      BodyReader(*stream_, input_, request.framing, {.body_bytes = tunnel ? UINT64_MAX : state_.limits.body_bytes},
                 tunnel ? state_.limits.tunnel_idle_time : state_.limits.body_time),
      request.expect_continue);
  if (const Status announced = body.reader().check_announced(); !announced)
    co_return co_await refuse(announced.error(), status_of(announced.error().reason));
  H1ResponseWriter reply(
      *stream_, output_, state_, loop_, body,
      {.head = request.head.method == "HEAD",
       .tunnel = tunnel,
       .websocket_key = request.websocket_key,
       .minor = request.minor,
       .keep_alive = !tunnel && request.keep_alive && served_ < state_.limits.requests_per_connection});
  Exchange exchange{request.head, body, reply, stream_->peer()};
  co_await state_.handler.handle(exchange);
  co_await body.settle();
  if (!reply.begun()) {
    const Error error = body.reader().error().value_or(fail(Reason::internal).error());
    (void)co_await send_problem(reply, status_of(error.reason), problem(error, false), for_own_answer(*stream_));
  }
  state_.answered(reply.status());
  if (!reply.complete()) {
    stream_->abort();
    co_return Next::drop;
  }
  if (output_.capacity() > kOutputBytes) std::string().swap(output_);
  if (!reply.keep_alive() || body.blocks_connection()) co_return body.reader().done() ? Next::close : Next::linger;
  co_return co_await skip_rest(body) ? Next::request : Next::linger;
}

net::Task<bool> H1Connection::skip_rest(H1RequestBody& body) {
  const auto until = Steady::now() + state_.limits.body_time;
  std::size_t skipped = 0;
  while (!body.reader().done() && skipped < kUnreadBytes && Steady::now() < until) {
    const auto piece = co_await body.next();
    if (!piece) co_return false;
    skipped += piece->size();
  }
  body.reader().release();
  co_return body.reader().done();
}

net::Task<H1Connection::Next> H1Connection::refuse(const Error& error, int status) {
  H1RequestBody none(*stream_, BodyReader(*stream_, input_, BodyFraming::none(), {}, state_.limits.body_time), false);
  H1ResponseWriter reply(*stream_, output_, state_, loop_, none, {.minor = 1, .keep_alive = false});
  const Status sent = co_await send_problem(reply, status, problem(error, false), for_own_answer(*stream_));
  state_.answered(status);
  co_return sent ? Next::linger : Next::drop;
}

// A close with unread input would reset the connection, and the answer might be lost with it.
net::Task<void> H1Connection::linger() {
  co_await stream_->shutdown();
  stream_->set_deadline(Steady::now() + kLingerTime);
  std::size_t total = 0;
  while (total < kLingerBytes) {
    input_.consume(input_.view().size());
    const auto got = co_await stream_->read(input_.room());
    if (!got || *got == 0) co_return;
    total += *got;
  }
}

}  // namespace watchword::http
