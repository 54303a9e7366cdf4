// GET /api/v1/freezes, POST /api/v1/freezes, POST /api/v1/freezes/lift: people let an environment rest.
#include <algorithm>
#include <set>

#include "api/admin.h"
#include "api/reply.h"
#include "base/text.h"

namespace watchword::api {
namespace {

Json freeze_json(const context::Freeze& freeze) {
  auto json = Json::object({{"environment", freeze.environment},
                            {"until", to_rfc3339(freeze.until)},
                            {"why", freeze.why},
                            {"by", freeze.by}});
  if (!freeze.issuer.empty()) json.set("issuer", freeze.issuer);
  if (!freeze.project.empty()) json.set("project", freeze.project);
  return json;
}

// Members are all text; those named are the only ones allowed.
Result<context::Freeze> freeze_of(const Json& body, bool with_end) {
  static const std::set<std::string_view> kMembers{"environment", "issuer", "project", "until", "why"};
  for (const auto& [name, value] : *body.members())
    if (!kMembers.contains(name) || !value.string() || value.string()->size() > 256 || (name == "until" && !with_end))
      return fail(Reason::request_invalid, printable(name) + " of another type, too long or not known here",
                  with_end ? "environment, until, why, issuer and project" : "environment, why, issuer and project");
  context::Freeze freeze;
  freeze.environment = body.string_or("environment", "");
  freeze.issuer = body.string_or("issuer", "");
  freeze.project = body.string_or("project", "");
  WW_TRY(freeze.why, why_in(body));
  if (freeze.environment.empty() || freeze.why.empty())
    return fail(Reason::request_invalid, "no environment, or no why", "both");
  if (freeze.issuer.empty() != freeze.project.empty())
    return fail(Reason::request_invalid, "an issuer without project, or the reverse", "both, or neither: everywhere");
  if (with_end) {
    auto until = from_rfc3339(body.string_or("until", ""));
    if (!until) return fail(Reason::request_invalid, "until is no time", "such as 2026-12-24T18:00:00Z");
    freeze.until = *until;
  }
  return freeze;
}

// The record and the change become durable together.
net::Task<Status> put_on_record(access::TokenService& service, const http::Exchange& exchange,
                                const context::Freeze& freeze, std::string_view change, store::Change row) {
  const auto& parts = service.parts();
  auto entry = parts.recorder.start(audit::Event::freeze_changed,
                                    access::origin_of(exchange.request, exchange.peer, parts.random));
  entry.outcome = audit::Outcome::allow;
  entry.why = freeze.why;
  entry.detail = freeze_json(freeze);
  entry.detail.set("change", change);
  std::vector<store::Change> changes;
  changes.push_back(std::move(row));
  return parts.recorder.commit(entry, std::move(changes));
}

// In force at once, whatever the store does; the answer says whether it is durable.
net::Task<void> freeze(access::TokenService& service, context::FactTable& facts, http::Exchange& exchange) {
  auto body = co_await read_document(exchange);
  auto wanted = body ? freeze_of(*body, true) : Result<context::Freeze>(std::unexpected(body.error()));
  if (!wanted) co_return co_await send_refusal(exchange, std::move(wanted).error(), true);
  if (wanted->until <= service.parts().clock.now())
    co_return co_await send_refusal(
        exchange, {Reason::request_invalid, to_rfc3339(wanted->until), "a time to come", {}, {}}, true);
  wanted->by = "uid " + std::to_string(exchange.peer.uid.value_or(0));
  auto row = facts.freeze(*wanted);
  service.rights_changed();
  auto durable = co_await put_on_record(service, exchange, *wanted, "frozen", store::PutFact{std::move(row)});
  if (!durable) co_return co_await send_refusal(exchange, std::move(durable).error(), true);
  co_await send_json(exchange, 200, freeze_json(*wanted));
}

// Lifted only once that is on record.
net::Task<void> lift(access::TokenService& service, context::FactTable& facts, http::Exchange& exchange) {
  auto body = co_await read_document(exchange);
  auto wanted = body ? freeze_of(*body, false) : Result<context::Freeze>(std::unexpected(body.error()));
  if (!wanted) co_return co_await send_refusal(exchange, std::move(wanted).error(), true);
  const auto in_force = facts.freezes();
  const auto found = std::ranges::find_if(in_force, [&](const context::Freeze& one) {
    return one.issuer == wanted->issuer && one.project == wanted->project && one.environment == wanted->environment;
  });
  if (found == in_force.end())
    co_return co_await send_refusal(exchange, {Reason::not_found, wanted->environment, "a freeze in force", {}, {}},
                                    true);
  auto lifted = *found;
  lifted.why = wanted->why;
  store::DropFact drop{lifted.issuer, lifted.project, std::string(context::Freezes::kKind), lifted.environment};
  auto durable = co_await put_on_record(service, exchange, lifted, "lifted", std::move(drop));
  if (!durable) co_return co_await send_refusal(exchange, std::move(durable).error(), true);
  // Not one that somebody made meanwhile.
  const auto same = [&](const context::Freeze& one) { return one == *found; };
  if (std::ranges::any_of(facts.freezes(), same)) facts.thaw(lifted.issuer, lifted.project, lifted.environment);
  service.rights_changed();
  co_await send_json(exchange, 200, freeze_json(lifted));
}

}  // namespace

void add_freeze_admin(Router& router, access::TokenService& service, context::FactTable& facts) {
  add_for_admin(router, "GET", "/api/v1/freezes", [&facts](http::Exchange& exchange) {
    Json list = Json::array();
    for (const auto& one : facts.freezes()) list.push(freeze_json(one));
    return send_json(exchange, 200, Json::object({{"freezes", std::move(list)}}));
  });
  add_for_admin(router, "POST", "/api/v1/freezes",
                [&](http::Exchange& exchange) { return freeze(service, facts, exchange); });
  add_for_admin(router, "POST", "/api/v1/freezes/lift",
                [&](http::Exchange& exchange) { return lift(service, facts, exchange); });
}

}  // namespace watchword::api
