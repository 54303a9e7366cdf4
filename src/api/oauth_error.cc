#include "api/oauth_error.h"

#include <utility>

#include "api/reply.h"
#include "api/token_details.h"

namespace watchword::api {
namespace {

constexpr std::pair<Reason, OAuthCode> kOwnCode[] = {
    {Reason::grant_type_unsupported, {"unsupported_grant_type", 400}},
    {Reason::scope_invalid, {"invalid_scope", 400}},
    {Reason::action_unknown, {"invalid_scope", 400}},
    {Reason::resource_unknown, {"invalid_target", 400}},  // RFC 8707 2
    {Reason::dpop_required, {"invalid_dpop_proof", 400}},
    {Reason::dpop_invalid, {"invalid_dpop_proof", 400}},
    {Reason::dpop_replayed, {"invalid_dpop_proof", 400}},
    {Reason::dpop_key_mismatch, {"invalid_dpop_proof", 400}},
    {Reason::dpop_nonce_required, {"use_dpop_nonce", 400}},  // RFC 9449 8
    {Reason::client_unauthenticated, {"invalid_client", 401}},
    {Reason::client_not_permitted, {"unauthorized_client", 400}},
    {Reason::http_too_large, {"invalid_request", 413}},
    {Reason::http_timeout, {"invalid_request", 408}},
};

}  // namespace

OAuthCode oauth_code_of(Reason reason) {
  for (const auto& [own, code] : kOwnCode)
    if (own == reason) return code;
  switch (describe(reason).kind) {
    case ReasonKind::unauthenticated:
    case ReasonKind::denied:
    case ReasonKind::invalid:
    case ReasonKind::not_found:
      return {"invalid_request", 400};
    case ReasonKind::unavailable:
      return {"temporarily_unavailable", 503};
    case ReasonKind::upstream:
    case ReasonKind::upstream_timeout:
    case ReasonKind::error:
    case ReasonKind::config:
    case ReasonKind::corrupt:
      return {"server_error", 500};
  }
}

net::Task<void> send_oauth_refusal(http::Exchange& exchange, access::Refusal refusal, http::Headers extra) {
  const auto& error = refusal.error;
  const auto& text = describe(error.reason);
  auto code = oauth_code_of(error.reason);
  auto body = Json::object({{"error", code.error},
                            {"error_description", text.meaning},
                            {"reason", text.name},
                            {"fix", refusal.verified_caller ? fix_of(error) : text.fix}});
  auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) body.set(name, value);
  };
  add("record", refusal.record);
  if (refusal.verified_caller) {
    add("found", error.found);
    add("expected", error.expected);
    add("you_are", refusal.you_are);
    add("role", refusal.role);
    add("rule", refusal.rule);
    if (!refusal.nearest.is_null()) body.set("nearest", refusal.nearest);
    if (!refusal.decisions.empty()) body.set("decisions", decisions_of(refusal.decisions));
  }
  extra.set("cache-control", "no-store");
  extra.set("pragma", "no-cache");
  if (code.status == 401) extra.set("www-authenticate", R"(Basic realm="watchword")");
  if (code.status == 503) extra.set("retry-after", "1");
  co_await send_json(exchange, code.status, std::move(body), std::move(extra));
}

}  // namespace watchword::api
