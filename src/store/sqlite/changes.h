// Applies batches on the writer's connection, with statements that are prepared once.
#pragma once

#include <vector>

#include "store/sqlite/database.h"
#include "store/store.h"

namespace watchword::store {

class Changes {
 public:
  static Result<Changes> prepare(Database& database);

  // The whole batch, its entries from index `first` on. Within the caller's transaction; after an error the caller
  // rolls back. Revocations that ended before `forget_before` go when a new one is written.
  Status apply(const Batch& batch, std::uint64_t first, Time forget_before);

 private:
  explicit Changes(std::vector<Statement> statements) : statements_(std::move(statements)) {}
  Status apply(const Change& change, Time forget_before);
  std::vector<Statement> statements_;  // by Sql, in changes.cc
};

}  // namespace watchword::store
