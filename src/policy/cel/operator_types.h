// Which operators take which types.
#pragma once

#include <optional>
#include <string_view>

#include "policy/cel/checker.h"

namespace watchword::policy::cel {

inline bool compatible(Kind a, Kind b) { return a == b || a == Kind::dyn || b == Kind::dyn; }
// The result's type, or nothing when the operator can never take these two.
std::optional<Type> type_of(Op op, const Type& a, const Type& b);
std::string_view expected_of(Op op);  // for the message: "two ints, two doubles, ..."

}  // namespace watchword::policy::cel
