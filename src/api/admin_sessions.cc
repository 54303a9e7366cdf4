// GET /api/v1/sessions, GET /api/v1/sessions/{id}, POST /api/v1/sessions/{id}/end, POST /api/v1/sessions/end.
#include <charconv>

#include "api/admin.h"
#include "api/end_filter.h"
#include "api/reply.h"
#include "http/uri.h"

namespace watchword::api {
namespace {

constexpr std::string_view kSessions = "/api/v1/sessions/";
constexpr std::string_view kEnd = "/end";
constexpr std::size_t kMostPerPage = 1000;

std::string_view state_of(const store::SessionRow& row, Time now) {
  if (row.ended) return "ended";
  return now >= row.expires ? "expired" : "open";
}

Json session_json(const store::SessionRow& row, Time now) {
  auto json = Json::object({{"id", row.id},
                            {"state", state_of(row, now)},
                            {"issuer", row.issuer},
                            {"opened", to_rfc3339(row.opened)},
                            {"expires", to_rfc3339(row.expires)}});
  auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) json.set(name, value);
  };
  add("job", row.job);
  add("project", row.project);
  add("pipeline", row.pipeline);
  add("ref", row.ref);
  add("environment", row.environment);
  add("user", row.user);
  if (row.ended) json.set("ended", to_rfc3339(*row.ended));
  add("end_reason", row.end_reason);
  return json;
}

Result<std::size_t> number(const std::string& text) {
  std::size_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value == 0 || value > kMostPerPage)
    return fail(Reason::request_invalid, "limit=" + text, "1 to 1000");
  return value;
}

Result<store::SessionQuery> query_of(std::string_view text) {
  store::SessionQuery query;
  if (text.empty()) return query;
  WW_TRY(auto form, http::parse_form(text));
  for (const auto& [name, value] : form) {
    if (name == "limit") {
      WW_TRY(query.limit, number(value));
    } else if (name == "ended") {
      if (value != "true" && value != "false") return fail(Reason::request_invalid, "ended=" + value, "true or false");
      query.include_ended = value == "true";
    } else {
      std::string* field = name == "issuer"        ? &query.issuer
                           : name == "project"     ? &query.project
                           : name == "pipeline"    ? &query.pipeline
                           : name == "job"         ? &query.job
                           : name == "user"        ? &query.user
                           : name == "environment" ? &query.environment
                           : name == "before"      ? &query.before
                                                   : nullptr;
      if (!field)
        return fail(Reason::request_invalid, name,
                    "issuer, project, pipeline, job, user, environment, before, limit or ended");
      *field = value;
    }
  }
  return query;
}

net::Task<void> list_sessions(access::TokenService& service, store::Store& store, http::Exchange& exchange) {
  auto query = query_of(exchange.request.query());
  if (!query) co_return co_await send_refusal(exchange, std::move(query).error(), true);
  auto rows = store.sessions(*query);
  if (!rows) co_return co_await send_refusal(exchange, std::move(rows).error(), true);
  auto now = service.parts().clock.now();
  Json sessions = Json::array();
  for (const auto& row : *rows) sessions.push(session_json(row, now));
  auto body = Json::object({{"sessions", std::move(sessions)}});
  if (rows->size() == query->limit) body.set("next", rows->back().id);  // to be sent as `before`
  co_await send_json(exchange, 200, std::move(body));
}

net::Task<void> show_session(access::TokenService& service, store::Store& store, http::Exchange& exchange) {
  std::string id(exchange.request.path().substr(kSessions.size()));
  auto row = store.session(id);
  if (!row) co_return co_await send_refusal(exchange, std::move(row).error(), true);
  if (!*row) co_return co_await send_refusal(exchange, {Reason::not_found, id, "the id of a session", {}, {}}, true);
  auto body = session_json(**row, service.parts().clock.now());
  if (auto identity = parse_json((*row)->document)) body.set("identity", *std::move(identity));
  co_await send_json(exchange, 200, std::move(body));
}

net::Task<void> end_session(access::TokenService& service, http::Exchange& exchange) {
  auto path = exchange.request.path().substr(kSessions.size());
  if (!path.ends_with(kEnd)) co_return co_await send_refusal(exchange, {Reason::not_found, {}, {}, {}, {}}, true);
  std::string id(path.substr(0, path.size() - kEnd.size()));
  auto why = co_await read_why(exchange);
  if (!why) co_return co_await send_refusal(exchange, std::move(why).error(), true);
  const auto& parts = service.parts();
  auto session = parts.sessions.find(id);
  if (!session)
    co_return co_await send_refusal(exchange, {Reason::not_found, id, "the id of a session of this gate", {}, {}},
                                    true);
  auto origin = access::origin_of(exchange.request, exchange.peer, parts.random);
  auto ended = co_await service.end_session(session, access::SessionEnd::revoked, *std::move(why), origin);
  if (!ended) co_return co_await send_refusal(exchange, std::move(ended).error(), true);
  co_await send_json(exchange, 200, session_json(session->to_row(), parts.clock.now()));
}

// {"why": ..., and at least one of the filters of the list, or "all": true}. All that match are refused before the
// answer is sent; `ended` says how many there were.
net::Task<void> end_matching(access::TokenService& service, http::Exchange& exchange) {
  auto filter = co_await read_end_filter(exchange);
  if (!filter) co_return co_await send_refusal(exchange, std::move(filter).error(), true);
  const auto& parts = service.parts();
  std::vector<std::shared_ptr<access::Session>> matching;
  parts.sessions.each([&](const std::shared_ptr<access::Session>& session) {
    if (!session->ended() && filter->matches(*session)) matching.push_back(session);
  });
  const auto count = static_cast<std::int64_t>(matching.size());
  auto origin = access::origin_of(exchange.request, exchange.peer, parts.random);
  auto ended = co_await service.end_sessions(std::move(matching), access::SessionEnd::revoked, filter->why, origin);
  if (!ended) co_return co_await send_refusal(exchange, std::move(ended).error(), true);
  co_await send_json(exchange, 200, Json::object({{"ended", count}}));
}

}  // namespace

void add_session_admin(Router& router, access::TokenService& service, store::Store& store) {
  add_for_admin(router, "GET", "/api/v1/sessions",
                [&](http::Exchange& exchange) { return list_sessions(service, store, exchange); });
  add_for_admin(router, "GET", std::string(kSessions),
                [&](http::Exchange& exchange) { return show_session(service, store, exchange); });
  add_for_admin(router, "POST", "/api/v1/sessions/end",
                [&](http::Exchange& exchange) { return end_matching(service, exchange); });
  add_for_admin(router, "POST", std::string(kSessions),
                [&](http::Exchange& exchange) { return end_session(service, exchange); });
}

}  // namespace watchword::api
