// How far another machine's clock is from ours, by the Date header of its answer (RFC 9110 6.6.1).
#pragma once

#include <chrono>

#include "base/clock.h"

namespace watchword::http {

// Positive: theirs is ahead. What the header's resolution and the time of the question explain is no difference.
inline Duration clock_difference(Time theirs, Time asked, Time answered) {
  constexpr Duration kResolution = std::chrono::seconds(1);  // Date is cut to whole seconds
  if (theirs > answered) return theirs - answered;
  if (theirs + kResolution < asked) return theirs + kResolution - asked;
  return Duration::zero();
}

}  // namespace watchword::http
