#include "job/clock_check.h"

#include <chrono>

namespace watchword::job {
namespace {

constexpr auto kMost = std::chrono::seconds(30);

}  // namespace

terminal::CheckResult judge_clock(const std::string& whose, Duration ahead) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(std::chrono::abs(ahead));
  terminal::CheckResult check{"clock " + whose};
  if (seconds <= kMost) {
    check.detail = "within " + std::to_string(seconds.count() + 1) + " s of ours";
    return check;
  }
  const bool theirs_is_ahead = ahead > Duration::zero();
  check.trouble = Error{theirs_is_ahead ? Reason::token_issued_in_future : Reason::token_expired,
                        "its clock is " + std::to_string(seconds.count()) + " s " +
                            (theirs_is_ahead ? "ahead of" : "behind") + " this machine's",
                        "clocks at most 30 s apart", whose, "let both follow NTP; 'timedatectl' shows this machine's"};
  return check;
}

}  // namespace watchword::job
