#include "http/client_request.h"

#include <algorithm>
#include <array>

#include "base/random.h"
#include "http/body_reader.h"
#include "http/client_tunnel.h"
#include "http/client_upload.h"
#include "http/websocket_handshake.h"

namespace watchword::http {

bool is_idempotent(std::string_view method) {
  static constexpr std::array<std::string_view, 6> kMethods{"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE"};
  return std::ranges::find(kMethods, method) != kMethods.end();
}

Error upstream_error(const Error& error, const net::Address& address) {
  Error mapped = error;
  mapped.where = net::to_string(address);
  if (error.reason == Reason::http_timeout) {
    mapped.reason = Reason::upstream_timeout;
  } else if (error.reason == Reason::http_malformed || error.reason == Reason::http_too_large) {
    mapped.reason = Reason::upstream_malformed;
  } else if (error.reason == Reason::connection_closed) {
    mapped.reason = Reason::upstream_unreachable;
    mapped.found = "the connection was closed: " + error.found;
  }
  return mapped;
}

namespace {

using Connection = std::shared_ptr<ClientConnection>;

class H1ClientResponse final : public ClientResponse, private Body {
 public:
  H1ClientResponse(std::shared_ptr<ClientPool> pool, Connection connection, ParsedResponse parsed,
                   std::shared_ptr<Upload> upload, Abort* abort)
      : pool_(std::move(pool)),
        connection_(std::move(connection)),
        upload_(std::move(upload)),
        abort_(abort),
        head_(std::move(parsed.head)),
        keep_alive_(parsed.keep_alive),
        tunnel_(parsed.tunnel),
        reader_(*connection_->stream, connection_->input, parsed.framing,
                tunnel_ ? BodyLimits{.body_bytes = UINT64_MAX} : BodyLimits{}, pool_->limits.idle_time) {}
  H1ClientResponse(const H1ClientResponse&) = delete;
  H1ClientResponse& operator=(const H1ClientResponse&) = delete;
  ~H1ClientResponse() override { give_back(); }

  const ResponseHead& head() const override { return head_; }
  ResponseHead take_head() override { return std::exchange(head_, {}); }
  Body& body() override { return *this; }

 private:
  net::Task<Result<std::string_view>> next() override {
    while (connection_) {
      auto piece = reader_.take();
      if (!piece) co_return failure(piece.error());
      if (*piece && (*piece)->empty()) ended();
      if (*piece) co_return **piece;
      if (const Status more = co_await reader_.receive(); !more) co_return failure(more.error());
    }
    co_return std::string_view();
  }
  bool ready() const override { return !connection_ || reader_.ready(); }
  std::optional<std::uint64_t> length() const override { return reader_.length(); }
  const Headers& trailers() const override { return reader_.trailers(); }

  std::unexpected<Error> failure(const Error& error) const {
    return std::unexpected(upload_->body_error ? *upload_->body_error : upstream_error(error, pool_->origin.address));
  }

  // The upload may go on, where it is of use to somebody.
  void ended() {
    if (upload_->done || (!keep_alive_ && !tunnel_)) give_back();
  }

  void give_back() {
    if (!connection_) return;
    if (abort_) abort_->disarm();
    if (reader_.done()) reader_.release();
    upload_->stopped = true;
    const bool over = reader_.done() && upload_->done;
    if (over && keep_alive_ && connection_->input.empty()) {
      pool_->put(std::exchange(connection_, nullptr));
    } else {
      if (!over) connection_->stream->abort();  // an upload that still writes ends now
      connection_.reset();
      pool_->gone();
    }
  }

  std::shared_ptr<ClientPool> pool_;
  Connection connection_;  // null once given back
  std::shared_ptr<Upload> upload_;
  Abort* abort_;
  ResponseHead head_;
  bool keep_alive_;
  bool tunnel_;
  BodyReader reader_;
};

// A request under way on a connection of the pool.
class Attempt {
 public:
  Attempt(std::shared_ptr<ClientPool> pool, Connection connection, Abort* abort)
      : pool_(std::move(pool)), connection_(std::move(connection)), abort_(abort) {
    // The response takes the connection over, and this with it.
    if (abort_) abort_->arm([stream = connection_->stream.get()] { stream->abort(); });
  }
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;
  ~Attempt() {
    if (!connection_) return;
    if (abort_) abort_->disarm();
    upload_->stopped = true;
    connection_->stream->abort();
    pool_->gone();
  }

