#include "envoy/ext_authz.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "access/identity_headers.h"
#include "access/request_origin.h"
#include "envoy/check_reply.h"
#include "envoy/check_request.h"
#include "http/grpc.h"
#include "http/problem.h"
#include "http/uri.h"
#include "policy/target.h"

namespace watchword::envoy {
namespace {

constexpr std::string_view kCheck = "/envoy.service.auth.v3.Authorization/Check";
constexpr std::string_view kHttpForm = "/authz/";
constexpr std::chrono::seconds kReadTime{5};

struct Refused {
  access::Refusal refusal;
  bool error;  // no answer, so that Envoy must not take it for a denial
};
using Verdict = std::expected<Allowed, Refused>;

// How backends are told who calls; Envoy sets x-forwarded-for and -proto itself.
bool is_envoys(std::string_view name) { return name == "x-forwarded-for" || name == "x-forwarded-proto"; }

// Whatever the client says of itself and `set` does not overwrite. Those with a name of their own always, should Envoy
// be told to show us some headers only.
std::vector<std::string> to_remove(const http::Headers& client, const http::Headers& set,
                                   const policy::HttpTarget& target) {
  std::vector<std::string> names;
  const auto add = [&](std::string_view name) {
    if (set.find(name) == nullptr && std::ranges::find(names, name) == names.end()) names.emplace_back(name);
  };
  for (const auto name : access::identity_headers()) add(name);
  for (const auto& injected : target.inject) add(injected.name);
  for (const auto& header : client)
    if (access::is_identity_header(header.name) && !is_envoys(header.name)) add(header.name);
  return names;
}

class ExtAuthzImpl final : public ExtAuthz {
 public:
  ExtAuthzImpl(access::TokenService& service, access::Assertions& assertions, access::RequestRecords records,
               CheckForm form)
      : form_(form),
        service_(service),
        assertions_(assertions),
        door_(service, records),
        allowed_(counter("allow")),
        denied_(counter("deny")),
        failed_(counter("error")) {}

  net::Task<void> handle(http::Exchange& exchange) override {
    const auto& request = exchange.request;
    if (form_ == CheckForm::http && request.path().starts_with(kHttpForm)) co_return co_await answer_http(exchange);
    const bool is_call = request.method == "POST" && http::is_grpc(request.headers);
    if (form_ == CheckForm::grpc && is_call && request.target == kCheck) co_return co_await answer_grpc(exchange);
    const auto expected = form_ == CheckForm::http ? kHttpForm : kCheck;
    const Error error{Reason::not_found, request.target, std::string(expected), {}, {}};
    // A failing write means that Envoy has gone, here and below.
    static_cast<void>(co_await http::send_problem(exchange.reply, 404, http::problem(error, false)));
  }

 private:
  Counter& counter(std::string_view decision) {
    return service_.parts().metrics.counter("watchword_envoy_checks", "Envoy's questions by decision",
                                            {{"decision", std::string(decision)}});
  }

  net::Task<void> answer_grpc(http::Exchange& exchange) {
    auto message = co_await http::read_grpc_message(exchange.body, kMaxCheckRequest, kReadTime);
    auto asked = message ? read_check_request(*message) : std::unexpected(std::move(message).error());
    if (!asked) {
      failed_.add();
      static_cast<void>(co_await http::send_grpc_refusal(exchange.reply, asked.error()));
      co_return;
    }
    const auto client = access::spoken_by(asked->request);
    const auto verdict = co_await decide(*std::move(asked));
    if (!verdict && verdict.error().error) {
      auto failure = door_.reply_to(verdict.error().refusal, access::Speaks::grpc);
      static_cast<void>(co_await exchange.reply.send(std::move(failure.head), {}));
      co_return;
    }
    const auto response = verdict ? allowed_response(*verdict) : denied(verdict.error().refusal, client);
    http::ResponseHead head{200, {{"content-type", "application/grpc"}}};
    if (!co_await exchange.reply.begin_with(std::move(head), http::grpc_frame(response))) co_return;
    static_cast<void>(co_await exchange.reply.end({{"grpc-status", "0"}}));
  }

  net::Task<void> answer_http(http::Exchange& exchange) {
    auto asked = read_http_check(std::move(exchange.request), exchange.peer, kHttpForm);
    if (!asked) {
      failed_.add();
      static_cast<void>(co_await http::send_problem(exchange.reply, 500, http::problem(asked.error(), false)));
      co_return;
    }
    const auto client = access::spoken_by(asked->request);
    const auto verdict = co_await decide(*std::move(asked));
    if (verdict) {
      static_cast<void>(co_await exchange.reply.send(allowed_head(*verdict), {}));
      co_return;
    }
    auto reply = client_reply(verdict.error().refusal, client);
    if (verdict.error().error) reply.head.status = std::max(reply.head.status, 500);
    static_cast<void>(co_await exchange.reply.send(std::move(reply.head), reply.body));
  }

  // A denial's status stays the HTTP one also for a client that speaks gRPC: Envoy makes 200 of it, and a 200 of ours
  // would be an allow in the HTTP form.
  access::RefusalReply client_reply(const access::Refusal& refusal, access::Speaks client) const {
    auto reply = door_.reply_to(refusal, client);
    reply.head.status = http::status_of(refusal.error.reason);
    return reply;
  }
  std::string denied(const access::Refusal& refusal, access::Speaks client) const {
    return denied_response(refusal, client_reply(refusal, client));
  }

