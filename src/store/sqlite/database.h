// Thin RAII over sqlite3: a connection and its prepared statements. One thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

namespace watchword::store {

// Errors of this file are store_unavailable, except for a broken constraint: that is the fault of what was asked, not
// of the store.
inline constexpr Reason kConstraintBroken = Reason::internal;

// Belongs to the Database that prepared it, and must not outlive it.
class Statement {
 public:
  // Parameters are counted from 1. What is bound must stay until the statement is reset. A failure shows at step().
  Statement& bind(int parameter, std::string_view text);
  Statement& bind(int parameter, std::int64_t integer);
  Statement& bind_blob(int parameter, std::string_view bytes);
  Statement& bind_null(int parameter);

  Result<bool> step();  // true: there is a row
  Status run();         // for what returns no rows: steps and resets
  void reset();

  // Of the present row; columns are counted from 0.
  std::string text(int column) const;
  std::int64_t integer(int column) const;
  bool is_null(int column) const;

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Statement(sqlite3_stmt* statement) : statement_(statement) {}
  void note(int code);
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  int bind_failure_ = 0;
};

class Database {
 public:
  // A path, or ":memory:". The file must exist.
  static Result<Database> open(const std::string& path);

  Result<Statement> prepare(std::string_view sql);
  Status run(const char* sql);  // any number of statements that return no rows
  // The first column of the first row; 0 when there is none, or it is null.
  Result<std::int64_t> integer(std::string_view sql);
  bool in_transaction() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  explicit Database(sqlite3* database) : database_(database) {}
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace watchword::store
