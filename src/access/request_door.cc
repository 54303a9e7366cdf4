#include "access/request_door.h"

#include <utility>

#include "access/basic_password.h"
#include "crypto/digest.h"
#include "http/grpc.h"
#include "http/problem.h"

namespace watchword::access {
namespace {

net::Task<Status> nothing() { co_return Status{}; }

std::string token_challenge(const Error& error) {
  if (error.reason == Reason::token_missing) return "Bearer, DPoP";
  if (error.reason == Reason::dpop_nonce_required) return R"(DPoP error="use_dpop_nonce")";
  const auto reason = name(error.reason);
  const auto* scheme = reason.starts_with("dpop_") ? "DPoP" : "Bearer";
  return std::string(scheme) + R"( error="invalid_token", error_description=")" + std::string(reason) + '"';
}

// Docker takes Bearer for an offer of tokens elsewhere, and gives up when it does not say where. In one field, as Envoy
// keeps the last of several.
std::string challenge(const Refusal& refusal) {
  std::string password = R"(Basic realm="watchword")";
  if (refusal.clients == policy::HttpKind::docker) return password;
  auto tokens = token_challenge(refusal.error);
  return policy::takes_password(refusal.clients) ? password + ", " + tokens : tokens;
}

std::string_view credential_header(const http::RequestHead& request) {
  return request.method == "CONNECT" ? "proxy-authorization" : "authorization";
}

Json problem_of(const Refusal& refusal) {
  auto body = http::problem(refusal.error, refusal.verified_caller, refusal.record);
  if (!refusal.verified_caller) return body;
  body.set("you_are", refusal.you_are);
  if (!refusal.role.empty()) body.set("role", refusal.role);
  if (!refusal.rule.empty()) body.set("rule", refusal.rule);
  if (!refusal.nearest.is_null()) body.set("nearest", refusal.nearest);
  return body;
}

}  // namespace

Speaks spoken_by(const http::RequestHead& request) {
  if (request.method == "CONNECT") return Speaks::proxy;
  if (request.wants_tunnel()) return Speaks::http;  // a status of 200 would grant it
  return http::is_grpc(request.headers) ? Speaks::grpc : Speaks::http;
}

Result<TokenService::Presented> RequestDoor::present(audit::Entry& entry, const http::RequestHead& request,
                                                     Time now) const {
  auto presented = read_credential(entry, request, now);
  if (presented) {
    Recorder::describe(entry, *presented->session);
    entry.token = presented->grant->token_sha256;
  } else {
    describe_refused(entry, request, now);
  }
  return presented;
}

policy::HttpKind RequestDoor::clients_of(std::string_view resource) const {
  const auto policy = service_.snapshot().policy;
  const auto* known = policy->resource(resource);
  return known && known->http() ? known->http()->kind : policy::HttpKind::api;
}

Result<TokenService::Presented> RequestDoor::read_credential(const audit::Entry& entry,
                                                             const http::RequestHead& request, Time now) const {
  const auto credential = credential_header(request);
  if (request.headers.count(credential) > 1 || request.headers.count("dpop") > 1)
    return fail(Reason::request_invalid, "two " + std::string(credential) + " or dpop headers", "one of each");
  DpopRequest dpop;
  std::string url;
  if (const auto* proof = request.headers.find("dpop")) {
    url = request.scheme + "://" + request.authority + std::string(request.path());
    dpop = {*proof, request.method, url, {}};
  }
  const auto* authorization = request.headers.find(credential);
  if (authorization && is_basic(*authorization) && policy::takes_password(clients_of(entry.resource)))
    return read_password(std::string_view(*authorization).substr(authorization->find(' ') + 1), now);
  return service_.present(authorization, dpop, now);
}

Result<TokenService::Presented> RequestDoor::read_password(std::string_view credentials, Time now) const {
  WW_TRY(const auto password, password_of(credentials));
  auto authorization = "Bearer " + std::string(password.reveal());
  auto presented = service_.present(&authorization, {}, now);
  wipe(authorization);
  return presented;
}

