#include "http/h2_client_request.h"

#include "http/client_request.h"
#include "http/h2_client_upload.h"

namespace watchword::http {

namespace {

using net::Steady;

constexpr int kRefusals = 3;  // connections may end one after the other while a request looks for its place

// A request on its stream; the response takes it over.
struct H2Exchange {
  H2Exchange(std::shared_ptr<H2ClientPool> its_pool, H2Place its_place, Abort* its_abort)
      : pool(std::move(its_pool)), place(std::move(its_place)), connection(place.connection()), abort(its_abort) {
    if (abort) abort->arm([one = connection, of = stream] { one->reset(*of, cut().error()); });
  }
  H2Exchange(const H2Exchange&) = delete;
  H2Exchange& operator=(const H2Exchange&) = delete;
  ~H2Exchange() {
    if (abort) abort->disarm();
    upload->stopped = true;
    connection->reset(*stream, cut().error());
  }

  std::unexpected<Error> failure() const {
    if (upload->body_error) return std::unexpected(*upload->body_error);
    return std::unexpected(upstream_error(*stream->error, pool->http1->origin.address));
  }

  std::shared_ptr<H2ClientPool> pool;
  H2Place place;
  H2ClientConnection::Ptr connection;
  Abort* abort;
  H2StreamPtr stream = std::make_shared<H2ClientStream>();
  std::shared_ptr<Upload> upload = std::make_shared<Upload>();
};

class H2ClientResponse final : public ClientResponse, private Body {
 public:
  explicit H2ClientResponse(std::unique_ptr<H2Exchange> exchange)
      : exchange_(std::move(exchange)), head_(*std::move(stream().head)) {}

  const ResponseHead& head() const override { return head_; }
  ResponseHead take_head() override { return std::exchange(head_, {}); }
  Body& body() override { return *this; }

 private:
  H2ClientStream& stream() const { return *exchange_->stream; }

  net::Task<Result<std::string_view>> next() override {
    auto& connection = *exchange_->connection;
    while (true) {
      if (!stream().arrived.empty()) {
        shown_.clear();
        shown_.swap(stream().arrived);
        connection.consumed(stream(), shown_.size());
        connection.flush();
        co_return std::string_view(shown_);
      }
      if (stream().ended) co_return std::string_view();
      if (stream().error) co_return exchange_->failure();
      connection.set_deadline(stream(), Steady::now() + connection.limits.idle_time);
      co_await connection.response_changed(stream());
    }
  }
  bool ready() const override { return !stream().arrived.empty() || stream().ended; }
  std::optional<std::uint64_t> length() const override { return stream().length; }
  const Headers& trailers() const override { return stream().trailers; }

  std::unique_ptr<H2Exchange> exchange_;
  ResponseHead head_;
  std::string shown_;
};

net::Task<Result<std::unique_ptr<ClientResponse>>> run(std::unique_ptr<H2Exchange>& exchange, const RequestHead& head,
                                                       Body* body) {
  auto& [pool, place, connection, abort, stream, upload] = *exchange;
  const bool tunnel = head.wants_tunnel();
  const BodyFraming framing = tunnel ? BodyFraming::none() : request_framing(head, body);
  const auto length = framing.kind == BodyFraming::Kind::length ? std::optional(framing.length) : std::nullopt;
  if (const Status opened = connection->open(stream, head, length, tunnel || framing.has_body()); !opened)
    co_return std::unexpected(upstream_error(opened.error(), pool->http1->origin.address));
  connection->set_deadline(*stream, Steady::now() + connection->limits.response_time);
  if (framing.has_body()) spawn(upload_by_h2(connection, stream, body, upload, length, false));
  connection->flush();
  while (!stream->head && !stream->error) co_await connection->response_changed(*stream);
  if (!stream->head || upload->body_error) co_return exchange->failure();

  connection->has_answered = true;
  upload->answered = true;
  if (tunnel && stream->head->status < 300) {
    stream->head->status = 200;
    stream->length.reset();
    if (body != nullptr) spawn(upload_by_h2(connection, stream, body, upload, std::nullopt, true));
  }
  co_return std::make_unique<H2ClientResponse>(std::move(exchange));
}

// The origin saw nothing that matters, or says so.
bool may_be_repeated(const H2Exchange& exchange, std::string_view method, int attempt) {
  const H2ClientStream& stream = *exchange.stream;
  if (exchange.upload->any_sent || stream.head || stream.interim > 0) return false;
  if (stream.refused) return attempt <= kRefusals;
  return attempt == 1 && exchange.connection->has_answered && is_idempotent(method) && !stream.was_reset &&
         stream.error && stream.error->reason == Reason::connection_closed;
}

}  // namespace

net::Task<Result<std::unique_ptr<ClientResponse>>> send_by_h2(std::shared_ptr<H2ClientPool> pool, RequestHead head,
                                                              Body* body, Abort* abort) {
  const Origin& origin = pool->http1->origin;
  if (head.authority.empty()) head.authority = origin.authority;
  head.scheme = origin.scheme;
  for (int attempt = 1;; ++attempt) {
    if (is_cut(abort)) co_return cut();
    WW_CO_TRY(auto place, co_await pool->take());
    if (is_cut(abort)) co_return cut();
    if (!place || (!head.protocol.empty() && !place.connection()->takes_tunnels())) {
      place.give_back();
      co_return co_await send_by_h1(pool->http1, std::move(head), body, abort);
    }
    auto exchange = std::make_unique<H2Exchange>(pool, std::move(place), abort);
    auto response = co_await run(exchange, head, body);
    if (response || is_cut(abort) || !may_be_repeated(*exchange, head.method, attempt)) co_return response;
  }
}

}  // namespace watchword::http
