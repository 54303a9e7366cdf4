// getFullYear() and its kin, of timestamps (in UTC or at a fixed offset) and of durations.
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

template <std::int64_t (*part)(Time)>
Value in_utc(Workspace&, std::span<const Value> a) {
  return {part(*a[0].as<Time>())};
}

template <std::int64_t (*part)(Time)>
Value at_offset(Workspace& workspace, std::span<const Value> a) {
  const auto offset = parse_zone(*a[1].as<std::string_view>());
  if (!offset)
    return workspace.error(fmt::format("the time zone {} is not known", show(a[1])), "write \"UTC\" or \"+02:00\"");
  return {part(*a[0].as<Time>() + *offset)};
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
constexpr Function zoned(std::string_view name, Value (*call)(Workspace&, std::span<const Value>)) {
  return {name, Style::receiver, {Kind::timestamp, Kind::string}, 2, Kind::integer, call};
}
constexpr Function of_duration(std::string_view name, Value (*call)(Workspace&, std::span<const Value>)) {
  return {name, Style::receiver, {Kind::duration}, 1, Kind::integer, call};
}

constexpr auto kRows = std::to_array<Function>({
    of_timestamp("getFullYear", in_utc<full_year>),
    zoned("getFullYear", at_offset<full_year>),
    of_timestamp("getMonth", in_utc<month_from_0>),
    zoned("getMonth", at_offset<month_from_0>),
    of_timestamp("getDate", in_utc<day_from_1>),
    zoned("getDate", at_offset<day_from_1>),
    of_timestamp("getDayOfMonth", in_utc<day_from_0>),
    zoned("getDayOfMonth", at_offset<day_from_0>),
    of_timestamp("getDayOfWeek", in_utc<day_of_week>),
    zoned("getDayOfWeek", at_offset<day_of_week>),
    of_timestamp("getDayOfYear", in_utc<day_of_year>),
    zoned("getDayOfYear", at_offset<day_of_year>),
    of_timestamp("getHours", in_utc<hours_of>),
    zoned("getHours", at_offset<hours_of>),
    of_duration("getHours", whole<hours>),
    of_timestamp("getMinutes", in_utc<minutes_of>),
    zoned("getMinutes", at_offset<minutes_of>),
    of_duration("getMinutes", whole<minutes>),
    of_timestamp("getSeconds", in_utc<seconds_of>),
    zoned("getSeconds", at_offset<seconds_of>),
    of_duration("getSeconds", whole<seconds>),
    of_timestamp("getMilliseconds", in_utc<milliseconds_of>),
    zoned("getMilliseconds", at_offset<milliseconds_of>),
    of_duration("getMilliseconds", rest_milliseconds),
});

}  // namespace

std::span<const Function> time_functions() { return kRows; }

}  // namespace watchword::policy::cel
