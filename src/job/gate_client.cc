#include "job/gate_client.h"

#include <optional>
#include <utility>

#include "base/clock.h"
#include "http/abort.h"
#include "http/handler.h"
#include "job/gate_proxy.h"
#include "net/loop.h"

namespace watchword::job {
namespace {

constexpr std::size_t kMaxReply = 16u << 20;
constexpr auto kPatience = std::chrono::minutes(2);

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

// Shared with a timer that may outlast the question.
struct Cut {
  http::Abort abort;
  bool over = false;
};

net::Task<void> cut_later(std::shared_ptr<Cut> cut, net::Steady::duration within) {
  co_await net::Loop::current()->sleep(within);
  if (!cut->over) cut->abort.fire();
}

// As a person would say it: what is left of 10 s is 10 s.
std::string roughly(net::Steady::duration time) {
  using namespace std::chrono;
  if (time >= seconds(1)) return to_string(Duration(round<seconds>(time)));
  return to_string(Duration(round<milliseconds>(time)));
}

net::Task<Result<Reply>> ask_until_cut(http::Client& client, http::RequestHead head, std::string text,
                                       http::Abort& abort) {
  TextBody body(std::move(text));
  auto response = co_await client.send(std::move(head), body.length() == 0 ? nullptr : &body, &abort);
  if (!response) co_return std::unexpected(std::move(response).error());
  WW_CO_TRY(const auto content, co_await http::read_all((*response)->body(), kMaxReply));
  auto answer = (*response)->take_head();
  Reply reply{answer.status, {}, std::move(answer.headers)};
  if (auto json = parse_json(content, {.max_bytes = kMaxReply})) reply.body = *std::move(json);
  co_return reply;
}

std::optional<Error> told(const Json& body) {
  auto reason = reason_from_name(body.string_or("reason", ""));
  if (!reason) return std::nullopt;
  auto text = [&](std::string_view key) { return std::string(body.string_or(key, "")); };
  return Error{*reason, text("found"), text("expected"), text("where"), text("fix")};
}

}  // namespace

net::Task<Result<Reply>> ask(http::Origin origin, std::shared_ptr<net::TlsClientContext> tls, http::RequestHead head,
                             std::string text) {
  const auto client = client_towards(origin, tls);
  co_return co_await ask(*client, origin, std::move(head), std::move(text), kPatience);
}

net::Task<Result<Reply>> ask(http::Client& client, const http::Origin& origin, http::RequestHead head, std::string text,
                             net::Steady::duration within) {
  const auto cut = std::make_shared<Cut>();
  net::spawn(cut_later(cut, within));
  auto reply = co_await ask_until_cut(client, std::move(head), std::move(text), cut->abort);
  cut->over = true;
  if (reply) co_return reply;
  if (cut->abort.fired())
    co_return std::unexpected(
        gate_trouble(Error{Reason::upstream_timeout, "no whole answer within " + roughly(within), {}, {}, {}}, origin));
  co_return std::unexpected(gate_trouble(reply.error(), origin));
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

}  // namespace watchword::job
