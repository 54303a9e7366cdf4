#include "store/sqlite/read_pool.h"

namespace watchword::store {
namespace {

constexpr std::size_t kMostIdle = 8;  // connections kept; each holds a page cache of up to 2 MB

}  // namespace

Result<Database> ReadPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      Database database = std::move(idle_.back());
      idle_.pop_back();
      return database;
    }
  }
  WW_TRY(Database database, Database::open(path_));
  WW_CHECK(database.run("PRAGMA query_only=ON"));
  return database;
}

void ReadPool::give_back(Database database) {
  const std::lock_guard lock(mutex_);
  if (idle_.size() < kMostIdle) idle_.push_back(std::move(database));
}

}  // namespace watchword::store