  net::Task<Result<std::unique_ptr<ClientResponse>>> run(const RequestHead& head, Body* body) {
    if (!head.protocol.empty()) key_ = make_websocket_key(random_);
    const bool asks = head.wants_tunnel();
    const Status sent = asks ? co_await ask_for_tunnel(connection_, head, key_, upload_, pool_->limits)
                             : co_await send_request(connection_, head, body, upload_, pool_->limits);
    if (upload_->body_error) co_return std::unexpected(*upload_->body_error);
    auto parsed = co_await read_head(head);  // after a failed write too: the backend may have answered early
    if (upload_->body_error) co_return std::unexpected(*upload_->body_error);
    if (parsed && asks) {
      if (Status accepted = accept_tunnel(*parsed, head, key_); !accepted)
        parsed = std::unexpected(std::move(accepted).error());
    }
    if (!parsed) co_return std::unexpected(upstream_error(sent ? parsed.error() : sent.error(), pool_->origin.address));
    upload_->answered = true;
    upload_->done = upload_->done && sent;
    if (parsed->tunnel && body != nullptr) send_into_tunnel(connection_, body, upload_, pool_->limits);
    co_return std::make_unique<H1ClientResponse>(pool_, std::exchange(connection_, nullptr), *std::move(parsed),
                                                 upload_, abort_);
  }

  // The backend had closed the unused connection, and saw nothing that matters.
  bool may_be_repeated(std::string_view method, const Error& error) const {
    return connection_ && connection_->reused && !answered_ && !upload_->any_sent && is_idempotent(method) &&
           error.reason == Reason::upstream_unreachable;
  }

 private:
  net::Task<Result<ParsedResponse>> read_head(const RequestHead& head) {
    InputBuffer& input = connection_->input;
    for (int interim = 0; interim <= kInterimResponses;) {
      WW_CO_TRY(auto parsed, connection_->parser.parse(input.view(), head.method, !head.protocol.empty()));
      if (parsed) {
        input.consume(parsed->consumed);
        if (!parsed->interim) co_return *std::move(parsed);
        ++interim;
        continue;
      }
      WW_CO_TRY(const std::size_t got, co_await connection_->stream->read(input.room()));
      if (got == 0 && answered_) co_return fail(Reason::http_malformed, "a response that is cut short");
      if (got == 0) co_return fail(Reason::connection_closed, "before it answered");
      answered_ = true;
      input.add(got);
    }
    co_return fail(Reason::http_malformed, "too many interim responses");
  }

  std::shared_ptr<ClientPool> pool_;
  Connection connection_;  // null once the response has it
  Abort* abort_;
  std::shared_ptr<Upload> upload_ = std::make_shared<Upload>();
  bool answered_ = false;  // a byte of the response has arrived
  std::string key_;        // of an upgrade to a WebSocket
  SystemRandom random_;
};

}  // namespace

net::Task<Result<std::unique_ptr<ClientResponse>>> send_by_h1(std::shared_ptr<ClientPool> pool, RequestHead head,
                                                              Body* body, Abort* abort) {
  if (head.authority.empty()) head.authority = pool->origin.authority;
  if (!head.protocol.empty()) head.method = "GET";
  for (const bool again : {false, true}) {
    if (is_cut(abort)) co_return cut();
    WW_CO_TRY(auto connection, co_await pool->take(again));
    if (is_cut(abort)) {
      pool->put(std::move(connection));
      co_return cut();
    }
    Attempt attempt(pool, std::move(connection), abort);
    auto response = co_await attempt.run(head, body);
    if (response || again || is_cut(abort) || !attempt.may_be_repeated(head.method, response.error()))
      co_return response;
  }
  co_return fail(Reason::internal);
}

}  // namespace watchword::http
