#include "policy/quota.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace watchword::policy {
namespace {

constexpr std::array<std::pair<std::string_view, Duration>, 2> kPeriods = {
    {{"/s", std::chrono::seconds(1)}, {"/m", std::chrono::minutes(1)}}};
// From small to large.
constexpr std::array<std::pair<std::string_view, std::int64_t>, 7> kSizes = {{{"B", 1},
                                                                              {"KB", 1'000},
                                                                              {"KiB", 1LL << 10},
                                                                              {"MB", 1'000'000},
                                                                              {"MiB", 1LL << 20},
                                                                              {"GB", 1'000'000'000},
                                                                              {"GiB", 1LL << 30}}};

// The number before a unit of `units`, from 1 to what `most` holds of that unit, and the unit's value. Plain digits
// only: no sign, leading zero, fraction or space.
template <class Units, class Most>
std::optional<std::pair<std::int64_t, typename Units::value_type::second_type>> parse(std::string_view text,
                                                                                      const Units& units, Most most) {
  const auto digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto unit = std::ranges::find(units, text.substr(digits), [](const auto& one) { return one.first; });
  if (unit == units.end() || text.starts_with('0')) return std::nullopt;
  std::int64_t number = 0;
  const auto number_text = text.substr(0, digits);
  const auto [end, error] = std::from_chars(number_text.begin(), number_text.end(), number);
  if (error != std::errc{} || number > most(unit->second)) return std::nullopt;
  return std::pair(number, unit->second);
}

// Where 0 is no limit.
template <class T>
T lesser(T a, T b) {
  return a == 0 || (b != 0 && b < a) ? b : a;
}

bool slower(const Rate& a, const Rate& b) { return a.count * b.per < b.count * a.per; }

Rate strictest(const Rate& a, const Rate& b) {
  if (a.count == 0 || b.count == 0) return a.count == 0 ? b : a;
  Rate out = slower(a, b) ? a : b;
  out.burst = std::min(a.burst, b.burst);
  return out;
}

}  // namespace

Quota strictest(const Quota& a, const Quota& b) {
  return {strictest(a.rate, b.rate), lesser(a.concurrent, b.concurrent), lesser(a.bytes, b.bytes)};
}

std::optional<Rate> parse_rate(std::string_view text) {
  const auto parsed = parse(text, kPeriods, [](Duration) { return std::int64_t{Rate::kMost}; });
  if (!parsed) return std::nullopt;
  const auto count = static_cast<std::uint32_t>(parsed->first);
  return Rate{count, count, parsed->second};
}

std::optional<std::int64_t> parse_bytes(std::string_view text) {
  const auto parsed = parse(text, kSizes, [](std::int64_t size) { return Quota::kMostBytes / size; });
  if (!parsed) return std::nullopt;
  return parsed->first * parsed->second;
}

std::string to_string(const Rate& rate) {
  return fmt::format("{}/{}", rate.count, rate.per == std::chrono::seconds(1) ? "s" : "m");
}

std::string bytes_to_string(std::int64_t bytes) {
  std::size_t largest = 0;
  for (std::size_t i = 1; i < kSizes.size(); ++i)
    if (bytes != 0 && bytes % kSizes[i].second == 0) largest = i;
  return fmt::format("{}{}", bytes / kSizes[largest].second, kSizes[largest].first);
}

}  // namespace watchword::policy
