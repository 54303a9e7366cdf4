#include "base/time_zone.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>
#include <filesystem>

namespace watchword {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFolder = "/usr/share/zoneinfo";

// Europe/Berlin, Etc/GMT+1. What begins with a small letter is no zone: posix/, right/, tables, links.
bool is_zone_name(const fs::path& name) {
  return std::ranges::all_of(name, [](const fs::path& part) { return std::isupper(part.native().front()) != 0; });
}

std::vector<std::string> read_names() {
  std::vector<std::string> out;
  std::error_code error;
  for (fs::recursive_directory_iterator at(kFolder, error), end; !error && at != end; at.increment(error)) {
    const fs::path name = at->path().lexically_relative(kFolder);
    if (!is_zone_name(name))
      at.disable_recursion_pending();
    else if (std::error_code unreadable; at->is_regular_file(unreadable))
      out.push_back(name.native());
  }
  std::ranges::sort(out);
  return out;
}

Time to_time(absl::Time time) { return Time(Duration(absl::ToUnixMicros(time))); }

}  // namespace

struct TimeZone::Zone {
  absl::TimeZone zone;
};

std::optional<TimeZone> TimeZone::find(std::string_view name) {
  if (!std::ranges::binary_search(time_zone_names(), name)) return std::nullopt;
  Zone found;
  if (!absl::LoadTimeZone(std::string(name), &found.zone)) return std::nullopt;
  return TimeZone(std::make_shared<const Zone>(found));
}

TimeZone TimeZone::fixed(Duration offset) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(offset).count();
  return TimeZone(std::make_shared<const Zone>(Zone{absl::FixedTimeZone(static_cast<int>(seconds))}));
}

Duration TimeZone::offset_at(Time time) const {
  return std::chrono::seconds(zone_->zone.At(absl::FromUnixMicros(time.time_since_epoch().count())).offset);
}

TimeZone::Instants TimeZone::instants_of(LocalTime local) const {
  const auto whole = std::chrono::floor<std::chrono::seconds>(local);
  const auto info = zone_->zone.At(absl::CivilSecond() + whole.time_since_epoch().count());
  if (info.kind == absl::TimeZone::TimeInfo::SKIPPED) return {to_time(info.trans), to_time(info.trans)};
  return {to_time(info.pre) + (local - whole), to_time(info.post) + (local - whole)};
}

const std::vector<std::string>& time_zone_names() {
  static const std::vector<std::string> kNames = read_names();
  return kNames;
}

}  // namespace watchword
