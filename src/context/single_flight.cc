#include "context/single_flight.h"

#include <utility>

namespace watchword::context {

// An answer of a time to come is from before the clock was set back.
bool SingleFlight::holds(const Flight& flight, Time now) const {
  return !flight.landed || (now >= *flight.landed && now - *flight.landed < holds_);
}

SingleFlight::Joined SingleFlight::join(const std::string& key, std::shared_ptr<Waiter> waiter, Time now) {
  const std::lock_guard lock(mutex_);
  auto found = flights_.find(key);
  if (found == flights_.end()) {
    if (flights_.size() >= kMost) return {.held = false};
    found = flights_.try_emplace(key).first;
  } else if (!found->second.landed) {
    found->second.waiting.push_back(std::move(waiter));
    return {};
  } else if (holds(found->second, now)) {
    return {.held = found->second.answer};
  }
  Flight& flight = found->second;
  flight.landed.reset();
  flight.waiting.push_back(std::move(waiter));
  return {.held = std::nullopt, .begins = true};
}

void SingleFlight::land(const std::string& key, bool answer, Time now) {
  std::vector<std::shared_ptr<Waiter>> waiting;
  {
    const std::lock_guard lock(mutex_);
    Flight& flight = flights_[key];
    flight.landed = now;
    flight.answer = answer;
    waiting.swap(flight.waiting);
  }
  for (const auto& waiter : waiting) waiter->finish(answer);
}

void SingleFlight::land_all() {
  std::unordered_map<std::string, Flight> flights;
  {
    const std::lock_guard lock(mutex_);
    flights.swap(flights_);
  }
  for (const auto& [key, flight] : flights)
    for (const auto& waiter : flight.waiting) waiter->finish(false);
}

void SingleFlight::forget(Time now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(flights_, [&](const auto& flight) { return !holds(flight.second, now); });
}

}  // namespace watchword::context