  std::unexpected<Refused> refuse(audit::Entry entry, Error error, const access::Session* session) {
    auto refusal = door_.refuse(std::move(entry), std::move(error), session);
    // Also a denial that cannot be recorded is no answer.
    const bool no_answer = access::Recorder::outcome_of(refusal.error) == audit::Outcome::error;
    (no_answer ? failed_ : denied_).add();
    return std::unexpected(Refused{std::move(refusal), no_answer});
  }
  std::unexpected<Refused> fail_with(Error error, std::string record) {
    failed_.add();
    return std::unexpected(Refused{{std::move(error), std::move(record), false, {}, {}, {}}, true});
  }

  // The same steps as the built-in proxy's, up to where it forwards.
  net::Task<Verdict> decide(CheckRequest asked) {
    const auto& request = asked.request;
    const auto origin = access::origin_of(request, asked.peer, service_.parts().random);
    auto entry = service_.parts().recorder.start(audit::Event::request, origin);
    entry.detail.set("via", "envoy");
    entry.resource = asked.resource;
    if (asked.resource.empty())
      co_return refuse(std::move(entry), {Reason::route_without_resource, {}, {}, {}, {}}, nullptr);
    if (asked.malformed) co_return refuse(std::move(entry), *std::move(asked.malformed), nullptr);
    entry.method = request.method;
    entry.path = request.path();

    const auto policy = service_.snapshot().policy;
    const auto* resource = policy->resource(asked.resource);
    if (resource == nullptr)
      co_return refuse(std::move(entry), {Reason::resource_unknown, asked.resource, {}, {}, {}}, nullptr);
    const policy::Request question{request.host(), request.method, request.path(), {}};
    const auto target = policy::find_target_of(*resource, question);
    if (!target) co_return refuse(std::move(entry), target.error(), nullptr);
    // What Envoy has let through it is not told to end yet.
    if (request.wants_tunnel() || request.headers.find("upgrade") != nullptr ||
        request.headers.has_token("connection", "upgrade"))
      co_return refuse(std::move(entry), {Reason::upgrade_unsupported, request.method, {}, {}, {}}, nullptr);
    auto spelled = spell_plainly(request, *resource, *target);
    if (!spelled.empty() && form_ == CheckForm::http)
      co_return refuse(std::move(entry),
                       {Reason::path_ambiguous, "escapes that need none", "the path in plain spelling", {}, {}},
                       nullptr);

    const auto now = service_.parts().clock.now();
    const auto presented = door_.present(entry, request, now);
    if (!presented) co_return refuse(std::move(entry), presented.error(), nullptr);
    const auto& session = *presented->session;
    if (target->action == nullptr) co_return refuse(std::move(entry), policy::no_action(*target, question), &session);
    entry.action = *target->action;
    auto decision = co_await service_.decide_now(
        session, *presented->grant, {asked.resource, entry.action, request.method, target->path, request.host()});
    access::Recorder::describe(entry, decision);
    if (!decision.allowed()) co_return refuse(std::move(entry), *std::move(decision.refusal), &session);
    // Counts, and takes no place: when the request is over nobody tells.
    if (const auto lease = session.lease(now); !lease) co_return refuse(std::move(entry), lease.error(), &session);

    Allowed allowed{entry.id, session.id(), asked.resource, entry.action, {}, {}, std::move(spelled)};
    if (auto recorded = co_await door_.put_on_record(std::move(entry)); !recorded)
      co_return fail_with(std::move(recorded).error(), {});
    auto assertion = assertions_.for_session(session, asked.resource, now);
    if (!assertion) co_return fail_with(std::move(assertion).error(), allowed.record);
    allowed_.add();
    allowed.set = {{"watchword-assertion", *std::move(assertion)},
                   {"traceparent", access::traceparent_of(origin, service_.parts().random)},
                   {"x-request-id", origin.request_id},
                   {"x-forwarded-host", request.authority}};
    allowed.remove = to_remove(request.headers, allowed.set, *resource->http());
    co_return allowed;
  }

  // Path and query as the backend is to get them, where policy has read another spelling than the client sent.
  static std::string spell_plainly(const http::RequestHead& request, const policy::Resource& resource,
                                   const policy::Target& target) {
    const auto& prefix = resource.http()->prefix;
    auto plain = prefix + target.path;
    if (plain == request.path() || (target.path == "/" && prefix == request.path())) return {};
    if (const auto query = request.query(); !query.empty()) plain.append("?").append(query);
    return plain;
  }

  const CheckForm form_;
  access::TokenService& service_;
  access::Assertions& assertions_;
  access::RequestDoor door_;
  Counter& allowed_;
  Counter& denied_;
  Counter& failed_;
};

}  // namespace

std::unique_ptr<ExtAuthz> ExtAuthz::make(access::TokenService& service, access::Assertions& assertions,
                                         access::RequestRecords records, CheckForm form) {
  return std::make_unique<ExtAuthzImpl>(service, assertions, records, form);
}

}  // namespace watchword::envoy
