// Time is a parameter: whoever needs the time takes a Clock, or a Time.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace watchword {

using Duration = std::chrono::microseconds;
using Time = std::chrono::sys_time<Duration>;  // UTC, without leap seconds

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override;
};

// Tests and `policy test` set the time by hand. Not synchronised.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Time start) : now_(start) {}
  Time now() const override { return now_; }
  void set(Time now) { now_ = now; }
  void advance(Duration by) { now_ += by; }

 private:
  Time now_;
};

Time from_unix(std::int64_t seconds);  // clamped to the years 0000 to 9999, so that adding to it cannot overflow
std::int64_t to_unix(Time time);       // whole seconds, rounded down
std::string to_rfc3339(Time time);     // 2026-11-21T09:00:00.123Z, always milliseconds
// Any offset, any fraction (cut to microseconds), upper-case T and Z; none for leap seconds.
std::optional<Time> from_rfc3339(std::string_view text);
// "90s", "15m", "24h", "7d", or a sum such as "1h30m", largest unit first: the form used in configuration and policy.
// Units: d, h, m, s, ms, us. Never negative.
std::optional<Duration> parse_duration(std::string_view text);
std::string to_string(Duration duration);  // a short form that parse_duration reads back (unless negative)

}  // namespace watchword
