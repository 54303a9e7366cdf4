#include "gateway/refusal.h"

#include "base/json.h"
#include "http/problem.h"

namespace watchword::gateway {
namespace {

// RFC 6750 3 and RFC 9449 7.1.
std::string challenge(const Error& error) {
  if (error.reason == Reason::token_missing) return "Bearer, DPoP";
  if (error.reason == Reason::dpop_nonce_required) return R"(DPoP error="use_dpop_nonce")";
  auto name = watchword::name(error.reason);
  auto scheme = name.starts_with("dpop_") ? "DPoP" : "Bearer";
  return std::string(scheme) + R"( error="invalid_token", error_description=")" + std::string(name) + '"';
}

}  // namespace

net::Task<void> send_refusal(http::Writer& reply, const Error& error, const RefusalText& text, std::string_view nonce) {
  bool verified = !text.you_are.empty();
  auto body = http::problem(error, verified, text.record);
  if (verified) {
    body.set("you_are", text.you_are);
    if (!text.role.empty()) body.set("role", text.role);
    if (!text.rule.empty()) body.set("rule", text.rule);
  }
  auto status = http::status_of(error.reason);
  http::Headers extra;
  if (status == 401) extra.add("www-authenticate", challenge(error));
  if (status == 405) extra.add("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  if (!nonce.empty()) extra.add("dpop-nonce", std::string(nonce));
  // A failing write means that the client has gone; there is no one left to tell.
  static_cast<void>(co_await http::send_problem(reply, status, std::move(body), std::move(extra)));
}

}  // namespace watchword::gateway
