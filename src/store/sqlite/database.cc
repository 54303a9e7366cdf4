#include "store/sqlite/database.h"

#include <sqlite3.h>

namespace watchword::store {
namespace {

constexpr int kBusyMilliseconds = 5000;

std::unexpected<Error> failure(sqlite3* database, int code) {
  const bool constraint = (code & 0xff) == SQLITE_CONSTRAINT;
  // The connection's message names the columns; it never holds a value.
  const char* text =
      database != nullptr && sqlite3_errcode(database) != SQLITE_OK ? sqlite3_errmsg(database) : sqlite3_errstr(code);
  return fail(constraint ? kConstraintBroken : Reason::store_unavailable, text);
}

const char* not_null(std::string_view text) { return text.data() == nullptr ? "" : text.data(); }

}  // namespace

void Statement::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

void Statement::note(int code) {
  if (code != SQLITE_OK && bind_failure_ == SQLITE_OK) bind_failure_ = code;
}

// SQLITE_STATIC (a null destructor): SQLite reads the caller's bytes, it does not copy them.
Statement& Statement::bind(int parameter, std::string_view text) {
  note(sqlite3_bind_text64(statement_.get(), parameter, not_null(text), text.size(), nullptr, SQLITE_UTF8));
  return *this;
}

Statement& Statement::bind(int parameter, std::int64_t integer) {
  note(sqlite3_bind_int64(statement_.get(), parameter, integer));
  return *this;
}

Statement& Statement::bind_blob(int parameter, std::string_view bytes) {
  note(sqlite3_bind_blob64(statement_.get(), parameter, not_null(bytes), bytes.size(), nullptr));
  return *this;
}

Statement& Statement::bind_null(int parameter) {
  note(sqlite3_bind_null(statement_.get(), parameter));
  return *this;
}

Result<bool> Statement::step() {
  sqlite3* database = sqlite3_db_handle(statement_.get());
  if (bind_failure_ != SQLITE_OK) return failure(nullptr, bind_failure_);
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return failure(database, code);
}

Status Statement::run() {
  auto row = step();
  reset();
  if (!row) return std::unexpected(std::move(row).error());
  return {};
}

void Statement::reset() {
  sqlite3_reset(statement_.get());  // repeats the code of the last step, which step() has already returned
  bind_failure_ = SQLITE_OK;
}

std::string Statement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(statement_.get(), column); }

bool Statement::is_null(int column) const { return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL; }

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Result<Database> Database::open(const std::string& path) {
  sqlite3* handle = nullptr;
  // NOMUTEX: each connection is used by one thread at a time, as this class says.
  const int code = sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  Database database(handle);
  if (code != SQLITE_OK) {
    auto error = failure(handle, code);
    error.error().where = path;
    return error;
  }
  sqlite3_busy_timeout(handle, kBusyMilliseconds);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  return database;
}

Result<Statement> Database::prepare(std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(database_.get(), sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return failure(database_.get(), code);
  return Statement(statement);
}

Status Database::run(const char* sql) {
  const int code = sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(database_.get(), code);
  return {};
}

Result<std::int64_t> Database::integer(std::string_view sql) {
  WW_TRY(Statement statement, prepare(sql));
  WW_TRY(const bool row, statement.step());
  return row ? statement.integer(0) : 0;
}

bool Database::in_transaction() const { return sqlite3_get_autocommit(database_.get()) == 0; }

}  // namespace watchword::store
