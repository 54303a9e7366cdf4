#include "policy/freeze_window.h"

#include <algorithm>

namespace watchword::policy {
namespace {

using std::chrono::days;

bool any_matches(const std::vector<Pattern>& patterns, std::string_view value) {
  return std::ranges::any_of(patterns, [&](const Pattern& pattern) { return pattern.matches(value); });
}

// From the day on which it begins to the one on which it ends.
days length_of(const Weekly& weekly) {
  const days length = weekly.until.day - weekly.from.day;
  return length == days(0) && weekly.until.time < weekly.from.time ? days(7) : length;
}

// The window that begins on `day`.
Span span_from(const TimeZone& zone, const Weekly& weekly, std::chrono::local_days day) {
  return span_of(zone, day + weekly.from.time, day + length_of(weekly) + weekly.until.time);
}

}  // namespace

Span span_of(const TimeZone& zone, LocalTime from, LocalTime until) {
  return {zone.instants_of(from).first, zone.instants_of(until).last};
}

bool FreezeWindow::is_for(std::string_view project, std::string_view environment) const {
  return any_matches(environments, environment) && (projects.empty() || any_matches(projects, project));
}

std::optional<Span> FreezeWindow::holding(Time now) const {
  if (const auto* once = std::get_if<Span>(&when)) return once->holds(now) ? std::optional(*once) : std::nullopt;
  const auto& weekly = std::get<Weekly>(when);
  const auto today = std::chrono::floor<days>(zone.at_wall(now));
  const auto latest = today - (std::chrono::weekday(today) - weekly.from.day);
  if (const Span span = span_from(zone, weekly, latest); span.holds(now)) return span;
  if (length_of(weekly) < days(7)) return std::nullopt;  // the one before has ended
  const Span before = span_from(zone, weekly, latest - days(7));
  return before.holds(now) ? std::optional(before) : std::nullopt;
}

std::optional<context::Fact> PolicyFacts::frozen(std::string_view project, std::string_view environment) const {
  for (const FreezeWindow& window : freezes_) {
    if (!window.is_for(project, environment)) continue;
    if (const auto span = window.holding(now_))
      return context::Fact{.value = true, .source = window.place.rule, .at = span->from, .why = window.why};
  }
  return std::nullopt;
}

std::optional<context::Fact> PolicyFacts::find(const context::Scope& scope, std::string_view name,
                                               const Json& arguments) const {
  if (name == "frozen") {
    if (auto fact = frozen(scope.project, arguments.string_or("environment", ""))) {
      facts_.answered(name, arguments, *fact);
      return fact;
    }
  }
  return facts_.find(scope, name, arguments);
}

}  // namespace watchword::policy
