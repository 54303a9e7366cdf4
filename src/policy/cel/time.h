// Timestamps and durations as CEL writes and bounds them. Finest unit: the microsecond (CEL has nanoseconds).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/time_zone.h"

namespace watchword::policy::cel {

// Years 1 to 9999, and about 292 years either way, as CEL demands.
bool in_range(Time time);
bool in_range(Duration duration);

// RFC 3339 within the years 1 to 9999.
std::optional<Time> parse_timestamp(std::string_view text);
// A sum of decimal numbers with h, m, s, ms, us, ns, such as "1h30m", "-1.5h" or "0". Nanoseconds are cut.
std::optional<Duration> parse_duration(std::string_view text);
// "UTC", an offset ("+02:00", "-05:30" or "02:00"), or a name of the time zone data, such as "Europe/Berlin".
std::optional<TimeZone> parse_zone(std::string_view text);
inline constexpr std::string_view kZones = "\"UTC\", an offset such as \"+02:00\", or a name such as \"Europe/Berlin\"";
// What was meant by a zone that is none; empty when nothing is near. It looks through all names: not for each request.
std::string nearest_zone(std::string_view text);

using CalendarPart = std::int64_t (*)(Time local);  // what getHours and its kin take from a wall clock's time

std::string show_timestamp(Time time);         // 2026-11-21T09:00:00Z, with as many fraction digits as needed
std::string show_duration(Duration duration);  // 600s, -0.5s

}  // namespace watchword::policy::cel
