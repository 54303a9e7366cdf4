#include "envoy/ext_authz.h"

#include <algorithm>
#include <utility>

#include "envoy/check_door.h"
#include "envoy/check_reply.h"
#include "envoy/check_request.h"
#include "envoy/grpc_call.h"
#include "http/grpc.h"
#include "http/problem.h"

namespace watchword::envoy {
namespace {

constexpr std::string_view kCheck = "/envoy.service.auth.v3.Authorization/Check";
constexpr std::string_view kHttpForm = "/authz/";
constexpr std::chrono::seconds kReadTime{5};

class ExtAuthzImpl final : public ExtAuthz {
 public:
  ExtAuthzImpl(access::TokenService& service, access::Assertions& assertions, access::RequestRecords records,
               CheckForm form)
      : form_(form), door_(service, assertions, records) {}

  net::Task<void> handle(http::Exchange& exchange) override {
    const auto& request = exchange.request;
    if (form_ == CheckForm::http && request.path().starts_with(kHttpForm)) co_return co_await answer_http(exchange);
    if (form_ == CheckForm::grpc && calls(request, kCheck)) co_return co_await answer_grpc(exchange);
    co_await answer_no_call(exchange, form_ == CheckForm::http ? kHttpForm : kCheck);
  }

 private:
  net::Task<void> answer_grpc(http::Exchange& exchange) {
    auto message = co_await http::read_grpc_message(exchange.body, kMaxCheckRequest, kReadTime);
    auto asked = message ? read_check_request(*message) : std::unexpected(std::move(message).error());
    if (!asked) {
      door_.failed();
      static_cast<void>(co_await http::send_grpc_refusal(exchange.reply, asked.error()));
      co_return;
    }
    const auto client = client_of(asked->request);
    const auto verdict = co_await decide(*std::move(asked));
    if (!verdict && verdict.error().error) {
      auto failure = door_.door().reply_to(verdict.error().refusal, access::Speaks::grpc);
      static_cast<void>(co_await exchange.reply.send(std::move(failure.head), {}));
      co_return;
    }
    const auto response =
        verdict ? allowed_response(*verdict)
                : denied_response(verdict.error().refusal, door_.client_reply(verdict.error().refusal, client));
    http::ResponseHead head{200, {{"content-type", "application/grpc"}}};
    static_cast<void>(co_await exchange.reply.send_with_trailers(std::move(head), response, {{"grpc-status", "0"}}));
  }

  net::Task<void> answer_http(http::Exchange& exchange) {
    auto asked = read_http_check(std::move(exchange.request), exchange.peer, kHttpForm);
    if (!asked) {
      door_.failed();
      static_cast<void>(co_await http::send_problem(exchange.reply, 500, http::problem(asked.error(), false)));
      co_return;
    }
    const auto client = client_of(asked->request);
    const auto verdict = co_await decide(*std::move(asked));
    if (verdict) {
      static_cast<void>(co_await exchange.reply.send(allowed_head(*verdict), {}));
      co_return;
    }
    auto reply = door_.client_reply(verdict.error().refusal, client);
    if (verdict.error().error) reply.head.status = std::max(reply.head.status, 500);
    static_cast<void>(co_await exchange.reply.send(std::move(reply.head), reply.body));
  }

  net::Task<Verdict<Allowed>> decide(CheckRequest asked) {
    auto passage = co_await door_.decide(std::move(asked), {.ends = false, .sets_target = form_ == CheckForm::grpc});
    if (!passage) co_return std::unexpected(std::move(passage).error());
    passage->lease = {};  // it has counted, and takes no place: when the request is over nobody tells
    co_return co_await door_.let_through(*passage);
  }

  const CheckForm form_;
  CheckDoor door_;
};

}  // namespace

std::unique_ptr<ExtAuthz> ExtAuthz::make(access::TokenService& service, access::Assertions& assertions,
                                         access::RequestRecords records, CheckForm form) {
  return std::make_unique<ExtAuthzImpl>(service, assertions, records, form);
}

}  // namespace watchword::envoy
