// The tables, and how a database of an earlier version becomes one of this version.
#pragma once

#include "store/sqlite/database.h"

namespace watchword::store {

// Brings the database to the present schema, one transaction per version (PRAGMA user_version). Refuses a database of a
// newer version and one that is not Watchword's (store_unavailable), and leaves both as they are.
Status migrate(Database& database);

}  // namespace watchword::store
