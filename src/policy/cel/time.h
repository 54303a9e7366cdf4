// Timestamps and durations as CEL writes and bounds them. Finest unit: the microsecond (CEL has nanoseconds).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace watchword::policy::cel {

// Years 1 to 9999, and about 292 years either way, as CEL demands.
bool in_range(Time time);
bool in_range(Duration duration);

// RFC 3339 within the years 1 to 9999.
std::optional<Time> parse_timestamp(std::string_view text);
// A sum of decimal numbers with h, m, s, ms, us, ns, such as "1h30m", "-1.5h" or "0". Nanoseconds are cut.
std::optional<Duration> parse_duration(std::string_view text);
// "UTC", "+02:00", "-05:30" or "02:00". Names such as Europe/Paris are not known here.
std::optional<Duration> parse_zone(std::string_view text);

std::string show_timestamp(Time time);         // 2026-11-21T09:00:00Z, with as many fraction digits as needed
std::string show_duration(Duration duration);  // 600s, -0.5s

}  // namespace watchword::policy::cel
