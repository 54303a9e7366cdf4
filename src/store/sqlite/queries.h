// The reads of store.h as SQL, each on a connection of the caller's.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/sqlite/database.h"
#include "store/store.h"

namespace watchword::store {

Result<std::vector<SessionRow>> find_sessions(Database& database, const SessionQuery& query);
Result<std::optional<SessionRow>> find_session(Database& database, std::string_view id);
Status each_session_in_memory(Database& database, Time now, const std::function<void(SessionRow)>& each);
Result<std::vector<KeyRow>> all_keys(Database& database);
Result<std::vector<Revocation>> live_revocations(Database& database, Time now);
Status each_fact(Database& database, Time now, const std::function<void(FactRow)>& each);
Result<std::vector<Delivery>> live_deliveries(Database& database, Time now);
Result<std::optional<std::string>> find_meta(Database& database, std::string_view name);
Result<std::vector<std::string>> read_log(Database& database, std::uint64_t from, std::size_t at_most);
// Entries in the log. log_incomplete when its indexes are not 0, 1, 2, ... at both ends.
Result<std::uint64_t> count_log(Database& database);

}  // namespace watchword::store
