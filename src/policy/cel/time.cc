// Reading and writing timestamps, durations and offsets.
#include "policy/cel/time.h"

#include <fmt/format.h>

#include <array>

#include "base/text.h"

namespace watchword::policy::cel {
namespace {

constexpr Time kFirst = std::chrono::sys_days(std::chrono::year(1) / 1 / 1);
constexpr Time kEnd = std::chrono::sys_days(std::chrono::year(9999) / 12 / 31) + std::chrono::days(1);
constexpr Duration kLongest(9'223'372'036'854'775);  // 2^63 - 1 nanoseconds

struct Unit {
  std::string_view name;
  std::int64_t ns;
};
constexpr std::array<Unit, 6> kUnits{{{"ns", 1},
                                      {"us", 1'000},
                                      {"ms", 1'000'000},
                                      {"h", 3'600'000'000'000},
                                      {"m", 60'000'000'000},
                                      {"s", 1'000'000'000}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the digits that `text` begins with; their value, the count of them, or nothing on overflow.
std::optional<std::int64_t> take_digits(std::string_view& text, std::size_t& count) {
  std::int64_t value = 0;
  for (count = 0; count < text.size() && is_digit(text[count]); ++count)
    if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, text[count] - '0', &value))
      return std::nullopt;
  text.remove_prefix(count);
  return value;
}

// One part of the sum, such as "1.5h", in nanoseconds.
std::optional<std::int64_t> take_part(std::string_view& text) {
  std::size_t whole_digits = 0;
  const auto whole = take_digits(text, whole_digits);
  if (!whole) return std::nullopt;
  std::string_view fraction;
  if (text.starts_with('.')) {
    std::size_t end = 1;
    while (end < text.size() && is_digit(text[end])) ++end;
    fraction = text.substr(1, end - 1);
    text.remove_prefix(end);
  }
  if (whole_digits == 0 && fraction.empty()) return std::nullopt;
  for (const auto& unit : kUnits) {
    if (!text.starts_with(unit.name)) continue;
    text.remove_prefix(unit.name.size());
    std::int64_t ns = 0;
    if (__builtin_mul_overflow(*whole, unit.ns, &ns)) return std::nullopt;
    std::int64_t part = 0, weight = unit.ns;  // digits finer than a nanosecond are cut
    for (char digit : fraction) part += (weight /= 10) * (digit - '0');
    if (__builtin_add_overflow(ns, part, &ns)) return std::nullopt;
    return ns;
  }
  return std::nullopt;
}

// The fraction of a second with its dot, without trailing zeros; empty for none.
std::string fraction_of(std::int64_t us) {
  if (us == 0) return {};
  std::string out = fmt::format(".{:06}", us);
  out.erase(out.find_last_not_of('0') + 1);
  return out;
}

std::optional<Duration> parse_offset(std::string_view text) {
  const bool west = text.starts_with('-');
  if (west || text.starts_with('+')) text.remove_prefix(1);
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  for (std::size_t at : {0U, 1U, 3U, 4U})
    if (!is_digit(text[at])) return std::nullopt;
  const int hours = (text[0] - '0') * 10 + (text[1] - '0'), minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (hours > 23 || minutes > 59) return std::nullopt;
  const Duration offset = std::chrono::hours(hours) + std::chrono::minutes(minutes);
  return west ? -offset : offset;
}

}  // namespace

bool in_range(Time time) { return time >= kFirst && time < kEnd; }
bool in_range(Duration duration) { return duration >= -kLongest && duration <= kLongest; }

std::optional<Time> parse_timestamp(std::string_view text) {
  const auto time = from_rfc3339(text);
  return time && in_range(*time) ? time : std::nullopt;
}

std::optional<Duration> parse_duration(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return Duration(0);
  if (text.empty()) return std::nullopt;
  std::int64_t ns = 0;
  while (!text.empty()) {
    const auto part = take_part(text);
    if (!part || __builtin_add_overflow(ns, *part, &ns)) return std::nullopt;
  }
  return Duration((negative ? -ns : ns) / 1000);
}

std::optional<TimeZone> parse_zone(std::string_view text) {
  if (text == "UTC") return TimeZone::fixed(Duration(0));
  const auto offset = parse_offset(text);
  return offset ? TimeZone::fixed(*offset) : TimeZone::find(text);
}

std::string nearest_zone(std::string_view text) {
  if (time_zone_names().empty()) return "install the time zone data (tzdata): there is none on this machine";
  const auto near = nearest(text, time_zone_names());
  return near ? fmt::format("did you mean '{}'?", *near) : "";
}

std::string show_timestamp(Time time) {
  std::string out = to_rfc3339(time);  // always milliseconds: replaced by the digits needed
  out.erase(out.find('.'));
  const auto fraction = time - std::chrono::floor<std::chrono::seconds>(time);
  return out + fraction_of(fraction.count()) + "Z";
}

std::string show_duration(Duration duration) {
  const std::int64_t us = duration.count();
  const std::int64_t fraction = us % 1'000'000;
  return fmt::format("{}{}{}s", us < 0 && us > -1'000'000 ? "-" : "", us / 1'000'000,
                     fraction_of(fraction < 0 ? -fraction : fraction));
}

}  // namespace watchword::policy::cel
