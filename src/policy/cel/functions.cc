// The table of functions, with strings, sizes and conversions.
#include "policy/cel/functions.h"

#include <fmt/format.h>
#include <string.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "policy/cel/time.h"

namespace watchword::policy::cel {
namespace {

using Arguments = std::span<const Value>;

std::string_view text(const Value& value) { return *value.as<std::string_view>(); }
bool spend_text(Workspace& workspace, std::string_view looked_at) { return workspace.spend(looked_at.size() / 64); }

Value same(Workspace&, Arguments a) { return a[0]; }

// --- size ---
Value size_of_string(Workspace& workspace, Arguments a) {
  if (!spend_text(workspace, text(a[0]))) return workspace.over_budget();
  return {static_cast<std::int64_t>(std::ranges::count_if(text(a[0]), [](char c) { return (c & 0xc0) != 0x80; }))};
}
Value size_of_list(Workspace&, Arguments a) { return {static_cast<std::int64_t>(a[0].as<List>()->size())}; }
Value size_of_map(Workspace&, Arguments a) { return {static_cast<std::int64_t>(a[0].as<Map>()->size())}; }

// --- strings ---
Value starts_with(Workspace&, Arguments a) { return {text(a[0]).starts_with(text(a[1]))}; }
Value ends_with(Workspace&, Arguments a) { return {text(a[0]).ends_with(text(a[1]))}; }

Value contains(Workspace& workspace, Arguments a) {
  const std::string_view in = text(a[0]), part = text(a[1]);
  if (!spend_text(workspace, in) || !spend_text(workspace, part)) return workspace.over_budget();
  if (part.empty()) return {true};
  return {memmem(in.data(), in.size(), part.data(), part.size()) != nullptr};  // linear, unlike string_view::find
}

template <char first, int shift>
Value shift_letters(Workspace& workspace, Arguments a) {
  std::string out(text(a[0]));
  if (!spend_text(workspace, out)) return workspace.over_budget();
  for (char& c : out)
    if (c >= first && c <= first + 25) c = static_cast<char>(c + shift);
  return workspace.text(std::move(out));
}

// --- conversions ---
Value bad_conversion(Workspace& workspace, const Value& from, std::string_view to, std::string_view wanted) {
  return workspace.error(fmt::format("{} is no {}", show(from), to), fmt::format("{} takes {}", to, wanted));
}

template <class T>
bool read_number(std::string_view digits, T& out) {
  const auto [stop, error] = std::from_chars(digits.begin(), digits.end(), out);
  return error == std::errc() && stop == digits.end();
}

Value int_of_double(Workspace& workspace, Arguments a) {
  constexpr double kBeyond = 9223372036854775808.0;  // 2^63; CEL leaves both ends out
  const double number = *a[0].as<double>();
  const bool fits = number > -kBeyond && number < kBeyond;  // false for NaN
  if (!fits) return bad_conversion(workspace, a[0], "int", "numbers within 64 bits");
  return {static_cast<std::int64_t>(number)};
}
Value int_of_string(Workspace& workspace, Arguments a) {
  std::int64_t out = 0;
  if (!read_number(text(a[0]), out)) return bad_conversion(workspace, a[0], "int", "decimal digits, as in \"-42\"");
  return {out};
}
Value int_of_timestamp(Workspace&, Arguments a) { return {to_unix(*a[0].as<Time>())}; }

Value double_of_int(Workspace&, Arguments a) { return {static_cast<double>(*a[0].as<std::int64_t>())}; }
Value double_of_string(Workspace& workspace, Arguments a) {
  double out = 0;
  if (!read_number(text(a[0]), out)) return bad_conversion(workspace, a[0], "double", "a number, as in \"1.5\"");
  return {out};
}

Value bool_of_string(Workspace& workspace, Arguments a) {
  constexpr std::array<std::string_view, 5> kTrue{"1", "t", "true", "TRUE", "True"};
  constexpr std::array<std::string_view, 5> kFalse{"0", "f", "false", "FALSE", "False"};
  if (std::ranges::find(kTrue, text(a[0])) != kTrue.end()) return {true};
  if (std::ranges::find(kFalse, text(a[0])) != kFalse.end()) return {false};
  return bad_conversion(workspace, a[0], "bool", "\"true\" or \"false\"");
}

Value string_of_scalar(Workspace& workspace, Arguments a) { return workspace.text(show(a[0])); }

Value timestamp_of_string(Workspace& workspace, Arguments a) {
  const auto time = parse_timestamp(text(a[0]));
  return time ? Value{*time} : bad_conversion(workspace, a[0], "timestamp", "RFC 3339, as in \"2026-11-21T09:00:00Z\"");
}
Value timestamp_of_int(Workspace& workspace, Arguments a) {
  const Time time = from_unix(*a[0].as<std::int64_t>());  // clamped to the years 0 to 9999
  if (to_unix(time) != *a[0].as<std::int64_t>() || !in_range(time))
    return bad_conversion(workspace, a[0], "timestamp", "seconds since 1970, within the years 1 to 9999");
  return {time};
}
Value duration_of_string(Workspace& workspace, Arguments a) {
  const auto duration = parse_duration(text(a[0]));
  return duration ? Value{*duration}
                  : bad_conversion(workspace, a[0], "duration", "h, m, s, ms or us, as in \"1h30m\"");
}

constexpr Kind kInt = Kind::integer, kString = Kind::string, kBool = Kind::boolean, kDouble = Kind::number,
               kTime = Kind::timestamp, kDuration = Kind::duration, kDyn = Kind::dyn;

constexpr auto kBasic = std::to_array<Function>({
    {"size", Style::both, {kString}, 1, kInt, size_of_string},
    {"size", Style::both, {Kind::list}, 1, kInt, size_of_list},
    {"size", Style::both, {Kind::map}, 1, kInt, size_of_map},
    {"startsWith", Style::receiver, {kString, kString}, 2, kBool, starts_with},
    {"endsWith", Style::receiver, {kString, kString}, 2, kBool, ends_with},
    {"contains", Style::receiver, {kString, kString}, 2, kBool, contains},
    {"lowerAscii", Style::receiver, {kString}, 1, kString, shift_letters<'A', 32>},
    {"upperAscii", Style::receiver, {kString}, 1, kString, shift_letters<'a', -32>},
    {"int", Style::global, {kInt}, 1, kInt, same},
    {"int", Style::global, {kDouble}, 1, kInt, int_of_double},
    {"int", Style::global, {kString}, 1, kInt, int_of_string},
    {"int", Style::global, {kTime}, 1, kInt, int_of_timestamp},
    {"double", Style::global, {kDouble}, 1, kDouble, same},
    {"double", Style::global, {kInt}, 1, kDouble, double_of_int},
    {"double", Style::global, {kString}, 1, kDouble, double_of_string},
    {"bool", Style::global, {kBool}, 1, kBool, same},
    {"bool", Style::global, {kString}, 1, kBool, bool_of_string},
    {"string", Style::global, {kString}, 1, kString, same},
    {"string", Style::global, {kBool}, 1, kString, string_of_scalar},
    {"string", Style::global, {kInt}, 1, kString, string_of_scalar},
    {"string", Style::global, {kDouble}, 1, kString, string_of_scalar},
    {"string", Style::global, {kTime}, 1, kString, string_of_scalar},
    {"string", Style::global, {kDuration}, 1, kString, string_of_scalar},
    {"timestamp", Style::global, {kTime}, 1, kTime, same},
    {"timestamp", Style::global, {kString}, 1, kTime, timestamp_of_string},
    {"timestamp", Style::global, {kInt}, 1, kTime, timestamp_of_int},
    {"duration", Style::global, {kDuration}, 1, kDuration, same},
    {"duration", Style::global, {kString}, 1, kDuration, duration_of_string},
    {"dyn", Style::global, {kDyn}, 1, kDyn, same},
});

}  // namespace

std::span<const Function> functions() {
  static const std::vector<Function> kAll = [] {
    std::vector<Function> all(kBasic.begin(), kBasic.end());
    all.insert(all.end(), time_functions().begin(), time_functions().end());
    return all;
  }();
  return kAll;
}

Overloads overloads(std::string_view name) {
  const auto all = functions();
  const auto first = std::ranges::find(all, name, &Function::name);
  const auto last = std::find_if(first, all.end(), [&](const Function& row) { return row.name != name; });
  return {static_cast<std::size_t>(first - all.begin()), static_cast<std::size_t>(last - all.begin())};
}

std::vector<std::string> function_names() {
  std::vector<std::string> out{"has", "all", "exists", "exists_one", "filter", "map", "matches"};
  for (const auto& row : functions())
    if (out.back() != row.name) out.emplace_back(row.name);
  return out;
}

std::string usage(const Function& function) {
  const std::string_view first = name(function.parameters[0]);
  if (function.style == Style::receiver)
    return fmt::format("{}.{}({})", first, function.name, function.arity == 2 ? name(function.parameters[1]) : "");
  return fmt::format("{}({})", function.name, first);
}

}  // namespace watchword::policy::cel
