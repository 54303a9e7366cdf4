#include "store/sqlite/queries.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "store/sqlite/rows.h"

namespace watchword::store {
namespace {

std::int64_t to_limit(std::uint64_t limit) {
  return static_cast<std::int64_t>(std::min<std::uint64_t>(limit, std::numeric_limits<std::int64_t>::max()));
}

std::string select_sessions() { return "SELECT " + std::string(kSessionColumns) + " FROM sessions"; }

template <class Row>
Status visit(Statement& statement, Row (*read)(const Statement&), const std::function<void(Row)>& each) {
  for (;;) {
    WW_TRY(const bool more, statement.step());
    if (!more) return {};
    each(read(statement));
  }
}

template <class Row>
Result<std::vector<Row>> collect(Statement& statement, Row (*read)(const Statement&)) {
  std::vector<Row> rows;
  WW_CHECK(visit<Row>(statement, read, [&rows](Row row) { rows.push_back(std::move(row)); }));
  return rows;
}

}  // namespace

Result<std::vector<SessionRow>> find_sessions(Database& database, const SessionQuery& query) {
  const std::pair<const char*, std::string_view> filters[] = {
      {" AND issuer=?", query.issuer}, {" AND project=?", query.project}, {" AND pipeline=?", query.pipeline},
      {" AND job=?", query.job},       {" AND user=?", query.user},       {" AND environment=?", query.environment},
      {" AND id<?", query.before}};
  std::string sql = select_sessions() + (query.include_ended ? " WHERE 1" : " WHERE ended IS NULL");
  for (const auto& [clause, value] : filters)
    if (!value.empty()) sql += clause;
  WW_TRY(Statement statement, database.prepare(sql + " ORDER BY id DESC LIMIT ?"));
  int parameter = 0;
  for (const auto& [clause, value] : filters)
    if (!value.empty()) statement.bind(++parameter, value);
  statement.bind(++parameter, to_limit(query.limit));
  return collect(statement, read_session);
}

Result<std::optional<SessionRow>> find_session(Database& database, std::string_view id) {
  WW_TRY(Statement statement, database.prepare(select_sessions() + " WHERE id=?1"));
  WW_TRY(const bool found, statement.bind(1, id).step());
  return found ? std::optional(read_session(statement)) : std::nullopt;
}

Status each_session_in_memory(Database& database, Time now, const std::function<void(SessionRow)>& each) {
  WW_TRY(Statement statement,
         database.prepare(select_sessions() + " WHERE keep_until>?1 OR ended IS NULL ORDER BY id"));
  statement.bind(1, to_column(now));
  return visit(statement, read_session, each);
}

Status each_fact(Database& database, Time now, const std::function<void(FactRow)>& each) {
  WW_TRY(Statement statement,
         database.prepare("SELECT " + std::string(kFactColumns) + " FROM facts WHERE keep_until>?1"));
  statement.bind(1, to_column(now));
  return visit(statement, read_fact, each);
}

Result<std::vector<Delivery>> live_deliveries(Database& database, Time now) {
  WW_TRY(Statement statement, database.prepare("SELECT id,keep_until FROM deliveries WHERE keep_until>?1"));
  statement.bind(1, to_column(now));
  return collect<Delivery>(statement, [](const Statement& s) { return Delivery{s.text(0), to_time(s.integer(1))}; });
}

Result<std::vector<KeyRow>> all_keys(Database& database) {
  WW_TRY(Statement statement,
         database.prepare("SELECT " + std::string(kKeyColumns) + " FROM keys ORDER BY created, kid"));
  return collect(statement, read_key);
}

Result<std::vector<Revocation>> live_revocations(Database& database, Time now) {
  WW_TRY(Statement statement,
         database.prepare("SELECT jti,expires FROM revocations WHERE expires>?1 ORDER BY expires"));
  statement.bind(1, to_column(now));
  return collect<Revocation>(statement,
                             [](const Statement& s) { return Revocation{s.text(0), to_time(s.integer(1))}; });
}

Result<std::optional<std::string>> find_meta(Database& database, std::string_view name) {
  WW_TRY(Statement statement, database.prepare("SELECT value FROM meta WHERE name=?1"));
  WW_TRY(const bool found, statement.bind(1, name).step());
  return found ? std::optional(statement.text(0)) : std::nullopt;
}

Result<std::vector<std::string>> read_log(Database& database, std::uint64_t from, std::size_t at_most) {
  WW_TRY(Statement statement, database.prepare("SELECT idx,entry FROM log WHERE idx>=?1 ORDER BY idx LIMIT ?2"));
  statement.bind(1, to_limit(from)).bind(2, to_limit(at_most));
  std::vector<std::string> entries;
  for (;;) {
    WW_TRY(const bool more, statement.step());
    if (!more) return entries;
    const std::uint64_t expected = from + entries.size();
    if (static_cast<std::uint64_t>(statement.integer(0)) != expected)
      return fail(Reason::log_incomplete, "no such entry", {}, "entry " + std::to_string(expected) + " of the store");
    entries.push_back(statement.text(1));
  }
}

Result<std::uint64_t> count_log(Database& database) {
  WW_TRY(const std::int64_t first, database.integer("SELECT min(idx) FROM log"));
  WW_TRY(const std::int64_t end, database.integer("SELECT max(idx)+1 FROM log"));
  if (first != 0)
    return fail(Reason::log_incomplete, "a log that begins at entry " + std::to_string(first), "entry 0", "the store");
  return static_cast<std::uint64_t>(end);
}

}  // namespace watchword::store
