// Time zones by name, from the system's time zone data (Debian's tzdata, /usr/share/zoneinfo).
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"

namespace watchword {

using LocalTime = std::chrono::local_time<Duration>;  // what a clock on the wall shows

// Cheap to copy. Any thread.
class TimeZone {
 public:
  // "Europe/Berlin", as it is written there. A zone is read when it is first asked for and kept until the process ends.
  // No other names are looked for in the file system: one may come from a token.
  static std::optional<TimeZone> find(std::string_view name);
  static TimeZone fixed(Duration offset);  // whole seconds, within a day

  Duration offset_at(Time time) const;  // the wall clock less UTC
  LocalTime at_wall(Time time) const { return LocalTime(time.time_since_epoch() + offset_at(time)); }
  // When the wall clock shows `local`. Where it is set back it shows some times twice; of one that it skips both are
  // the moment when it is set forward.
  struct Instants {
    Time first, last;
  };
  Instants instants_of(LocalTime local) const;

 private:
  struct Zone;
  explicit TimeZone(std::shared_ptr<const Zone> zone) : zone_(std::move(zone)) {}
  std::shared_ptr<const Zone> zone_;
};

const std::vector<std::string>& time_zone_names();  // sorted; empty where the data is not installed

}  // namespace watchword
