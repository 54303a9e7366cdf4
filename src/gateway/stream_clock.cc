#include "gateway/stream_clock.h"

#include <algorithm>
#include <string>
#include <utility>

namespace watchword::gateway {
namespace {

access::Decision over(const access::Flight& flight, Duration at_most) {
  const auto most = to_string(at_most);
  access::Decision decision;
  decision.refusal =
      Error{.reason = Reason::limit_reached,
            .found = "one request, stream or tunnel for longer than " + most,
            .expected = "at most " + most + " ('timeouts.stream' of " + std::string(flight.resource) + ")",
            .where = {},
            .fix = "open another one; or raise 'timeouts.stream' of the resource"};
  return decision;
}

}  // namespace

StreamClock::Timed::Timed(std::shared_ptr<StreamClock> clock, access::Flight& flight, Duration at_most)
    : clock_(std::move(clock)) {
  const auto end = net::Steady::now() + std::max<Duration>(at_most, kShortest);
  place_ = clock_->by_end_.emplace(end, Ending{&flight, at_most});
  if (!std::exchange(clock_->running_, true)) net::spawn(run(clock_));
}

// Cutting resumes nobody here, so that the entries stay; each goes with its flight.
void StreamClock::cut_ended(net::Steady::time_point now) {
  for (auto one = by_end_.begin(); one != by_end_.end() && one->first <= now; ++one)
    if (auto& [flight, at_most] = one->second; !flight->cut) flight->cut_for(over(*flight, at_most));
}

// It sleeps until the next end, but no longer than kShortest: nothing that comes meanwhile can end before that.
net::Task<void> StreamClock::run(std::shared_ptr<StreamClock> clock) {
  while (!clock->by_end_.empty()) {
    const auto now = net::Steady::now();
    clock->cut_ended(now);
    const auto next = clock->by_end_.upper_bound(now);
    net::Steady::duration wait = kShortest;
    if (next != clock->by_end_.end()) wait = std::min(wait, next->first - now);
    co_await net::Loop::current()->sleep(wait);
  }
  clock->running_ = false;
}

}  // namespace watchword::gateway
