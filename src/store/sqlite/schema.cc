#include "store/sqlite/schema.h"

#include <array>
#include <string>

namespace watchword::store {
namespace {

// Times are microseconds since 1970, UTC. The partial index holds open sessions only, so that it stays small. Each
// further index costs an exchange about 2 us.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE sessions(
  id TEXT PRIMARY KEY NOT NULL,
  issuer TEXT NOT NULL, job TEXT NOT NULL,
  project TEXT NOT NULL, pipeline TEXT NOT NULL, ref TEXT NOT NULL, environment TEXT NOT NULL, user TEXT NOT NULL,
  opened INTEGER NOT NULL, expires INTEGER NOT NULL, keep_until INTEGER NOT NULL, ended INTEGER,
  end_reason TEXT NOT NULL, document TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX one_open_session_per_job ON sessions(issuer, job) WHERE ended IS NULL;
CREATE INDEX sessions_to_keep ON sessions(keep_until);
CREATE INDEX sessions_of_project ON sessions(project, id);

CREATE TABLE keys(
  kid TEXT PRIMARY KEY NOT NULL, purpose TEXT NOT NULL, algorithm TEXT NOT NULL, state TEXT NOT NULL,
  created INTEGER NOT NULL, activates INTEGER NOT NULL, expires INTEGER NOT NULL, sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE revocations(jti TEXT PRIMARY KEY NOT NULL, expires INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX revocations_by_expiry ON revocations(expires);

CREATE TABLE meta(name TEXT PRIMARY KEY NOT NULL, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE log(idx INTEGER PRIMARY KEY NOT NULL, entry BLOB NOT NULL) STRICT;
)sql";

// What changes while jobs run, and the events that said so.
constexpr const char* kVersion2 = R"sql(
CREATE TABLE facts(
  issuer TEXT NOT NULL, project TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL,
  value TEXT NOT NULL, source TEXT NOT NULL,
  at INTEGER NOT NULL, learned INTEGER NOT NULL, keep_until INTEGER NOT NULL,
  PRIMARY KEY(issuer, project, kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE deliveries(id TEXT PRIMARY KEY NOT NULL, keep_until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_by_end ON deliveries(keep_until);
)sql";

// No query used it: memory is rebuilt in the order of the ids.
constexpr const char* kVersion3 = "DROP INDEX sessions_to_keep;";

// Append only: version N is what the first N scripts make.
constexpr std::array kMigrations{kVersion1, kVersion2, kVersion3};

Status apply(Database& database, std::size_t version) {
  const std::string script = std::string("BEGIN IMMEDIATE;") + kMigrations[version - 1] +
                             "PRAGMA user_version=" + std::to_string(version) + "; COMMIT;";
  auto done = database.run(script.c_str());
  if (!done && database.in_transaction()) WW_CHECK(database.run("ROLLBACK"));
  return done;
}

}  // namespace

Status migrate(Database& database) {
  WW_TRY(const std::int64_t found, database.integer("PRAGMA user_version"));
  const auto newest = static_cast<std::int64_t>(kMigrations.size());
  if (found < 0 || found > newest) {
    auto error = fail(Reason::store_unavailable, "a store of schema version " + std::to_string(found),
                      "at most version " + std::to_string(newest));
    error.error().fix = "start the newer Watchword that wrote this store, or restore a copy from before the upgrade";
    return error;
  }
  if (found == 0) {
    WW_TRY(const std::int64_t tables, database.integer("SELECT count(*) FROM sqlite_schema"));
    if (tables != 0) return fail(Reason::store_unavailable, "a database of another program", "a store of Watchword");
  }
  for (auto version = static_cast<std::size_t>(found) + 1; version <= kMigrations.size(); ++version)
    WW_CHECK(apply(database, version));
  return {};
}

}  // namespace watchword::store
