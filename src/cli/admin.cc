// watchword sessions | keys | freeze | status | policy reload: through the admin socket of a running gate.
#include "base/text.h"
#include "cli/admin_client.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "http/uri.h"
#include "terminal/table.h"

namespace watchword::cli {
namespace {

std::vector<std::string> cells(const Json& row, std::initializer_list<std::string_view> keys) {
  std::vector<std::string> all;
  for (auto key : keys) all.emplace_back(row.string_or(key, "-"));
  return all;
}

// Prints the list under `key` as a table, or the whole answer as JSON.
int print_list(Result<Json> answer, std::string_view key, std::initializer_list<std::string_view> columns,
               const Output& out) {
  if (!answer) return out.error(answer.error());
  if (out.json()) {
    out.value(*answer);
    return kOk;
  }
  std::vector<std::vector<std::string>> rows;
  auto& heading = rows.emplace_back();
  for (auto column : columns) heading.emplace_back(column);
  if (const auto* list = answer->find(key); list && list->array_items())
    for (const auto& row : *list->array_items()) rows.push_back(cells(row, columns));
  terminal::print_table(rows, out);
  if (auto next = answer->string_or("next", ""); !next.empty()) out.line("more: --before " + printable(next));
  return kOk;
}

int print_answer(Result<Json> answer, const Output& out) {
  if (!answer) return out.error(answer.error());
  out.value(*answer);
  return kOk;
}

void add(std::string& query, std::string_view name, const std::string& value) {
  if (value.empty()) return;
  query += query.empty() ? '?' : '&';
  query.append(name).append("=").append(http::percent_encode(value));
}

Json why_body(const std::string& why) { return Json::object({{"why", why}}); }

}  // namespace

int sessions_list(const AdminOptions& admin, const SessionFilter& filter, const Output& out) {
  std::string query;
  add(query, "issuer", filter.issuer);
  add(query, "project", filter.project);
  add(query, "pipeline", filter.pipeline);
  add(query, "job", filter.job);
  add(query, "user", filter.user);
  add(query, "environment", filter.environment);
  add(query, "ended", filter.all ? "true" : "");
  add(query, "before", filter.before);
  add(query, "limit", std::to_string(filter.limit));
  return print_list(expect_ok(ask_admin(admin, "GET", "/api/v1/sessions" + query)), "sessions",
                    {"id", "state", "project", "job", "ref", "environment", "user", "opened", "expires"}, out);
}

int sessions_show(const AdminOptions& admin, const std::string& id, const Output& out) {
  return print_answer(expect_ok(ask_admin(admin, "GET", "/api/v1/sessions/" + http::percent_encode(id))), out);
}

int sessions_end(const AdminOptions& admin, const std::vector<std::string>& ids, const std::string& why,
                 const Output& out) {
  int code = kOk;
  auto body = why_body(why);
  for (const auto& id : ids) {
    auto answer = expect_ok(ask_admin(admin, "POST", "/api/v1/sessions/" + http::percent_encode(id) + "/end", &body));
    if (!answer)
      code = out.error(answer.error());
    else if (out.json())
      out.value(*answer);
    else
      out.line("session " + id + " ended");
  }
  return code;
}

int sessions_end_matching(const AdminOptions& admin, const SessionFilter& filter, const std::string& why,
                          const Output& out) {
  auto body = why_body(why);
  for (auto [name, value] : {std::pair("issuer", &filter.issuer),
                             {"project", &filter.project},
                             {"pipeline", &filter.pipeline},
                             {"job", &filter.job},
                             {"user", &filter.user},
                             {"environment", &filter.environment}})
    if (!value->empty()) body.set(name, *value);
  if (filter.all) body.set("all", true);
  if (filter.all && body.members()->size() > 2)
    return out.error({Reason::usage_invalid, "--all with a filter", "--all, or filters such as --project", {}, {}});
  if (body.members()->size() == 1)
    return out.error(
        {Reason::usage_invalid, "no session", "session ids, a filter such as --project, or --all", {}, {}});
  auto answer = expect_ok(ask_admin(admin, "POST", "/api/v1/sessions/end", &body));
  if (!answer || out.json()) return print_answer(std::move(answer), out);
  const auto* ended = answer->find_integer("ended");
  out.line(std::to_string(ended ? *ended : 0) + " sessions ended");
  return kOk;
}

int freeze(const AdminOptions& admin, const FreezeOptions& options, const Output& out) {
  const auto scope =
      options.project.empty() ? "everywhere" : "for " + printable(options.project + " (" + options.issuer + ")");
  if (!options.lift && options.until.empty())
    return out.error({Reason::usage_invalid, "neither --until nor --lift", "one of them", {}, {}});
  if (auto until = time_or_now(options.until); !until) return out.error(until.error());
  auto body = why_body(options.why);
  body.set("environment", options.environment);
  if (!options.lift) body.set("until", options.until);
  if (!options.issuer.empty()) body.set("issuer", options.issuer);
  if (!options.project.empty()) body.set("project", options.project);
  auto answer = expect_ok(ask_admin(admin, "POST", options.lift ? "/api/v1/freezes/lift" : "/api/v1/freezes", &body));
  if (!answer && options.lift && answer.error().reason == Reason::not_found)
    return out.error({Reason::not_found,
                      "a freeze of " + options.environment + " " + scope,
                      "a freeze in force",
                      {},
                      "no such freeze is in force: see 'watchword freezes'"});
  if (!answer || out.json()) return print_answer(std::move(answer), out);
  const auto environment = printable(options.environment);
  out.line(options.lift ? "the freeze of " + environment + " " + scope + " is lifted"
                        : environment + " is frozen until " + printable(answer->string_or("until", "")) + " " + scope);
  return kOk;
}

int freezes(const AdminOptions& admin, const Output& out) {
  auto answer = expect_ok(ask_admin(admin, "GET", "/api/v1/freezes"));
  const auto* list = answer ? answer->find("freezes") : nullptr;
  if (!out.json() && list && list->array_items() && list->array_items()->empty()) {
    out.line("no freeze is set by people; the policy's windows are in the policy");
    return kOk;
  }
  return print_list(std::move(answer), "freezes", {"environment", "issuer", "project", "until", "by", "why"}, out);
}

int keys_list(const AdminOptions& admin, const Output& out) {
  return print_list(expect_ok(ask_admin(admin, "GET", "/api/v1/keys")), "keys",
                    {"kid", "algorithm", "state", "created", "activates", "expires"}, out);
}

int keys_rotate(const AdminOptions& admin, const std::string& why, const Output& out) {
  auto body = why_body(why);
  return print_answer(expect_ok(ask_admin(admin, "POST", "/api/v1/keys/rotate", &body)), out);
}

int keys_retire(const AdminOptions& admin, const std::string& kid, const std::string& why, const Output& out) {
  auto body = why_body(why);
  return print_answer(
      expect_ok(ask_admin(admin, "POST", "/api/v1/keys/" + http::percent_encode(kid) + "/retire", &body)), out);
}

int status(const AdminOptions& admin, const Output& out) {
  return print_answer(expect_ok(ask_admin(admin, "GET", "/api/v1/status")), out);
}

int policy_reload(const AdminOptions& admin, const Output& out) {
  Json nothing = Json::object();
  auto reply = ask_admin(admin, "POST", "/api/v1/policy/reload", &nothing);
  if (reply && reply->status / 100 != 2) return out.errors(job::errors_from(*reply));
  return print_answer(expect_ok(std::move(reply)), out);
}

}  // namespace watchword::cli
