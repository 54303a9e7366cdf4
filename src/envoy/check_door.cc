#include "envoy/check_door.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "access/identity_headers.h"
#include "access/request_origin.h"
#include "base/text.h"
#include "http/problem.h"
#include "policy/target.h"

namespace watchword::envoy {
namespace {

// How backends are told who calls; Envoy sets x-forwarded-for and -proto itself.
bool is_envoys(std::string_view name) { return name == "x-forwarded-for" || name == "x-forwarded-proto"; }

// Whatever the client says of itself and `set` does not overwrite, beside always_removed(): Envoy may have been told to
// show us some headers only.
std::vector<std::string> to_remove(const http::Headers& client, const http::Headers& set,
                                   const policy::HttpTarget& target) {
  std::vector<std::string> names;
  const auto always = always_removed();
  const auto add = [&](std::string_view name) {
    if (set.find(name) == nullptr && std::ranges::find(always, name) == always.end() &&
        std::ranges::find(names, name) == names.end())
      names.emplace_back(name);
  };
  for (const auto& injected : target.inject) add(injected.name);
  for (const auto& header : client)
    if (access::is_identity_header(header.name) && !is_envoys(header.name)) add(header.name);
  return names;
}

// Envoy shows an upgrade as HTTP/1.1 says it, whatever the client spoke, and carries one out only where both headers
// say so. upgrade_unsupported for what is neither that nor an ordinary request.
Status read_upgrade(http::RequestHead& request, bool may_upgrade) {
  const auto* upgrade = request.headers.find("upgrade");
  const bool asked = request.headers.has_token("connection", "upgrade");
  if (upgrade == nullptr && !asked && !request.wants_tunnel()) return {};
  if (!may_upgrade || upgrade == nullptr || !asked || request.wants_tunnel() || request.headers.count("upgrade") > 1)
    return fail(Reason::upgrade_unsupported, request.method);
  request.protocol = ascii_lower(*upgrade);
  return {};
}

// A promise that the built-in gateway keeps and Envoy cannot. An Envoy with a configuration of its own, or one from
// before the policy said so, would break it.
Status check_able(const policy::Resource& resource) {
  if (!resource.http()->redact) return {};
  return std::unexpected(Error{Reason::config_invalid, "redact: answers that are read through, on a way by Envoy",
                               "the built-in gateway", "resource " + resource.name(),
                               "have its clients come by the built-in gateway, or take 'redact' away"});
}

// Path and query as the backend is to get them, where policy has read another spelling than the client sent.
std::string spell_plainly(const http::RequestHead& request, const policy::Resource& resource,
                          const policy::Target& target) {
  const auto& prefix = resource.http()->prefix;
  auto plain = prefix + target.path;
  if (plain == request.path() || (target.path == "/" && prefix == request.path())) return {};
  if (const auto query = request.query(); !query.empty()) plain.append("?").append(query);
  return plain;
}

}  // namespace

CheckDoor::CheckDoor(access::TokenService& service, access::Assertions& assertions, access::RequestRecords records)
    : service_(service),
      assertions_(assertions),
      door_(service, records),
      allowed_(counter("allow")),
      denied_(counter("deny")),
      failed_(counter("error")) {}

Counter& CheckDoor::counter(std::string_view decision) {
  return service_.parts().metrics.counter("watchword_envoy_checks", "Envoy's questions by decision",
                                          {{"decision", std::string(decision)}});
}

net::Task<Verdict<Passage>> CheckDoor::decide(CheckRequest asked, Abilities abilities) {
  auto& request = asked.request;
  const auto origin = access::origin_of(request, asked.peer, service_.parts().random);
  auto entry = service_.parts().recorder.start(audit::Event::request, origin);
  entry.detail.set("via", "envoy");
  entry.resource = asked.resource;
  if (asked.resource.empty())
    co_return refuse(std::move(entry), {Reason::route_without_resource, {}, {}, {}, {}}, nullptr);
  if (asked.malformed) co_return refuse(std::move(entry), *std::move(asked.malformed), nullptr);
  entry.method = request.method;
  entry.path = request.path();

  auto policy = service_.snapshot().policy;
  const auto* resource = policy->resource(asked.resource);
  if (resource == nullptr)
    co_return refuse(std::move(entry), {Reason::resource_unknown, asked.resource, {}, {}, {}}, nullptr);
  if (resource->http() != nullptr)
    if (auto able = check_able(*resource); !able) co_return refuse(std::move(entry), std::move(able).error(), nullptr);
  auto upgrade = read_upgrade(request, abilities.ends);
  const policy::Request question{request.host(), request.method, request.path(), request.protocol};
  auto target = policy::find_target_of(*resource, question);
  if (!target) co_return refuse(std::move(entry), std::move(target).error(), nullptr);
  if (!upgrade) co_return refuse(std::move(entry), std::move(upgrade).error(), nullptr);
  auto spelled = spell_plainly(request, *resource, *target);
  if (!spelled.empty() && !abilities.sets_target)
    co_return refuse(std::move(entry),
                     {Reason::path_ambiguous, "escapes that need none", "the path in plain spelling", {}, {}}, nullptr);

  const auto now = service_.parts().clock.now();
  auto presented = door_.present(entry, request, now);
  if (!presented) co_return refuse(std::move(entry), std::move(presented).error(), nullptr);
  const auto& session = *presented->session;
  if (target->action == nullptr) co_return refuse(std::move(entry), policy::no_action(*target, question), &session);
  entry.action = *target->action;
  auto decision = co_await service_.decide_now(
      session, *presented->grant, {asked.resource, entry.action, request.method, target->path, request.host()});
  access::Recorder::describe(entry, decision);
  if (!decision.allowed()) co_return refuse(std::move(entry), *std::move(decision.refusal), &session);
  auto lease = session.lease(now);
  if (!lease) co_return refuse(std::move(entry), std::move(lease).error(), &session);

  Allowed allowed{entry.id, session.id(), asked.resource, entry.action, {}, {}, std::move(spelled)};
  allowed.set.reserve(4);
  allowed.set.add(std::string(kAssertion), {});
  allowed.set.add(std::string(kTraceParent), access::traceparent_of(origin, service_.parts().random));
  allowed.set.add(std::string(kRequestId), origin.request_id);
  allowed.set.add(std::string(kForwardedHost), request.authority);
  allowed.remove = to_remove(request.headers, allowed.set, *resource->http());
  access::Flight::Asker asker{request.method, std::move(target->path), std::string(request.host()), request.protocol};
  co_return Passage{std::move(entry), std::move(allowed), *std::move(presented), std::move(policy),
                    resource->name(), *target->action,    std::move(asker),      *std::move(lease)};
}

net::Task<Verdict<Allowed>> CheckDoor::let_through(Passage& passage) {
  if (auto recorded = co_await door_.put_on_record(std::move(passage.entry)); !recorded)
    co_return fail_with(std::move(recorded).error(), {});
  auto allowed = std::move(passage.allowed);
  auto assertion = assertions_.for_session(*passage.presented.session, passage.resource, service_.parts().clock.now());
  if (!assertion) co_return fail_with(std::move(assertion).error(), std::move(allowed.record));
  allowed_.add();
  allowed.set.set(kAssertion, *std::move(assertion));
  co_return allowed;
}

Client client_of(const http::RequestHead& request) { return {access::spoken_by(request), request.scheme == "https"}; }

access::RefusalReply CheckDoor::client_reply(const access::Refusal& refusal, Client client) const {
  auto reply = door_.reply_to(refusal, client.speaks);
  http::demand_tls(reply.head.headers, client.tls ? "https" : "http");
  reply.head.status = http::status_of(refusal.error.reason);
  return reply;
}

std::unexpected<Refused> CheckDoor::refuse(audit::Entry entry, Error error, const access::Session* session) {
  auto refusal = door_.refuse(std::move(entry), std::move(error), session);
  // Also a denial that cannot be recorded is no answer, and one for which only the operator can do something.
  const bool no_answer = access::Recorder::outcome_of(refusal.error) == audit::Outcome::error ||
                         refusal.error.reason == Reason::config_invalid;
  (no_answer ? failed_ : denied_).add();
  return std::unexpected(Refused{std::move(refusal), no_answer});
}

std::unexpected<Refused> CheckDoor::fail_with(Error error, std::string record) {
  failed_.add();
  return std::unexpected(Refused{{std::move(error), std::move(record), false, {}, {}, {}}, true});
}

}  // namespace watchword::envoy
