// When to ask again a gate that gave no answer, or one that says it has none now. Pure: knows no clock and no network.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.h"
#include "base/random.h"

namespace watchword::job {

// One question's tries. Waits double, and each is shortened by up to half at random, so that the jobs of a pipeline do
// not come back all at once.
class Retry {
 public:
  struct Limits {
    unsigned tries = 5;
    Duration first = std::chrono::seconds(1);    // the longest first wait
    Duration longest = std::chrono::seconds(8);  // of one wait
    Duration total = std::chrono::seconds(20);   // no try begins later than this after the first; 0: one try
  };
  Retry(Limits limits, Random& random) : limits_(limits), random_(random) {}

  unsigned next() const { return done_ + 1; }  // number of the try that comes next, from 1
  unsigned tries() const { return limits_.tries; }
  // After a try that failed: how long to wait until the next; none: give up. `elapsed`: since the first began.
  // `asked`: what the gate's Retry-After says; where the total leaves no room for that, there is no next.
  std::optional<Duration> wait(Duration elapsed, std::optional<Duration> asked = std::nullopt);

 private:
  Duration jittered(Duration most);

  Limits limits_;
  Random& random_;
  unsigned done_ = 0;
};

// Retry-After in seconds (RFC 9110 10.2.3), at most an hour; a date, or anything else, is none.
std::optional<Duration> retry_after(std::string_view value);

}  // namespace watchword::job
