// Token exchange (RFC 8693): an identity token in, a job-bound access token out, or a reason.
#include <algorithm>

#include "access/nearest.h"
#include "access/session_document.h"
#include "access/token_service.h"
#include "base/log.h"
#include "crypto/digest.h"

namespace watchword::access {
namespace {

bool names_resource(const ExchangeRequest& request, std::string_view resource) {
  return request.audiences.empty() || std::ranges::find(request.audiences, resource) != request.audiences.end();
}

Error no_role_error(const issuer::Principal& principal, const policy::Roles& roles) {
  if (roles.fork_refused)
    return Error{
        Reason::fork_not_admitted, issuer::you_are(principal), "a job that runs in the project it speaks for", {}, {}};
  return Error{Reason::no_binding, issuer::you_are(principal), "a binding that matches these claims", {}, {}};
}

void add_audience(std::vector<std::string>& audience, std::string_view resource) {
  if (std::ranges::find(audience, resource) == audience.end()) audience.emplace_back(resource);
}

// What the request asks for: its scope, or all that the roles may permit; of the resources that it names.
std::vector<AskedFor> asked_for(const ExchangeRequest& request, const std::vector<AskedFor>& permissions) {
  std::vector<AskedFor> asked;
  for (const auto& wanted : request.scope) asked.emplace_back(wanted.resource, wanted.action);
  if (request.scope.empty()) asked = permissions;
  std::erase_if(asked, [&](const AskedFor& one) { return !names_resource(request, one.first); });
  return asked;
}

// What a refusal is about: the first permission of the scope, else the only resource, else whatever there is. Nothing
// where it cannot be told which of several.
std::optional<Asked> one_asked(const ExchangeRequest& request) {
  for (const auto& wanted : request.scope)
    if (names_resource(request, wanted.resource)) return Asked{wanted.resource, wanted.action, {}, {}, {}};
  if (request.audiences.size() > 1) return std::nullopt;
  return request.audiences.empty() ? Asked{} : Asked{request.audiences.front(), {}, {}, {}, {}};
}

Decision denial(const Snapshot& snapshot, Error error) {
  Decision decision;
  decision.refusal = std::move(error);
  decision.policy_digest = snapshot.policy->digest();
  return decision;
}

std::vector<const policy::Resource*> resources_of(const policy::Policy& policy,
                                                  const std::vector<std::string>& audience) {
  std::vector<const policy::Resource*> resources;
  for (const auto& name : audience) resources.push_back(policy.resource(name));
  return resources;
}

std::optional<Error> refuse_finished(const Snapshot& snapshot, const issuer::Principal& principal,
                                     const policy::Roles& roles) {
  if (!roles.limits.ends_with_job || !snapshot.facts->job_over(scope_of(principal))) return std::nullopt;
  return Error{Reason::job_finished, issuer::you_are(principal), "a job that is running", {}, {}};
}

// What the identity and its proof say by themselves, before any permission is asked for.
std::optional<Error> refuse_identity(const Snapshot& snapshot, const issuer::Principal& principal,
                                     const policy::Roles& roles, const std::string& key, bool bearer) {
  if (roles.all.empty()) return no_role_error(principal, roles);
  const bool demanded = roles.limits.proof == policy::Proof::dpop;
  if (demanded && key.empty()) return Error{Reason::dpop_required, "no DPoP header", "a DPoP proof", {}, {}};
  if (demanded && bearer)
    return Error{Reason::dpop_required,
                 "token_binding=none",
                 "a token that is bound to its key",
                 {},
                 "use the resource through 'watchword exec', or take 'proof: dpop' from the job's roles"};
  return refuse_finished(snapshot, principal, roles);
}

}  // namespace

Refusal TokenService::refuse(audit::Entry entry, Error error, const issuer::Principal* principal) {
  Recorder::describe(entry, error);
  (entry.outcome == audit::Outcome::deny ? exchanges_denied_ : exchanges_failed_).add();
  Refusal refusal{{}, {}, principal != nullptr, {}, entry.role, entry.rule};
  if (principal) {
    if (entry.who.empty()) entry.who = issuer::who_of(*principal);
    refusal.you_are = issuer::you_are(*principal);
  }
  if (const auto* nearest = entry.detail.find("nearest"); nearest && principal) refusal.nearest = *nearest;
  // Nothing is handed out, so nobody waits for this record; a log that cannot take it is an outage of its own.
  auto told = parts_.recorder.queue_refusal(std::move(entry), std::move(error), principal != nullptr);
  refusal.error = std::move(told.error);
  refusal.record = std::move(told.record);
  return refusal;
}

Result<SessionTable::Lease> TokenService::open_session(issuer::Principal& principal,
                                                       const policy::SessionLimits& limits, const std::string& key,
                                                       Time now) {
  auto opening = parts_.sessions.find_or_insert(principal.issuer, job_of(principal), [&] {
    auto id = make_ulid(now, parts_.random);
    auto expires = std::min(now + limits.ttl, principal.expires);
    return std::make_shared<Session>(Session::Opening{std::move(id), std::move(principal), limits, key, now, expires});
  });
  const auto& session = opening.session();
  if (opening.fresh()) return opening;

  auto end = session->ended();
  if (end && *end != SessionEnd::expired)
    return fail(Reason::session_ended, "session " + session->id() + " of this job ended: " + std::string(name(*end)),
                "a job whose session is open");
  if (end || now >= session->expires())
    return fail(Reason::session_expired, "session " + session->id() + " ended at " + to_rfc3339(session->expires()),
                "an exchange before that");
  // Fixed as its end is, also where that is no key: whoever has used the identity token first does not go unnoticed.
  if (session->bound_key().empty() && !key.empty())
    return std::unexpected(Error{Reason::dpop_key_mismatch,
                                 "key " + key,
                                 "no proof, as in this job's first exchange",
                                 {},
                                 "let all exchanges of a job prove the same key, or none; if the job itself made none "
                                 "without, somebody else has its ID token: end the session"});
  if (session->bound_key() != key)
    return fail(Reason::dpop_key_mismatch, key.empty() ? "no proof" : "key " + key, "key " + session->bound_key());
  if (limits.single_exchange || session->limits().single_exchange)
    return fail(Reason::token_already_used,
                "session " + session->id() + " was opened at " + to_rfc3339(session->opened()),
                "the first exchange of this job");
  return opening;
}

// Every permission that was asked for is put to the door. What is granted now becomes the scope; what was asked for
// stays the limit, so that rights inside it can rise later without a new token.
std::expected<TokenService::Granted, Decision> TokenService::narrow(const ExchangeRequest& request,
                                                                    const Snapshot& snapshot,
                                                                    const issuer::Principal& principal,
                                                                    const policy::Roles& roles, Time now) const {
  Granted granted;
  std::optional<Decision> first_refusal;
  bool undecided = false;  // something depends on the request itself, or on a fact that is not known yet
  auto ask = [&](std::string_view resource, std::string_view action) {
    auto decision = decide(snapshot, principal, roles, {resource, action, {}, {}, {}}, now);
    if (decision.allowed()) return granted.now.push_back({std::string(resource), std::string(action)});
    undecided = undecided || decision.refusal->reason == Reason::context_unknown;
    if (!first_refusal) first_refusal = std::move(decision);
  };
  // Only what the roles may permit enters the token: its audience is believed by whoever verifies it offline.
  const auto permissions = snapshot.policy->permissions(roles);
  auto take = [&](std::string_view resource, std::string_view action) {
    if (std::ranges::find(permissions, std::pair(resource, action)) != permissions.end())
      add_audience(granted.audience, resource);
    ask(resource, action);
  };
  for (auto [resource, action] : asked_for(request, permissions)) {
    take(resource, action);
    if (!request.scope.empty()) granted.limit.push_back({std::string(resource), std::string(action)});
  }
  // Asked for by name and none of it granted: say why, rather than hand out a token that opens nothing.
  if (!request.scope.empty() && granted.now.empty() && first_refusal && !undecided)
    return std::unexpected(*std::move(first_refusal));
  // Each audience that was asked for by name is in the token, or the caller is told which one is not (RFC 8707 2).
  auto missing = std::ranges::find_if(request.audiences, [&](const std::string& wanted) {
    return std::ranges::find(granted.audience, wanted) == granted.audience.end();
  });
  bool named = missing != request.audiences.end();
  if (!named && !granted.audience.empty()) return granted;
  const bool unknown = named && !snapshot.policy->resource(*missing);
  return std::unexpected(denial(snapshot, {unknown ? Reason::resource_unknown : Reason::not_permitted,
                                           named ? *missing : "no permission",
                                           "a resource that the job's roles name",
                                           {},
                                           {}}));
}

net::Task<Answer<ExchangeReply>> TokenService::exchange(ExchangeRequest request) {
  auto entry = parts_.recorder.start(audit::Event::exchange, request.origin);
  auto principal = co_await parts_.issuers.authenticate(request.subject_token);
  entry.subject_token = principal ? principal->token_sha256 : crypto::sha256_hex(request.subject_token);
  if (!principal) co_return std::unexpected(refuse(std::move(entry), std::move(principal).error(), nullptr));
  const issuer::Principal* caller = &*principal;
  auto refused = [&](Error error) { return std::unexpected(refuse(std::move(entry), std::move(error), caller)); };
  if (!request.ci_job_token.empty() && !job_tokens_.accepts(principal->issuer))
    co_return refused({Reason::request_invalid,
                       "the parameter ci_job_token",
                       "none: the CI system of issuer " + principal->issuer + " is not asked with it",
                       {},
                       {}});
  auto now = parts_.clock.now();
  // Skew lets a token in that is just over, but there is no time left to give.
  if (now >= principal->expires)
    co_return refused(
        {Reason::token_expired, "expired at " + to_rfc3339(principal->expires), "a token with time left", {}, {}});
  std::string key;
  if (request.dpop) {
    auto proven = parts_.dpop.verify(*request.dpop, now);
    if (!proven) co_return refused(std::move(proven).error());
    key = *std::move(proven);
  }

  auto snapshot = this->snapshot();
  entry.policy = snapshot.policy->digest();
  auto roles = snapshot.policy->roles_of(*principal);
  std::vector<Explained> decisions;
  // Only what policy refuses is explained: to all else its rules have nothing to say.
  auto refused_by_policy = [&](Decision decision) {
    if (const auto asked = one_asked(request)) add_nearest(decision, snapshot, *principal, roles, *asked, now);
    Recorder::describe(entry, decision);
    auto refusal = refused(*std::move(decision.refusal));
    refusal.error().decisions = std::move(decisions);
    return refusal;
  };
  if (auto error = refuse_identity(snapshot, *principal, roles, key, request.bearer))
    co_return refused_by_policy(denial(snapshot, *std::move(error)));
  // Not before: who holds no role here, or has not proven what its roles demand, learns nothing of resources and rules.
  if (request.explain)
    decisions = explain(snapshot, *principal, roles, asked_for(request, snapshot.policy->permissions(roles)), now);
  auto granted = narrow(request, snapshot, *principal, roles, now);
  if (!granted) co_return refused_by_policy(std::move(granted).error());
  auto resources = resources_of(*snapshot.policy, granted->audience);
  const auto token_ends = principal->expires;
  auto opened = open_session(*principal, roles.limits, key, now);
  if (!opened) co_return refused(std::move(opened).error());
  const auto& session = opened->session();
  if (opened->fresh()) caller = &session->principal();  // it was moved there
  // Once more: an event that says so meanwhile either has found the session, or is found here.
  if (auto error = refuse_finished(snapshot, *caller, roles)) co_return refused(*std::move(error));
  if (request.bearer) key.clear();  // it has proven the session's; the token has none
  auto answer = co_await issue(std::move(entry), session, *std::move(granted), std::move(key), now, token_ends);
  if (!answer) co_return answer;
  if (!request.ci_job_token.empty()) keep_job_token(*session, request.ci_job_token);
  answer->resources = std::move(resources);
  answer->policy = std::move(snapshot.policy);
  answer->decisions = std::move(decisions);
  co_return answer;
}

void TokenService::keep_job_token(const Session& session, std::string_view token) {
  const auto* machine = session.principal().machine();
  if (!machine || machine->job.empty()) return;
  job_tokens_.put(session.principal().issuer, machine->job, Secret(token));
  // It may have ended meanwhile, and have found none to drop.
  if (session.ended()) job_tokens_.drop(session.principal().issuer, machine->job);
}

net::Task<Answer<ExchangeReply>> TokenService::issue(audit::Entry entry, std::shared_ptr<Session> session,
                                                     Granted granted, std::string key, Time now, Time token_ends) {
  const bool bound = !key.empty();
  Minting minting{*session,
                  random_token(parts_.random),
                  std::move(granted.audience),
                  granted.now,
                  std::move(granted.limit),
                  std::move(key),
                  now,
                  std::min(session->expires(), token_ends)};
  auto token = mint(minting, *parts_.keys.ring(), parts_.url);
  if (!token) co_return std::unexpected(refuse(std::move(entry), std::move(token).error(), &session->principal()));

  Recorder::describe(entry, *session);
  entry.outcome = audit::Outcome::allow;
  entry.token = crypto::sha256_hex(*token);
  Json scope = Json::array();
  for (const auto& permission : granted.now) scope.push(permission.resource + "/" + permission.action);
  entry.detail = Json::object({{"scope", std::move(scope)},
                               {"expires", to_rfc3339(minting.expires)},
                               {"jti", minting.jti},
                               {"token_type", bound ? "DPoP" : "Bearer"}});
  auto record = entry.id;

  // A session that another exchange of this job has opened, but that is not durable yet, is written again with this
  // one.
  std::vector<store::Change> changes;
  if (!session->durable()) changes.push_back(store::PutSession{session->to_row()});
  auto written = co_await parts_.recorder.commit(entry, std::move(changes));
  if (!written) {
    exchanges_failed_.add();
    co_return std::unexpected(
        Refusal{std::move(written).error(), {}, true, issuer::you_are(session->principal()), {}, {}});
  }
  session->set_durable();
  exchanges_allowed_.add();
  co_return ExchangeReply{.access_token = *std::move(token),
                          .dpop = bound,
                          .expires_in = minting.expires - now,
                          .scope = std::move(granted.now),
                          .session = session->id(),
                          .record = std::move(record)};
}

}  // namespace watchword::access
