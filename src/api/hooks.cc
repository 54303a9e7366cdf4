#include "api/hooks.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "access/request_origin.h"
#include "api/body_budget.h"
#include "api/reply.h"
#include "context/gitlab_event.h"
#include "http/problem.h"

namespace watchword::api {
namespace {

using context::HookScope;

constexpr std::string_view kHooks = "/hooks/";
constexpr std::size_t kMaxRead = 25 << 20;  // what GitLab sends at most; beyond kMaxGitlabEvent it is not held
constexpr auto kReadTime = std::chrono::seconds(30);

struct Budgets {
  explicit Budgets(std::size_t bytes) : vouched(bytes / 2), unproven(bytes / 2) {}
  BodyBudget vouched, unproven;
};

struct Door {
  HookSource source;
  HookParts parts;
  std::shared_ptr<Budgets> budgets;

  context::WebhookSecrets secrets_of(const HookScope& scope) const {
    return context::derive(source.secrets, source.issuer, scope);
  }
};

Result<context::WebhookHeaders> read_headers(const http::Headers& headers) {
  context::WebhookHeaders found;
  for (auto [name, place] : {std::pair("webhook-id", &found.id),
                             {"webhook-timestamp", &found.timestamp},
                             {"webhook-signature", &found.signature},
                             {"x-gitlab-token", &found.token},
                             {"idempotency-key", &found.idempotency_key},
                             {"x-gitlab-event-uuid", &found.event_uuid}}) {
    if (headers.count(name) > 1) return fail(Reason::request_invalid, "two headers " + std::string(name), "one");
    *place = headers.find(name);
  }
  return found;
}

std::string_view name(context::Intake::Taken taken) {
  switch (taken) {
    case context::Intake::Taken::applied:
      return "applied";
    case context::Intake::Taken::duplicate:
      return "duplicate";
  }
  std::unreachable();
}

// Puts a refusal on record.
access::Recorder::Told note(const Door& door, const HookScope& scope, const http::Exchange& exchange, Error error) {
  auto entry = door.parts.recorder.start(audit::Event::event_refused,
                                         access::origin_of(exchange.request, exchange.peer, door.parts.random));
  entry.detail = Json::object({{"issuer", door.source.issuer}});
  if (scope.kind != HookScope::Kind::issuer) entry.detail.set("hook", scope.to_text());
  access::Recorder::describe(entry, error);
  return door.parts.recorder.queue_refusal(std::move(entry), std::move(error), false);
}

// Shows the body to `incoming` piece by piece. nullopt: it is larger than what is taken, and was read to its end.
net::Task<Result<std::optional<std::string>>> read_body(http::Body& body, context::IncomingWebhook& incoming,
                                                        std::size_t reserved) {
  const auto deadline = net::Steady::now() + kReadTime;
  std::uint64_t size = 0;
  std::string held;
  held.reserve(reserved);  // growing would take more than that
  while (true) {
    if (std::max(size, body.length().value_or(0)) > kMaxRead)
      co_return fail(Reason::http_too_large, "a longer body", "at most " + std::to_string(kMaxRead) + " bytes");
    WW_CO_TRY(const std::string_view piece, co_await body.next());
    if (piece.empty()) break;
    incoming.add(piece);
    size += piece.size();
    if (size <= reserved)
      held.append(piece);
    else
      std::string().swap(held);
    if (net::Steady::now() >= deadline)
      co_return fail(Reason::http_timeout, std::to_string(size) + " bytes of a body so far", "all of it in time");
  }
  if (size > reserved) co_return std::nullopt;
  co_return held;
}

struct Received {
  std::string delivery;  // its id
  Result<std::vector<context::Change>> changes;
};

// An event of a sender who is known.
net::Task<Result<Received>> receive_event(const Door& door, const HookScope& scope, http::Exchange& exchange) {
  WW_CO_TRY(const auto headers, read_headers(exchange.request.headers));
  const auto now = door.parts.clock.now();
  WW_CO_TRY(auto incoming, context::IncomingWebhook::open(door.secrets_of(scope), headers, now));
  const auto announced = exchange.body.length().value_or(context::kMaxGitlabEvent);
  const std::size_t held = announced > context::kMaxGitlabEvent ? 0 : announced;
  auto& budget = incoming.vouched() ? door.budgets->vouched : door.budgets->unproven;
  WW_CO_TRY(const auto reservation, budget.reserve(held));
  WW_CO_TRY(const auto body, co_await read_body(exchange.body, incoming, held));
  WW_CO_TRY(std::string delivery, incoming.finish());
  // An id is one hook's own, so that no hook can use up another's.
  if (scope.kind != HookScope::Kind::issuer) delivery.insert(0, scope.to_path().substr(1) + "/");
  if (!body)
    co_return Received{std::move(delivery), fail(Reason::http_too_large, "a longer body",
                                                 "at most " + std::to_string(context::kMaxGitlabEvent) + " bytes")};
  co_return Received{std::move(delivery), context::parse_gitlab_event(*body, now)};
}

// Whether the hook may say this; all changes are of one project. A path that the event names counts for nothing:
// whoever has the secret of one group could write it beside the id of another group's project.
net::Task<Status> check_scope(const Door& door, const HookScope& scope, const std::vector<context::Change>& changes) {
  if (scope.kind == HookScope::Kind::issuer || changes.empty()) co_return Status{};
  const std::string& project = changes.front().project_id;
  if (scope.kind == HookScope::Kind::project) {
    if (project == scope.id) co_return Status{};
    co_return fail(Reason::webhook_out_of_scope, "an event of project " + project, "one of " + scope.to_text());
  }
  if (door.parts.groups == nullptr)
    co_return fail(Reason::webhook_out_of_scope, "the hook of a group", "hooks of projects, or of the instance");
  co_return co_await door.parts.groups->check(door.source.issuer, scope.id, project);
}

std::string_view acknowledged_as(Reason reason) {
  if (reason == Reason::http_too_large) return "too_large";
  return reason == Reason::webhook_out_of_scope ? "out_of_scope" : "malformed";
}

net::Task<Result<std::string_view>> take(const Door& door, const HookScope& scope, http::Exchange& exchange) {
  WW_CO_TRY(auto event, co_await receive_event(door, scope, exchange));
  if (event.changes) {
    auto fits = co_await check_scope(door, scope, *event.changes);
    if (!fits && fits.error().reason != Reason::webhook_out_of_scope) co_return std::unexpected(fits.error());
    if (!fits) event.changes = std::unexpected(std::move(fits).error());
  }
  if (!event.changes) {
    // From a sender that is known: refused here, and acknowledged, as GitLab disables a hook whose deliveries fail, and
    // whoever could make one odd event would have shut everybody's out.
    const auto as = acknowledged_as(event.changes.error().reason);
    note(door, scope, exchange, std::move(event.changes).error());
    co_return as;
  }
  if (event.changes->empty()) co_return "ignored";
  WW_CO_TRY(const auto taken,
            co_await door.parts.intake.take(door.source.issuer, event.delivery, *std::move(event.changes)));
  co_return name(taken);
}

net::Task<void> refuse(http::Exchange& exchange, const access::Recorder::Told& told) {
  const int status = http::status_of(told.error.reason);
  http::Headers extra;
  if (told.error.reason == Reason::overloaded) extra.set("retry-after", "5");
  static_cast<void>(co_await http::send_problem(exchange.reply, status, http::problem(told.error, false, told.record),
                                                std::move(extra)));
}

net::Task<void> receive(std::shared_ptr<const Door> door, http::Exchange& exchange) {
  const auto path = exchange.request.path().substr(kHooks.size() + door->source.issuer.size());
  const auto scope = HookScope::from_path(path);
  if (!scope) {
    static_cast<void>(
        co_await http::send_problem(exchange.reply, 404, http::problem({Reason::not_found, {}, {}, {}, {}}, false)));
    co_return;
  }
  auto taken = co_await take(*door, *scope, exchange);
  if (taken) co_return co_await send_json(exchange, 200, Json::object({{"event", *taken}}));
  co_await refuse(exchange, note(*door, *scope, exchange, std::move(taken).error()));
}

}  // namespace

void add_hooks(Router& router, std::vector<HookSource> sources, HookParts parts) {
  const auto budgets = std::make_shared<Budgets>(parts.buffered);
  for (auto& source : sources) {
    const std::string path = std::string(kHooks) + source.issuer;
    auto door = std::make_shared<const Door>(std::move(source), parts, budgets);
    for (const auto& at : {path, path + "/"})
      router.add("POST", at, [door](http::Exchange& exchange) { return receive(door, exchange); });
  }
}

}  // namespace watchword::api
