// How far another's clock is from ours, as its answers tell.
#pragma once

#include <string>

#include "base/clock.h"
#include "terminal/checks.h"

namespace watchword::job {

// `ahead`: positive when theirs is (http/clock_difference.h). Bad from 30 s on: tokens are then refused as issued in
// the future, or end too early.
terminal::CheckResult judge_clock(const std::string& whose, Duration ahead);

}  // namespace watchword::job
