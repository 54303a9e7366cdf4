#include "context/event_stats.h"

#include <algorithm>
#include <optional>

namespace watchword::context {
namespace {

std::optional<Time> own_time(const std::vector<Change>& changes) {
  std::optional<Time> newest;
  for (const Change& change : changes)
    if (!std::holds_alternative<Pushed>(change.what)) newest = std::max(newest.value_or(change.at), change.at);
  return newest;
}

}  // namespace

EventStats::Issuer& EventStats::of(std::string_view issuer) {
  const std::lock_guard lock(mutex_);
  if (const auto found = issuers_.find(issuer); found != issuers_.end()) return found->second;
  const Labels labels{{"issuer", std::string(issuer)}};
  return issuers_
      .emplace(issuer, Issuer{metrics_.gauge("watchword_last_event_seconds",
                                             "When the last event of a CI system came, in seconds since 1970", labels),
                              metrics_.histogram("watchword_event_lag_seconds",
                                                 "Time between an event's own time and its arrival", labels),
                              metrics_.counter("watchword_facts_disagreeing",
                                               "Answers of the API that contradicted what an event had said", labels)})
      .first->second;
}

void EventStats::event(std::string_view issuer, const std::vector<Change>& changes, Time now) {
  Issuer& stats = of(issuer);
  stats.last_event.set(to_unix(now));
  const auto at = own_time(changes);
  if (at) stats.lag.observe(std::chrono::duration<double>(std::max(now - *at, Duration(0))).count());
}

void EventStats::disagreed(std::string_view issuer, std::size_t facts) {
  if (facts != 0) of(issuer).disagreeing.add(facts);
}

void EventStats::restore(std::string_view issuer, Time last_event) {
  Issuer& stats = of(issuer);
  stats.last_event.set(std::max(stats.last_event.value(), to_unix(last_event)));
}

std::uint64_t EventStats::disagreeing(std::string_view issuer) const {
  const std::lock_guard lock(mutex_);
  const auto found = issuers_.find(issuer);
  return found == issuers_.end() ? 0 : found->second.disagreeing.value();
}

}  // namespace watchword::context
