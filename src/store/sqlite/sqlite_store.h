// The store in one SQLite file, the default. WAL and synchronous=FULL: what was acknowledged survives a power cut.
#pragma once

#include <memory>
#include <string>

#include "store/store.h"

namespace watchword::store {

// The file and its folder are made when they are not there, for this user only; `path` + ".lock" keeps other processes
// out. store_unavailable when it cannot be opened, is in use, or is of another schema.
Result<std::unique_ptr<Store>> open_sqlite_file(const std::string& path, const StoreOptions& options);
// Gone when closed. Reads and writes take turns. For tests and for `watchword dev`.
Result<std::unique_ptr<Store>> open_sqlite_in_memory(const StoreOptions& options);

}  // namespace watchword::store
