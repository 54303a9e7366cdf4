#include "access/clients.h"

#include <algorithm>

#include "base/encoding.h"
#include "base/secret.h"
#include "base/text.h"
#include "crypto/digest.h"

namespace watchword::access {
namespace {

constexpr std::string_view kAssertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
constexpr auto kLongestAssertion = std::chrono::hours(1);

// One answer for an unknown client, a wrong secret and a bad assertion: none of them tells which clients exist.
std::unexpected<Error> refused() {
  return fail(Reason::client_unauthenticated, "no valid client authentication",
              "client_secret_basic or private_key_jwt");
}

}  // namespace

Clients::Clients(std::vector<Client> clients, std::vector<std::string> audiences) : audiences_(std::move(audiences)) {
  using enum crypto::Algorithm;
  for (auto& client : clients) {
    Known known{std::move(client), std::nullopt};
    if (known.client.keys) {
      auto verifier = jose::Verifier::make({.issuer = known.client.id,
                                            .audiences = audiences_,
                                            .algorithms = {es256, es384, rs256, ps256, eddsa},
                                            .types = {"jwt", "client-authentication+jwt", ""},
                                            .max_age = std::nullopt});
      if (verifier) known.verifier.emplace(*std::move(verifier));  // without one its assertions are refused
    }
    auto id = known.client.id;
    clients_.emplace(std::move(id), std::move(known));
  }
}

Result<const Client*> Clients::authenticate(const std::string* authorization, const http::Form& form, Time now) {
  const auto* assertion = http::find(form, "client_assertion");
  if (authorization && assertion)
    return fail(Reason::request_invalid, "two client authentications", "one (RFC 6749 2.3)");
  if (http::find(form, "client_secret"))
    return fail(Reason::request_invalid, "client_secret in the form", "client_secret_basic or private_key_jwt");
  if (assertion) return by_assertion(*assertion, form, now);
  if (!authorization) return refused();
  auto space = authorization->find(' ');
  if (space == std::string::npos || !ascii_iequals(std::string_view(*authorization).substr(0, space), "basic"))
    return refused();
  return by_basic(std::string_view(*authorization).substr(space + 1));
}

// RFC 6749 2.3.1: id and secret are form-encoded before they are joined.
Result<const Client*> Clients::by_basic(std::string_view credentials) const {
  auto decoded = from_base64(credentials);
  if (!decoded) return refused();
  Secret joined(std::move(*decoded));
  auto colon = joined.reveal().find(':');
  if (colon == std::string_view::npos) return refused();
  auto id = http::percent_decode(joined.reveal().substr(0, colon));
  auto secret = http::percent_decode(joined.reveal().substr(colon + 1));
  if (!id || !secret) return refused();
  auto presented = "sha256:" + crypto::sha256_hex(*secret);
  wipe(*secret);
  auto found = clients_.find(*id);
  if (found == clients_.end() || found->second.client.secret_sha256.empty() ||
      !equal_constant_time(presented, found->second.client.secret_sha256))
    return refused();
  return &found->second.client;
}

// RFC 7523 3: iss and sub are the client, aud is this gate, exp is near, jti is used once.
Result<const Client*> Clients::by_assertion(std::string_view assertion, const http::Form& form, Time now) {
  const auto* type = http::find(form, "client_assertion_type");
  if (!type || *type != kAssertionType)
    return fail(Reason::request_invalid, type ? *type : "no client_assertion_type", std::string(kAssertionType));
  auto token = jose::UnverifiedToken::parse(assertion);
  if (!token) return refused();
  auto found = clients_.find(std::string(token->issuer_hint()));
  if (found == clients_.end() || !found->second.verifier) return refused();
  const auto& [client, verifier] = found->second;
  if (const auto* id = http::find(form, "client_id"); id && *id != client.id) return refused();

  auto verified = verifier->verify(*std::move(token), *client.keys, now);
  if (!verified || verified->subject() != client.id || verified->expires() > now + kLongestAssertion) return refused();
  auto jti = verified->claims().string_or("jti", "");
  if (jti.empty()) return refused();
  WW_CHECK(use_once(client.id + " " + std::string(jti), verified->expires() + verifier->expectations().skew, now));
  return &client;
}

Status Clients::use_once(const std::string& id, Time forget, Time now) {
  std::lock_guard lock(mutex_);
  if (now >= next_sweep_ || seen_.size() >= kMostAssertions) {
    std::erase_if(seen_, [&](const auto& kept) { return now > kept.second; });
    next_sweep_ = now + std::chrono::minutes(1);
  }
  if (seen_.size() >= kMostAssertions)
    return fail(Reason::overloaded, std::to_string(seen_.size()) + " client assertions to remember");
  if (!seen_.emplace(id, forget).second) return refused();
  return {};
}

}  // namespace watchword::access
