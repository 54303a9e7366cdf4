// The bounds of what a resource's `timeouts` may say, of HTTP and TCP resources alike.
#pragma once

#include <chrono>

#include "base/clock.h"

namespace watchword::policy {

inline constexpr Duration kShortestWait = std::chrono::milliseconds(1), kLongestWait = std::chrono::hours(1);
// `stream`: of one request, stream or tunnel as a whole.
inline constexpr Duration kShortestStream = std::chrono::seconds(1), kLongestStream = std::chrono::hours(24);

}  // namespace watchword::policy
