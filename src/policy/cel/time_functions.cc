// getFullYear() and its kin, of timestamps (in UTC or in a time zone) and of durations.
#include <fmt/format.h>

#include "policy/cel/functions.h"
#include "policy/cel/time.h"

namespace watchword::policy::cel {
namespace {

using namespace std::chrono;

std::int64_t count(auto amount) { return static_cast<std::int64_t>(amount.count()); }
year_month_day date_of(Time time) { return year_month_day(floor<days>(time)); }
Duration since_midnight(Time time) { return time - floor<days>(time); }

std::int64_t full_year(Time time) { return int{date_of(time).year()}; }
std::int64_t month_from_0(Time time) { return std::int64_t{unsigned{date_of(time).month()}} - 1; }
std::int64_t day_from_1(Time time) { return unsigned{date_of(time).day()}; }
std::int64_t day_from_0(Time time) { return day_from_1(time) - 1; }
std::int64_t day_of_week(Time time) { return weekday(floor<days>(time)).c_encoding(); }  // 0 is Sunday
std::int64_t day_of_year(Time time) { return count(floor<days>(time) - sys_days(date_of(time).year() / 1 / 1)); }
std::int64_t hours_of(Time time) { return count(floor<hours>(since_midnight(time))); }
std::int64_t minutes_of(Time time) { return count(floor<minutes>(since_midnight(time))) % 60; }
std::int64_t seconds_of(Time time) { return count(floor<seconds>(since_midnight(time))) % 60; }
std::int64_t milliseconds_of(Time time) { return count(floor<milliseconds>(since_midnight(time))) % 1000; }

template <CalendarPart part>
Value in_utc(Workspace&, std::span<const Value> a) {
  return {part(*a[0].as<Time>())};
}

template <CalendarPart part>
Value in_zone(Workspace& workspace, std::span<const Value> a) {
  if (!workspace.spend(8)) return workspace.over_budget();
  const auto zone = parse_zone(*a[1].as<std::string_view>());
  if (!zone)
    return workspace.error(fmt::format("the time zone {} is not known", show(a[1])), fmt::format("write {}", kZones));
  return {part(*a[0].as<Time>() + zone->offset_at(*a[0].as<Time>()))};
}

template <class Unit>
Value whole(Workspace&, std::span<const Value> a) {
  return {count(duration_cast<Unit>(*a[0].as<Duration>()))};
}
Value rest_milliseconds(Workspace&, std::span<const Value> a) {
  return {count(duration_cast<milliseconds>(*a[0].as<Duration>() % seconds(1)))};
}

constexpr Function of_timestamp(std::string_view name, Value (*call)(Workspace&, std::span<const Value>)) {
  return {name, Style::receiver, {Kind::timestamp}, 1, Kind::integer, call};
}
template <CalendarPart part>
constexpr Function zoned(std::string_view name) {
  return {name, Style::receiver, {Kind::timestamp, Kind::string}, 2, Kind::integer, in_zone<part>, part};
}
constexpr Function of_duration(std::string_view name, Value (*call)(Workspace&, std::span<const Value>)) {
  return {name, Style::receiver, {Kind::duration}, 1, Kind::integer, call};
}

constexpr auto kRows = std::to_array<Function>({
    of_timestamp("getFullYear", in_utc<full_year>),
    zoned<full_year>("getFullYear"),
    of_timestamp("getMonth", in_utc<month_from_0>),
    zoned<month_from_0>("getMonth"),
    of_timestamp("getDate", in_utc<day_from_1>),
    zoned<day_from_1>("getDate"),
    of_timestamp("getDayOfMonth", in_utc<day_from_0>),
    zoned<day_from_0>("getDayOfMonth"),
    of_timestamp("getDayOfWeek", in_utc<day_of_week>),
    zoned<day_of_week>("getDayOfWeek"),
    of_timestamp("getDayOfYear", in_utc<day_of_year>),
    zoned<day_of_year>("getDayOfYear"),
    of_timestamp("getHours", in_utc<hours_of>),
    zoned<hours_of>("getHours"),
    of_duration("getHours", whole<hours>),
    of_timestamp("getMinutes", in_utc<minutes_of>),
    zoned<minutes_of>("getMinutes"),
    of_duration("getMinutes", whole<minutes>),
    of_timestamp("getSeconds", in_utc<seconds_of>),
    zoned<seconds_of>("getSeconds"),
    of_duration("getSeconds", whole<seconds>),
    of_timestamp("getMilliseconds", in_utc<milliseconds_of>),
    zoned<milliseconds_of>("getMilliseconds"),
    of_duration("getMilliseconds", rest_milliseconds),
});

}  // namespace

std::span<const Function> time_functions() { return kRows; }

}  // namespace watchword::policy::cel
