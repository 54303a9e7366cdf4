#include "api/hooks.h"

#include <memory>

#include "access/request_origin.h"
#include "api/reply.h"
#include "context/gitlab_event.h"

namespace watchword::api {
namespace {

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
access::Recorder::Told note(const HookSource& source, const HookParts& parts, const http::Exchange& exchange,
                            Error error) {
  auto entry = parts.recorder.start(audit::Event::event_refused,
                                    access::origin_of(exchange.request, exchange.peer, parts.random));
  entry.detail = Json::object({{"issuer", source.issuer}});
  access::Recorder::describe(entry, error);
  return parts.recorder.queue_refusal(std::move(entry), std::move(error), false);
}

net::Task<Result<std::string_view>> take(const HookSource& source, const HookParts& parts, http::Exchange& exchange) {
  WW_CO_TRY(const auto headers, read_headers(exchange.request.headers));
  WW_CO_TRY(const std::string body, co_await http::read_all(exchange.body, context::kMaxGitlabEvent));
  const auto now = parts.clock.now();
  WW_CO_TRY(const std::string delivery, context::authenticate_webhook(source.secrets, headers, body, now));
  auto changes = context::parse_gitlab_event(body, now);
  if (!changes) {
    // From a sender that is known: refused here, and acknowledged, as GitLab disables a hook whose deliveries fail, and
    // whoever can make one odd event would have shut everybody's out.
    note(source, parts, exchange, std::move(changes).error());
    co_return "malformed";
  }
  if (changes->empty()) co_return "ignored";
  WW_CO_TRY(const auto taken, co_await parts.intake.take(source.issuer, delivery, *std::move(changes)));
  co_return name(taken);
}

net::Task<void> receive(std::shared_ptr<const HookSource> source, HookParts parts, http::Exchange& exchange) {
  auto taken = co_await take(*source, parts, exchange);
  if (taken) co_return co_await send_json(exchange, 200, Json::object({{"event", *taken}}));
  auto told = note(*source, parts, exchange, std::move(taken).error());
  co_await send_refusal(exchange, std::move(told.error), false, told.record);
}

}  // namespace

void add_hooks(Router& router, std::vector<HookSource> sources, HookParts parts) {
  for (auto& source : sources) {
    const std::string path = "/hooks/" + source.issuer;
    auto shared = std::make_shared<const HookSource>(std::move(source));
    router.add("POST", path, [shared, parts](http::Exchange& exchange) { return receive(shared, parts, exchange); });
  }
}

}  // namespace watchword::api
