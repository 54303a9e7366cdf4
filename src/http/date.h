// Dates in headers (RFC 9110 5.6.7).
#pragma once

#include <optional>
#include <string_view>

#include "base/clock.h"

namespace watchword::http {

// IMF-fixdate, the only form that may be sent today: "Sun, 06 Nov 1994 08:49:37 GMT". nullopt for anything else.
std::optional<Time> parse_date(std::string_view text);

}  // namespace watchword::http
