#include "context/fact_freezes.h"

#include <algorithm>
#include <utility>

namespace watchword::context {
namespace {

// A clock that is ahead for a while ends freezes for that while, and no longer.
constexpr Duration kKeepOver = std::chrono::hours(24);

bool is_for(const Freeze& freeze, std::string_view issuer, std::string_view project, std::string_view environment) {
  return freeze.issuer == issuer && freeze.project == project && freeze.environment == environment;
}

bool holds(const Freeze& freeze, const Scope& scope, std::string_view environment, Time now) {
  return (freeze.issuer.empty() || freeze.issuer == scope.issuer) &&
         (freeze.project.empty() || freeze.project == scope.project) && freeze.environment == environment &&
         freeze.until > now;
}

}  // namespace

store::FactRow Freezes::row_of(const Held& held) {
  const auto& [freeze, since] = held;
  return {.issuer = freeze.issuer,
          .project = freeze.project,
          .kind = std::string(kKind),
          .key = freeze.environment,
          .value = Json::object({{"why", freeze.why}, {"by", freeze.by}}).dump(),
          .source = std::string(kKind),
          .at = since,
          .learned = since,
          .keep_until = freeze.until};
}

void Freezes::put(Held held) {
  const std::lock_guard lock(writers_);
  auto next = std::make_shared<List>(*list_.get());
  const auto& [issuer, project, environment, until, why, by] = held.freeze;
  std::erase_if(*next, [&](const Held& other) { return is_for(other.freeze, issuer, project, environment); });
  next->push_back(std::move(held));
  list_.set(std::move(next));
}

store::FactRow Freezes::put(const Freeze& freeze, Time now) {
  Held held{freeze, now};
  auto row = row_of(held);
  put(std::move(held));
  return row;
}

std::optional<store::FactRow> Freezes::drop(std::string_view issuer, std::string_view project,
                                            std::string_view environment) {
  const std::lock_guard lock(writers_);
  auto next = std::make_shared<List>(*list_.get());
  const auto found =
      std::ranges::find_if(*next, [&](const Held& held) { return is_for(held.freeze, issuer, project, environment); });
  if (found == next->end()) return std::nullopt;
  auto row = row_of(*found);
  next->erase(found);
  list_.set(std::move(next));
  return row;
}

std::vector<Freeze> Freezes::in_force(Time now) const {
  std::vector<Freeze> out;
  for (const Held& held : *list_.get())
    if (held.freeze.until > now) out.push_back(held.freeze);
  return out;
}

Fact Freezes::frozen(const Scope& scope, std::string_view environment, Time now) const {
  const auto list = list_.get();
  const auto found =
      std::ranges::find_if(*list, [&](const Held& held) { return holds(held.freeze, scope, environment, now); });
  if (found == list->end()) return {false, std::string(kKind), now};
  return {true, std::string(kKind), found->since, found->freeze.why};
}

void Freezes::restore(const store::FactRow& row) {
  const auto value = parse_json(row.value).value_or(Json::object());
  put(Held{{row.issuer, row.project, row.key, row.keep_until, std::string(value.string_or("why", "")),
            std::string(value.string_or("by", ""))},
           row.at});
}

std::vector<store::FactRow> Freezes::sweep(Time now) {
  const std::lock_guard lock(writers_);
  auto next = std::make_shared<List>(*list_.get());
  std::vector<store::FactRow> over;
  std::erase_if(*next, [&](const Held& held) {
    if (held.freeze.until + kKeepOver > now) return false;
    over.push_back(row_of(held));
    return true;
  });
  if (!over.empty()) list_.set(std::move(next));
  return over;
}

}  // namespace watchword::context
