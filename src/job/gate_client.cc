#include "job/gate_client.h"

#include <optional>
#include <utility>

#include "http/handler.h"
#include "http/uri.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

constexpr std::size_t kMaxReply = 16u << 20;

// A body that is already in memory.
class TextBody final : public http::Body {
 public:
  explicit TextBody(std::string text) : text_(std::move(text)) {}
  net::Task<Result<std::string_view>> next() override {
    if (sent_) co_return std::string_view();
    sent_ = true;
    co_return std::string_view(text_);
  }
  std::optional<std::uint64_t> length() const override { return text_.size(); }
  const http::Headers& trailers() const override { return trailers_; }

 private:
  std::string text_;
  bool sent_ = false;
  http::Headers trailers_;
};

std::optional<Error> told(const Json& body) {
  auto reason = reason_from_name(body.string_or("reason", ""));
  if (!reason) return std::nullopt;
  auto text = [&](std::string_view key) { return std::string(body.string_or(key, "")); };
  return Error{*reason, text("found"), text("expected"), text("where"), text("fix")};
}

}  // namespace

net::Task<Result<Reply>> ask(http::Origin origin, std::shared_ptr<net::TlsClientContext> tls, http::RequestHead head,
                             std::string text) {
  auto client = http::Client::make(std::move(origin), tls, {});
  TextBody body(std::move(text));
  auto response = co_await client->send(std::move(head), body.length() == 0 ? nullptr : &body);
  if (!response) co_return fail(Reason::gate_unreachable, to_string(response.error()));
  WW_CO_TRY(auto content, co_await http::read_all((*response)->body(), kMaxReply));
  Reply reply{(*response)->head().status, {}};
  if (auto json = parse_json(content, {.max_bytes = kMaxReply})) reply.body = *std::move(json);
  co_return reply;
}

Error error_from(const Reply& reply) {
  if (auto error = told(reply.body)) return *std::move(error);
  return {Reason::gate_unreachable,
          "HTTP status " + std::to_string(reply.status) + " and a body that is not a gate's",
          "an answer of a gate",
          {},
          "check the address, and what stands in front of the gate"};
}

std::vector<Error> errors_from(const Reply& reply) {
  std::vector<Error> all;
  if (const auto* list = reply.body.find("errors"); list && list->array_items())
    for (const auto& item : *list->array_items())
      if (auto error = told(item)) all.push_back(*std::move(error));
  if (all.empty()) all.push_back(error_from(reply));
  return all;
}

Result<std::shared_ptr<net::TlsClientContext>> tls_towards(const http::Origin& gate, const std::string& ca) {
  if (gate.scheme == "https") return net::TlsClientContext::make({.ca_file = ca});
  if (!gate.address.loopback())
    return fail(Reason::usage_invalid, "http://" + gate.authority, "https, or http on loopback");
  return nullptr;
}

Result<Reply> post_form(const std::string& gate, const std::string& ca, std::string_view path, std::string form,
                        std::string authorization) {
  WW_TRY(auto origin, http::parse_origin(gate));
  WW_TRY(auto tls, tls_towards(origin, ca));
  http::RequestHead head{"POST", origin.scheme, origin.authority, std::string(path), {}};
  head.headers.add("accept", "application/json");
  head.headers.add("content-type", "application/x-www-form-urlencoded");
  if (!authorization.empty()) head.headers.add("authorization", std::move(authorization));
  return net::run_blocking(ask(std::move(origin), std::move(tls), std::move(head), std::move(form)));
}

}  // namespace watchword::job
