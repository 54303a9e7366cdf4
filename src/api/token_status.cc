#include "api/token_status.h"

#include "access/request_origin.h"
#include "api/oauth_error.h"
#include "api/reply.h"
#include "api/token_request.h"
#include "base/secret.h"
#include "base/text.h"

namespace watchword::api {
namespace {

net::Task<void> refuse(http::Exchange& exchange, Error error) {
  co_await send_oauth_refusal(exchange, access::Refusal{std::move(error), {}, false, {}, {}, {}});
}

// A caller that could not prove who it is, on record like every other refusal.
net::Task<void> refuse_caller(access::TokenService& service, audit::Event event, const access::Origin& origin,
                              http::Exchange& exchange, Error error, http::Headers extra = {}) {
  auto& recorder = service.parts().recorder;
  auto entry = recorder.start(event, origin);
  access::Recorder::describe(entry, error);
  auto told = recorder.queue_refusal(std::move(entry), std::move(error), false);
  access::Refusal refusal{std::move(told.error), std::move(told.record), false, {}, {}, {}};
  co_await send_oauth_refusal(exchange, std::move(refusal), std::move(extra));
}

Result<const std::string*> authorization_of(const http::RequestHead& request) {
  if (request.headers.count("authorization") > 1)
    return fail(Reason::request_invalid, "several Authorization headers", "one");
  return request.headers.find("authorization");
}

bool carries_token(const std::string* authorization) {
  if (!authorization) return false;
  auto scheme = std::string_view(*authorization).substr(0, authorization->find(' '));
  return ascii_iequals(scheme, "bearer") || ascii_iequals(scheme, "dpop");
}

// The holder proves itself with the very token it revokes; a bound token needs its proof as everywhere else. A token
// that is over proves nothing and needs nothing: there is nothing left to revoke.
Status check_holder(access::TokenService& service, const std::string& authorization, std::string_view token,
                    const http::RequestHead& request, std::string_view url, Time now) {
  auto presented = std::string_view(authorization).substr(authorization.find(' ') + 1);
  if (!equal_constant_time(presented, token))
    return fail(Reason::request_invalid, "another token in Authorization", "the token that is to be revoked");
  if (!service.parts().tokens.read(token, now)) return {};
  WW_TRY(auto proof, read_proof(request, url));
  auto held = service.present(&authorization, proof.value_or(access::DpopRequest{}), now);
  if (!held && held.error().reason != Reason::session_unknown) return std::unexpected(std::move(held).error());
  return {};
}

}  // namespace

net::Task<void> introspection_endpoint(access::TokenService& service, access::Clients& clients,
                                       http::Exchange& exchange) {
  const auto& parts = service.parts();
  auto origin = access::origin_of(exchange.request, exchange.peer, parts.random);
  auto form = co_await OAuthForm::read(exchange);
  if (!form) co_return co_await refuse(exchange, std::move(form).error());
  auto authorization = authorization_of(exchange.request);
  if (!authorization) co_return co_await refuse(exchange, std::move(authorization).error());
  auto client = clients.authenticate(*authorization, form->parameters(), parts.clock.now());
  if (!client)
    co_return co_await refuse_caller(service, audit::Event::introspection, origin, exchange, std::move(client).error());
  auto token = form->need("token");
  if (!token) co_return co_await refuse(exchange, std::move(token).error());
  auto answer = co_await service.introspect(*token, **client, origin);
  if (!answer) co_return co_await send_oauth_refusal(exchange, std::move(answer).error());
  co_await send_json(exchange, 200, *std::move(answer));
}

net::Task<void> revocation_endpoint(access::TokenService& service, access::Clients& clients, http::Exchange& exchange) {
  const auto& parts = service.parts();
  auto now = parts.clock.now();
  auto origin = access::origin_of(exchange.request, exchange.peer, parts.random);
  auto form = co_await OAuthForm::read(exchange);
  if (!form) co_return co_await refuse(exchange, std::move(form).error());
  auto authorization = authorization_of(exchange.request);
  if (!authorization) co_return co_await refuse(exchange, std::move(authorization).error());
  auto token = form->need("token");

  const access::Client* client = nullptr;
  if (carries_token(*authorization) && !form->find("client_assertion")) {
    if (!token) co_return co_await refuse(exchange, std::move(token).error());
    auto held = check_holder(service, **authorization, *token, exchange.request, parts.url + "/oauth/revoke", now);
    if (!held) {
      http::Headers nonce{{"dpop-nonce", parts.dpop.nonce(now)}};
      co_return co_await refuse_caller(service, audit::Event::revocation, origin, exchange, std::move(held).error(),
                                       std::move(nonce));
    }
  } else {
    auto authenticated = clients.authenticate(*authorization, form->parameters(), now);
    if (!authenticated)
      co_return co_await refuse_caller(service, audit::Event::revocation, origin, exchange,
                                       std::move(authenticated).error());
    client = *authenticated;
    if (!token) co_return co_await refuse(exchange, std::move(token).error());
  }
  auto answer = co_await service.revoke(*token, client, origin);
  if (!answer) co_return co_await send_oauth_refusal(exchange, std::move(answer).error());
  co_await send_json(exchange, 200, Json::object());
}

}  // namespace watchword::api
