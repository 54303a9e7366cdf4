#include "http/date.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace watchword::http {
namespace {

constexpr std::array<std::string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr std::array<std::string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::string_view kForm = "Day, 00 Mon 0000 00:00:00 GMT";

// All of it digits.
std::optional<int> number(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value);
  if (error != std::errc() || end != text.end() || text.front() == '-') return std::nullopt;
  return value;
}

}  // namespace

std::optional<Time> parse_date(std::string_view text) {
  using namespace std::chrono;
  if (text.size() != kForm.size()) return std::nullopt;
  for (const std::size_t at : {3u, 4u, 7u, 11u, 16u, 19u, 22u, 25u, 26u, 27u, 28u})
    if (text[at] != kForm[at]) return std::nullopt;
  const auto named_month = std::ranges::find(kMonths, text.substr(8, 3));
  const auto date = number(text.substr(5, 2)), in_year = number(text.substr(12, 4));
  const auto hour = number(text.substr(17, 2)), minute = number(text.substr(20, 2)),
             second = number(text.substr(23, 2));
  if (named_month == kMonths.end() || !date || !in_year || !hour || !minute || !second) return std::nullopt;
  const year_month_day day{year(*in_year), month(static_cast<unsigned>(named_month - kMonths.begin()) + 1),
                           std::chrono::day(static_cast<unsigned>(*date))};
  if (!day.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;  // 60: a leap second
  if (kDays.at(weekday(sys_days(day)).c_encoding()) != text.substr(0, 3)) return std::nullopt;
  return Time(sys_days(day) + hours(*hour) + minutes(*minute) + seconds(*second));
}

}  // namespace watchword::http
