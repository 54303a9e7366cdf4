// Ends requests, streams and tunnels that have lasted as long as their resource permits. One clock for each loop, used
// on that loop only: however much passes, what is under way costs one entry.
#pragma once

#include <map>
#include <memory>

#include "access/flights.h"
#include "base/clock.h"
#include "net/loop.h"

namespace watchword::gateway {

class StreamClock {
  struct Ending {
    access::Flight* flight;
    Duration at_most;
  };
  using ByEnd = std::multimap<net::Steady::time_point, Ending>;

 public:
  // The flight is cut with limit_reached once it has lasted for `at_most`, at least kShortest; until this is destroyed.
  class Timed {
   public:
    Timed(std::shared_ptr<StreamClock> clock, access::Flight& flight, Duration at_most);
    Timed(const Timed&) = delete;
    Timed& operator=(const Timed&) = delete;
    ~Timed() { clock_->by_end_.erase(place_); }

   private:
    std::shared_ptr<StreamClock> clock_;
    ByEnd::iterator place_;
  };
  static constexpr std::chrono::seconds kShortest{1};

 private:
  static net::Task<void> run(std::shared_ptr<StreamClock> clock);
  void cut_ended(net::Steady::time_point now);

  ByEnd by_end_;
  bool running_ = false;
};

}  // namespace watchword::gateway
