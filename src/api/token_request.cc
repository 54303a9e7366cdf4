#include "api/token_request.h"

#include <algorithm>

#include "access/token_claims.h"

namespace watchword::api {
namespace {

Status check_types(const OAuthForm& form) {
  WW_TRY(auto grant, form.need("grant_type"));
  if (grant != kExchangeGrant)
    return fail(Reason::grant_type_unsupported, std::string(grant), std::string(kExchangeGrant));
  WW_TRY(auto subject, form.need("subject_token_type"));
  if (subject != kIdTokenType && subject != kJwtType)
    return fail(Reason::token_type_unsupported, std::string(subject), std::string(kIdTokenType));
  const auto* wanted = form.find("requested_token_type");
  if (wanted && *wanted != kAccessTokenType && *wanted != kJwtType)
    return fail(Reason::token_type_unsupported, *wanted, std::string(kAccessTokenType));
  return {};
}

// A job speaks for itself, and the subject token is all the authentication there is: whoever sends more expects
// something that would not happen.
Status check_nothing_else(const OAuthForm& form, const http::RequestHead& request) {
  for (const auto* name :
       {"actor_token", "actor_token_type", "client_secret", "client_assertion", "client_assertion_type"})
    if (form.find(name))
      return fail(Reason::request_invalid, std::string("the parameter ") + name, "no such parameter here");
  if (request.headers.find("authorization"))
    return fail(Reason::request_invalid, "an Authorization header", "the subject token as the only credential");
  return {};
}

// It becomes a header's value. The error does not show it.
Result<std::string_view> read_job_token(const OAuthForm& form) {
  const auto* token = form.find("ci_job_token");
  if (!token) return std::string_view();
  const bool visible = std::ranges::all_of(*token, [](char c) { return c > ' ' && c <= '~'; });
  if (token->size() <= context::JobTokens::kMaxBytes && visible) return std::string_view(*token);
  return fail(Reason::request_invalid, "a ci_job_token of " + std::to_string(token->size()) + " bytes",
              "CI_JOB_TOKEN as GitLab gives it, at most 4 KiB");
}

// RFC 8707 2: an absolute URI without fragment. One that no resource has stays as it is, and is refused by the service
// once it knows who asks.
Result<std::string> resource_of(const std::string& text, const policy::Policy& policy, const OwnUrls& own) {
  auto url = http::parse_url(text);
  auto gate = http::parse_url(own.gate);
  auto gateway = http::parse_url(own.gateway);
  if (!url || !gate || !gateway)
    return fail(Reason::resource_unknown, text, "an absolute URI without fragment (RFC 8707)");
  auto path = http::normalise_path(url->path);
  const bool plausible = path && (url->scheme == gate->scheme || url->scheme == gateway->scheme);
  const auto* resource = plausible ? policy.resource_for(url->host, *path) : nullptr;
  const auto* http = resource ? resource->http() : nullptr;
  // A path prefix counts on the gate's own hosts only.
  const bool elsewhere = url->host != gate->host && url->host != gateway->host;
  if (!http || (http->host.empty() && elsewhere)) return text;
  return resource->name();
}

// The only value says that the token is to be bound to no key, though a proof comes with the request.
Result<bool> read_bearer(const OAuthForm& form) {
  const auto* binding = form.find("token_binding");
  if (!binding) return false;
  if (*binding == "none") return true;
  return fail(Reason::request_invalid, "token_binding=" + *binding, "token_binding=none, or no such parameter");
}

Result<bool> read_explain(const OAuthForm& form) {
  const auto* explain = form.find("explain");
  if (!explain) return false;
  if (*explain == "true") return true;
  return fail(Reason::request_invalid, "explain=" + *explain, "explain=true, or no such parameter");
}

}  // namespace

Result<std::optional<access::DpopRequest>> read_proof(const http::RequestHead& request, std::string_view url) {
  auto count = request.headers.count("dpop");
  if (count == 0) return std::nullopt;
  if (count > 1) return fail(Reason::dpop_invalid, std::to_string(count) + " DPoP headers", "one");
  return access::DpopRequest{*request.headers.find("dpop"), request.method, url, {}};
}

Result<access::ExchangeRequest> read_exchange(const OAuthForm& form, const http::RequestHead& request,
                                              const policy::Policy& policy, const OwnUrls& own) {
  WW_CHECK(check_types(form));
  WW_CHECK(check_nothing_else(form, request));
  access::ExchangeRequest exchange;
  WW_TRY(exchange.subject_token, form.need("subject_token"));
  WW_TRY(exchange.ci_job_token, read_job_token(form));
  WW_TRY(exchange.bearer, read_bearer(form));
  WW_TRY(exchange.explain, read_explain(form));
  if (const auto* scope = form.find("scope")) {
    WW_TRY(exchange.scope, access::parse_scope(*scope));
  }
  exchange.audiences = form.all("audience");
  for (const auto& resource : form.all("resource")) {
    WW_TRY(auto name, resource_of(resource, policy, own));
    exchange.audiences.push_back(std::move(name));
  }
  return exchange;
}

}  // namespace watchword::api
