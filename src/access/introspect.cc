// Introspection (RFC 7662) and revocation (RFC 7009).
#include <algorithm>

#include "access/session_document.h"
#include "access/token_claims.h"
#include "access/token_service.h"
#include "crypto/digest.h"

namespace watchword::access {
namespace {

bool may_ask(const Client& client, const Grant& grant) {
  return std::ranges::any_of(grant.audience, [&](const std::string& resource) {
    return std::ranges::find(client.resources, resource) != client.resources.end();
  });
}

}  // namespace

net::Task<Answer<Json>> TokenService::introspect(std::string_view token, const Client& client, Origin origin) {
  auto now = parts_.clock.now();
  auto snapshot = this->snapshot();
  auto entry = parts_.recorder.start(audit::Event::introspection, origin);
  entry.token = crypto::sha256_hex(token);
  entry.policy = snapshot.policy->digest();
  entry.detail = Json::object({{"client", client.id}});

  auto answer = Json::object({{"active", false}});
  auto grant = parts_.tokens.read(token, now);
  auto session = grant ? parts_.sessions.find((*grant)->session) : nullptr;
  std::optional<Error> inactive;
  if (!grant)
    inactive = grant.error();
  else if (!may_ask(client, **grant))
    inactive =
        Error{Reason::client_not_permitted, "client " + client.id, "a client of one of the token's resources", {}, {}};
  else if (!session)
    inactive = Error{Reason::session_unknown, "session " + (*grant)->session, "an open session", {}, {}};
  if (session) Recorder::describe(entry, *session);

  if (!inactive) {
    // The scope is what the door allows at this moment, for the resources that this client speaks for.
    std::vector<Permission> allowed;
    auto roles = session->roles(snapshot.policy);
    for (auto [resource, action] : snapshot.policy->permissions(*roles)) {
      if (std::ranges::find(client.resources, resource) == client.resources.end()) continue;
      auto decision = decide(snapshot, *session, **grant, {resource, action, {}, {}, {}}, now);
      if (decision.allowed())
        allowed.push_back({std::string(resource), std::string(action)});
      else if (!inactive)
        inactive = *std::move(decision.refusal);
    }
    if (!allowed.empty()) {
      inactive.reset();
      answer = introspection_claims(*session, **grant, allowed, parts_.url);
    } else if (!inactive) {
      inactive = Error{Reason::not_permitted, "no permission left", "a role that still grants something", {}, {}};
    }
  }
  if (inactive)
    Recorder::describe(entry, *inactive);
  else
    entry.outcome = audit::Outcome::allow;
  if (auto queued = co_await parts_.recorder.queue_or_commit(std::move(entry)); !queued)
    co_return std::unexpected(Refusal{std::move(queued).error(), {}, true, {}, {}, {}});
  co_return answer;
}

net::Task<Answer<void>> TokenService::revoke(std::string_view token, const Client* client, Origin origin) {
  auto now = parts_.clock.now();
  auto grant = parts_.tokens.read(token, now);
  // RFC 7009 2.2: a token that is not valid any more, or never was, is as good as revoked.
  if (!grant) co_return Answer<void>{};
  auto entry = parts_.recorder.start(audit::Event::revocation, origin);
  entry.outcome = audit::Outcome::allow;
  entry.session = (*grant)->session;
  if (auto session = parts_.sessions.find((*grant)->session)) Recorder::describe(entry, *session);
  entry.token = (*grant)->token_sha256;
  entry.detail = Json::object({{"jti", (*grant)->jti}, {"by", client ? "client " + client->id : "holder"}});
  if (client && !may_ask(*client, **grant)) {
    Error error{
        Reason::client_not_permitted, "client " + client->id, "a client of one of the token's resources", {}, {}};
    Recorder::describe(entry, error);
    auto told = parts_.recorder.queue_refusal(std::move(entry), std::move(error), true);
    co_return std::unexpected(Refusal{std::move(told.error), std::move(told.record), true, {}, {}, {}});
  }

  parts_.tokens.revoke((*grant)->jti, (*grant)->expires);
  rights_changed();
  std::vector<store::Change> changes;
  changes.push_back(store::Revoke{{(*grant)->jti, (*grant)->expires}});
  auto written = co_await parts_.recorder.commit(entry, std::move(changes));
  if (!written) co_return std::unexpected(Refusal{std::move(written).error(), {}, true, {}, {}, {}});
  co_return Answer<void>{};
}

}  // namespace watchword::access
