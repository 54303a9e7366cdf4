// Connections for reading, so that no read waits for the writer (WAL): as many as there are reads at one time.
#pragma once

#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "store/sqlite/database.h"
#include "store/sqlite/writer.h"

namespace watchword::store {

class ReadPool {
 public:
  explicit ReadPool(std::string path) : path_(std::move(path)) {}
  // A store in memory has one connection; its reads take turns with the writer.
  explicit ReadPool(WriterConnection& only) : only_(&only) {}

  // Calls `read(Database&)`, which returns some Result, with a connection of its own. Any thread.
  template <class Read>
  auto with(Read&& read) -> decltype(read(std::declval<Database&>())) {
    if (only_ != nullptr) {
      const std::lock_guard lock(only_->mutex);
      return read(only_->database);
    }
    WW_TRY(Database database, take());
    auto result = read(database);
    give_back(std::move(database));
    return result;
  }

 private:
  Result<Database> take();
  void give_back(Database database);

  const std::string path_;
  WriterConnection* const only_ = nullptr;
  std::mutex mutex_;
  std::vector<Database> idle_;
};

}  // namespace watchword::store
