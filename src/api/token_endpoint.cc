#include "api/token_endpoint.h"

#include <chrono>

#include "access/request_origin.h"
#include "access/token_claims.h"
#include "api/oauth_error.h"
#include "api/reply.h"
#include "api/token_details.h"
#include "api/token_request.h"

namespace watchword::api {
namespace {

Json reply_of(const access::ExchangeReply& reply, std::string_view gateway_url, bool as_jwt) {
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(reply.expires_in).count();
  auto body = Json::object({{"access_token", reply.access_token},
                            {"issued_token_type", as_jwt ? kJwtType : kAccessTokenType},
                            {"token_type", reply.dpop ? "DPoP" : "Bearer"},
                            {"expires_in", std::int64_t{seconds}},
                            {"scope", access::scope_text(reply.scope)},
                            {"resources", places_of(reply.resources, gateway_url)},
                            {"session", reply.session},
                            {"record", reply.record}});
  if (!reply.decisions.empty()) body.set("decisions", decisions_of(reply.decisions));
  return body;
}

}  // namespace

net::Task<void> token_endpoint(access::TokenService& service, http::Exchange& exchange) {
  const auto& parts = service.parts();
  const auto url = parts.url + "/oauth/token";
  // RFC 9449 8.2: a nonce with every answer, so that a client need not fail first.
  http::Headers extra{{"dpop-nonce", parts.dpop.nonce(parts.clock.now())}};
  auto refuse = [&](Error error) {
    return send_oauth_refusal(exchange, access::Refusal{std::move(error), {}, false, {}, {}, {}}, std::move(extra));
  };

  auto form = co_await OAuthForm::read(exchange);
  if (!form) co_return co_await refuse(std::move(form).error());
  auto policy = service.snapshot().policy;
  auto request = read_exchange(*form, exchange.request, *policy, {parts.url, parts.gateway_url});
  if (!request) co_return co_await refuse(std::move(request).error());
  auto proof = read_proof(exchange.request, url);
  if (!proof) co_return co_await refuse(std::move(proof).error());
  request->dpop = *proof;
  request->origin = access::origin_of(exchange.request, exchange.peer, parts.random);

  const auto* wanted = form->find("requested_token_type");
  bool as_jwt = wanted && *wanted == kJwtType;
  auto answer = co_await service.exchange(*std::move(request));
  if (!answer) co_return co_await send_oauth_refusal(exchange, std::move(answer).error(), std::move(extra));
  extra.set("cache-control", "no-store");
  extra.set("pragma", "no-cache");
  co_await send_json(exchange, 200, reply_of(*answer, parts.gateway_url, as_jwt), std::move(extra));
}

}  // namespace watchword::api
