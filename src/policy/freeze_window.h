// Windows of time in which environments are frozen, as policy files write them (docs/policy.md, "Freezes").
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/time_zone.h"
#include "context/facts.h"
#include "policy/pattern.h"
#include "policy/place.h"

namespace watchword::policy {

struct Span {
  Time from, until;  // until: the first moment after it
  bool holds(Time time) const { return from <= time && time < until; }
};

// A moment of each week on the wall clock.
struct WeekMoment {
  std::chrono::weekday day;
  std::chrono::minutes time{};  // since midnight
  bool operator==(const WeekMoment&) const = default;
};
struct Weekly {
  WeekMoment from, until;  // not the same
};

struct FreezeWindow {
  std::vector<Pattern> environments;
  std::vector<Pattern> projects;  // paths; empty: all, and who has no project
  TimeZone zone;
  std::variant<Span, Weekly> when;
  std::string why;
  Place place;

  bool is_for(std::string_view project, std::string_view environment) const;
  std::optional<Span> holding(Time now) const;
};

// Never shorter than the wall clock says: of a time that comes twice, it begins with the first and ends with the last.
Span span_of(const TimeZone& zone, LocalTime from, LocalTime until);

// The facts of a question, with what the policy says itself before them: context.frozen() is true in its windows.
class PolicyFacts final : public context::Facts {
 public:
  // Borrows all of it.
  PolicyFacts(const std::vector<FreezeWindow>& freezes, const context::Facts& facts, Time now)
      : freezes_(freezes), facts_(facts), now_(now) {}
  std::optional<context::Fact> find(const context::Scope& scope, std::string_view name,
                                    const Json& arguments) const override;
  bool job_over(const context::Scope& scope) const override { return facts_.job_over(scope); }

 private:
  std::optional<context::Fact> frozen(std::string_view project, std::string_view environment) const;

  const std::vector<FreezeWindow>& freezes_;
  const context::Facts& facts_;
  Time now_;
};

}  // namespace watchword::policy
