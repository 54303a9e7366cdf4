// RFC 3339 (section 5.6) and duration texts, without locale and without overflow.
#include "base/clock.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace watchword {
namespace {

using namespace std::chrono;

constexpr Time kFirst = sys_days(year(0) / 1 / 1);
constexpr Time kLast = sys_days(year(9999) / 12 / 31) + hours(24) - microseconds(1);

struct Unit {
  std::string_view name;
  std::int64_t us;
};
constexpr std::array<Unit, 6> kUnits{
    {{"d", 86'400'000'000}, {"h", 3'600'000'000}, {"m", 60'000'000}, {"s", 1'000'000}, {"ms", 1'000}, {"us", 1}}};

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes exactly `digits` digits, or nothing and says so.
bool take_number(std::string_view& text, std::size_t digits, int& value) {
  if (text.size() < digits) return false;
  value = 0;
  for (char c : text.substr(0, digits)) {
    if (!is_digit(c)) return false;
    value = value * 10 + (c - '0');
  }
  text.remove_prefix(digits);
  return true;
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<microseconds> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return microseconds(0);
  std::int64_t us = 0, weight = 100'000;
  std::size_t digits = 0;
  for (; digits < text.size() && is_digit(text[digits]); ++digits, weight /= 10) us += weight * (text[digits] - '0');
  if (digits == 0) return std::nullopt;
  text.remove_prefix(digits);
  return microseconds(us);
}

std::optional<minutes> take_offset(std::string_view& text) {
  if (take(text, 'Z')) return minutes(0);
  const int sign = text.starts_with('-') ? -1 : 1;
  int h = 0, m = 0;
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  if (!take_number(text, 2, h) || !take(text, ':') || !take_number(text, 2, m) || h > 23 || m > 59) return std::nullopt;
  return minutes(sign * (h * 60 + m));
}

}  // namespace

Time SystemClock::now() const { return time_point_cast<Duration>(system_clock::now()); }

Time from_unix(std::int64_t seconds_since) {
  const auto first = duration_cast<seconds>(kFirst.time_since_epoch()).count();
  const auto last = floor<seconds>(kLast.time_since_epoch()).count();
  return Time(seconds(std::clamp<std::int64_t>(seconds_since, first, last)));
}

std::int64_t to_unix(Time time) { return floor<seconds>(time.time_since_epoch()).count(); }

std::string to_rfc3339(Time time) {
  const auto ms = floor<milliseconds>(std::clamp(time, kFirst, kLast));
  const auto day = floor<days>(ms);
  const year_month_day date(day);
  const hh_mm_ss clock(ms - day);
  std::string text = "0000-00-00T00:00:00.000Z";
  const auto put = [&](std::size_t end, std::int64_t number) {  // right-aligned: each record has one of these
    for (; number > 0; number /= 10) text[--end] = static_cast<char>('0' + number % 10);
  };
  put(4, static_cast<int>(date.year()));
  put(7, static_cast<unsigned>(date.month()));
  put(10, static_cast<unsigned>(date.day()));
  put(13, clock.hours().count());
  put(16, clock.minutes().count());
  put(19, clock.seconds().count());
  put(23, clock.subseconds().count());
  return text;
}

std::optional<Time> from_rfc3339(std::string_view text) {
  int y = 0, mon = 0, d = 0, h = 0, min = 0, s = 0;
  if (!take_number(text, 4, y) || !take(text, '-') || !take_number(text, 2, mon) || !take(text, '-') ||
      !take_number(text, 2, d) || !take(text, 'T'))
    return std::nullopt;
  if (!take_number(text, 2, h) || !take(text, ':') || !take_number(text, 2, min) || !take(text, ':') ||
      !take_number(text, 2, s))
    return std::nullopt;
  const year_month_day date(year(y), month(static_cast<unsigned>(mon)), day(static_cast<unsigned>(d)));
  if (!date.ok() || h > 23 || min > 59 || s > 59) return std::nullopt;
  const auto fraction = take_fraction(text);
  if (!fraction) return std::nullopt;
  const auto offset = take_offset(text);
  if (!offset || !text.empty()) return std::nullopt;
  return Time(sys_days(date)) + hours(h) + minutes(min) + seconds(s) + *fraction - *offset;
}

std::optional<Duration> parse_duration(std::string_view text) {
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::size_t next_unit = 0;  // each unit at most once, the larger before the smaller
  while (!text.empty()) {
    std::int64_t amount = 0;
    std::size_t digits = 0;
    for (; digits < text.size() && is_digit(text[digits]); ++digits)
      if (__builtin_mul_overflow(amount, 10, &amount) || __builtin_add_overflow(amount, text[digits] - '0', &amount))
        return std::nullopt;
    if (digits == 0) return std::nullopt;
    text.remove_prefix(digits);
    const std::string_view name = text.substr(0, std::min(text.find_first_of("0123456789"), text.size()));
    const auto unit = std::find_if(kUnits.begin() + static_cast<std::ptrdiff_t>(next_unit), kUnits.end(),
                                   [&](const Unit& u) { return u.name == name; });
    if (unit == kUnits.end()) return std::nullopt;
    if (__builtin_mul_overflow(amount, unit->us, &amount) || __builtin_add_overflow(total, amount, &total))
      return std::nullopt;
    next_unit = static_cast<std::size_t>(unit - kUnits.begin()) + 1;
    text.remove_prefix(name.size());
  }
  return Duration(total);
}

std::string to_string(Duration duration) {
  const std::int64_t us = duration.count();
  if (us == 0) return "0s";
  std::string single, sum;
  std::int64_t rest = us;
  for (const auto& unit : kUnits) {
    if (single.empty() && us % unit.us == 0) single = fmt::format("{}{}", us / unit.us, unit.name);
    if (const auto amount = rest / unit.us)
      sum += fmt::format("{}{}", sum.empty() ? amount : std::abs(amount), unit.name);
    rest %= unit.us;
  }
  return sum.size() < single.size() ? sum : single;
}

}  // namespace watchword
