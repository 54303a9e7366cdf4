// How rows become structs and back: the one place that knows the order of the columns.
#pragma once

#include <string_view>

#include "store/sqlite/database.h"
#include "store/store.h"

namespace watchword::store {

inline constexpr std::string_view kSessionColumns =
    "id,issuer,job,project,pipeline,ref,environment,user,opened,expires,keep_until,ended,end_reason,document";
inline constexpr std::string_view kKeyColumns = "kid,purpose,algorithm,state,created,activates,expires,sealed";

inline constexpr std::string_view kFactColumns = "issuer,project,kind,key,value,source,at,learned,keep_until";

inline std::int64_t to_column(Time time) { return time.time_since_epoch().count(); }
inline Time to_time(std::int64_t column) { return Time(Duration(column)); }

void bind_session(Statement& statement, const SessionRow& row);  // parameters 1 to 14
SessionRow read_session(const Statement& statement);
void bind_key(Statement& statement, const KeyRow& row);  // parameters 1 to 8
KeyRow read_key(const Statement& statement);
void bind_fact(Statement& statement, const FactRow& row);  // parameters 1 to 9
FactRow read_fact(const Statement& statement);

}  // namespace watchword::store