void RequestDoor::describe_refused(audit::Entry& entry, const http::RequestHead& request, Time now) const {
  const auto* authorization = request.headers.find(credential_header(request));
  const auto space = authorization ? authorization->find(' ') : std::string::npos;
  if (space == std::string::npos) return;
  const auto shown = std::string_view(*authorization).substr(space + 1);
  const bool basic = is_basic(*authorization);
  const auto token = basic ? password_of(shown) : Secret(shown);
  if (!token) return;
  const auto& known = service_.parts();
  const auto grant = known.tokens.read(token->reveal(), now);
  // A password that is no token of ours may be somebody's, and short: not even its hash is written down.
  if (grant || !basic) entry.token = crypto::sha256_hex(token->reveal());
  const auto session = grant ? known.sessions.find((*grant)->session) : nullptr;
  if (session) Recorder::describe(entry, *session);
}

net::Task<Status> RequestDoor::put_on_record(audit::Entry entry) const {
  auto& recorder = service_.parts().recorder;
  switch (records_) {
    case RequestRecords::off:
      return nothing();
    case RequestRecords::batch:
      return recorder.queue_or_commit(std::move(entry));
    case RequestRecords::sync:
      return recorder.commit(entry);
  }
  std::unreachable();
}

Refusal RequestDoor::refuse(audit::Entry entry, Error error, const Session* session) const {
  Recorder::describe(entry, error);
  const bool verified = session != nullptr;
  Refusal refusal{{}, {}, verified, verified ? issuer::you_are(session->principal()) : "", entry.role, entry.rule};
  refusal.clients = clients_of(entry.resource);
  if (const auto* nearest = entry.detail.find("nearest"); nearest && verified) refusal.nearest = *nearest;
  auto told = service_.parts().recorder.queue_refusal(std::move(entry), std::move(error), verified);
  refusal.error = std::move(told.error);
  refusal.record = std::move(told.record);
  if (refusal.error.reason == Reason::limit_reached && verified)
    refusal.retry_after = session->retry_after(service_.parts().clock.now());
  return refusal;
}

Refusal RequestDoor::refuse_cut(const Flight& flight, std::string_view record, const Json& detail) const {
  const auto& session = *flight.presented.session;
  auto entry = service_.parts().recorder.start(audit::Event::request_cut);
  Recorder::describe(entry, session);
  Recorder::describe(entry, *flight.cut);
  entry.resource = flight.resource;
  entry.action = flight.action;
  entry.token = flight.presented.grant->token_sha256;
  entry.detail.set("request", record);
  if (const auto* members = detail.members(); members != nullptr)
    for (const auto& [name, value] : *members) entry.detail.set(name, value);
  return refuse(std::move(entry), *flight.cut->refusal, &session);
}

RefusalReply RequestDoor::reply_to(const Refusal& refusal, Speaks client) const {
  const auto& error = refusal.error;
  auto status = http::status_of(error.reason);
  http::Headers extra;
  if (status == 401) extra.add(client == Speaks::proxy ? "proxy-authenticate" : "www-authenticate", challenge(refusal));
  if (status == 401 && client == Speaks::proxy) status = 407;
  if (refusal.retry_after) extra.add("retry-after", std::to_string(refusal.retry_after->count()));
  if (status == 405) extra.add("allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  if (error.reason == Reason::dpop_nonce_required) {
    const auto& parts = service_.parts();
    extra.add("dpop-nonce", parts.dpop.nonce(parts.clock.now()));
  }
  auto body = problem_of(refusal);
  if (client == Speaks::grpc) return {http::grpc_refusal(error.reason, body, std::move(extra)), {}};
  body.set("status", status);
  if (client == Speaks::proxy && error.reason == Reason::token_missing)
    body.set("fix", "send the access token as 'Proxy-Authorization: Bearer ...' (or DPoP)");
  else if (policy::takes_password(refusal.clients) && error.reason == Reason::token_missing)
    body.set("fix",
             "send the access token as the password of Basic, whoever the user, or as 'Authorization: Bearer ...'");
  auto head = http::problem_head(status, std::move(extra));
  return {std::move(head), body.dump()};
}

}  // namespace watchword::access
