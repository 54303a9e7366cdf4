#include "support/http_call.h"

#include <cstdlib>

#include "http/uri.h"
#include "net/loop.h"

namespace watchword::testing {
namespace {

class FakeBody final : public http::Body {
 public:
  FakeBody(std::string_view text, std::size_t piece) : left_(text), length_(text.size()), piece_(piece) {}
  net::Task<Result<std::string_view>> next() override {
    auto piece = left_.substr(0, piece_);
    left_.remove_prefix(piece.size());
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override { return length_; }
  const http::Headers& trailers() const override { return trailers_; }

 private:
  std::string_view left_;
  std::uint64_t length_;
  std::size_t piece_;
  http::Headers trailers_;
};

class FakeWriter final : public http::Writer {
 public:
  explicit FakeWriter(Reply& reply) : reply_(reply) {}
  net::Task<Status> begin(http::ResponseHead head) override {
    if (begun_) std::abort();
    begun_ = true;
    reply_.status = head.status;
    reply_.headers = std::move(head.headers);
    co_return Status{};
  }
  net::Task<Status> write(std::string_view piece) override {
    if (!begun_ || ended_) std::abort();
    reply_.body += piece;
    co_return Status{};
  }
  net::Task<Status> end(http::Headers trailers) override {
    if (!begun_ || ended_) std::abort();
    reply_.trailers = std::move(trailers);
    ended_ = true;
    co_return Status{};
  }
  net::Task<Status> send(http::ResponseHead head, std::string_view body) override {
    WW_CO_CHECK(co_await begin(std::move(head)));
    WW_CO_CHECK(co_await write(body));
    co_return co_await end({});
  }
  bool begun() const override { return begun_; }
  void abort() override { reply_.aborted = true; }

 private:
  Reply& reply_;
  bool begun_ = false, ended_ = false;
};

net::Task<bool> run(http::Handler& handler, http::Exchange& exchange) {
  co_await handler.handle(exchange);
  co_return true;
}

}  // namespace

std::string Reply::header(std::string_view name) const {
  const auto* value = headers.find(name);
  return value ? *value : "";
}

Json Reply::json() const {
  auto parsed = parse_json(body);
  return parsed ? *std::move(parsed) : Json();
}

Reply call(http::Handler& handler, const Call& call) {
  Reply reply;
  http::RequestHead request{call.method, call.scheme, call.authority, call.target, call.headers};
  FakeBody body(call.body, call.piece);
  FakeWriter writer(reply);
  http::Exchange exchange{request, body, writer, call.peer};
  net::run_blocking(run(handler, exchange));
  return reply;
}

Call post_form(std::string target, const std::vector<std::pair<std::string, std::string>>& form,
               http::Headers headers) {
  std::string body;
  for (const auto& [name, value] : form)
    body += (body.empty() ? "" : "&") + http::percent_encode(name) + "=" + http::percent_encode(value);
  headers.add("content-type", "application/x-www-form-urlencoded");
  return {.method = "POST", .target = std::move(target), .headers = std::move(headers), .body = std::move(body)};
}

}  // namespace watchword::testing
