#include "base/time_zone.h"

#include <gmock/gmock.h>

namespace watchword {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

Time utc(std::string_view text) { return from_rfc3339(text).value(); }
LocalTime wall(std::string_view text) { return LocalTime(utc(std::string(text) + "Z").time_since_epoch()); }

Duration offset(std::string_view zone, std::string_view time) {
  return TimeZone::find(zone).value().offset_at(utc(time));
}

TEST(TimeZone, KnowsTheZonesOfTheSystemsData) {
  EXPECT_THAT(time_zone_names(), testing::IsSupersetOf({"America/New_York", "Asia/Kolkata", "Europe/Berlin", "UTC"}));
  EXPECT_TRUE(TimeZone::find("America/Argentina/Buenos_Aires"));
}

TEST(TimeZone, FindsNothingElseInTheFileSystem) {
  EXPECT_THAT(time_zone_names(), testing::Not(testing::Contains(testing::StartsWith("posix"))));
  for (const char* name : {"", "europe/berlin", "Europe", "Europe/", "Europe//Berlin", "Europe/../UTC", "posix/UTC",
                           "/usr/share/zoneinfo/UTC", "file:UTC", "zone.tab", "localtime", "Europe/Berlin "})
    EXPECT_FALSE(TimeZone::find(name)) << name;
}

TEST(TimeZone, FollowsItsSummerTime) {
  EXPECT_EQ(offset("Europe/Berlin", "2026-03-29T00:59:59Z"), hours(1));
  EXPECT_EQ(offset("Europe/Berlin", "2026-03-29T01:00:00Z"), hours(2));
  EXPECT_EQ(offset("Europe/Berlin", "2026-10-25T00:59:59Z"), hours(2));
  EXPECT_EQ(offset("Europe/Berlin", "2026-10-25T01:00:00Z"), hours(1));
  EXPECT_EQ(offset("America/New_York", "2026-03-08T06:59:59Z"), hours(-5));
  EXPECT_EQ(offset("America/New_York", "2026-03-08T07:00:00Z"), hours(-4));
  EXPECT_EQ(offset("Asia/Kolkata", "2026-07-01T00:00:00Z"), hours(5) + minutes(30));
  EXPECT_EQ(offset("Asia/Kolkata", "2026-01-01T00:00:00Z"), hours(5) + minutes(30));
}

TEST(TimeZone, AWallClockTimeIsAnInstant) {
  const auto berlin = TimeZone::find("Europe/Berlin").value();
  const auto [first, last] = berlin.instants_of(wall("2026-12-20T18:00:00.25"));
  EXPECT_EQ(first, utc("2026-12-20T17:00:00.25Z"));
  EXPECT_EQ(last, first);
  EXPECT_EQ(berlin.at_wall(first), wall("2026-12-20T18:00:00.25"));
}

TEST(TimeZone, AnHourThatComesTwiceHasTwoInstants) {
  const auto [first, last] = TimeZone::find("Europe/Berlin")->instants_of(wall("2026-10-25T02:30:00"));
  EXPECT_EQ(first, utc("2026-10-25T00:30:00Z"));
  EXPECT_EQ(last, utc("2026-10-25T01:30:00Z"));
}

TEST(TimeZone, AnHourThatIsSkippedIsTheMomentOfTheChange) {
  const auto [first, last] = TimeZone::find("Europe/Berlin")->instants_of(wall("2026-03-29T02:30:00"));
  EXPECT_EQ(first, utc("2026-03-29T01:00:00Z"));
  EXPECT_EQ(last, first);
}

TEST(TimeZone, AFixedOffsetStays) {
  const auto zone = TimeZone::fixed(-hours(5) - minutes(30));
  EXPECT_EQ(zone.offset_at(utc("2026-07-01T00:00:00Z")), -hours(5) - minutes(30));
  EXPECT_EQ(zone.instants_of(wall("2026-07-01T00:00:00")).first, utc("2026-07-01T05:30:00Z"));
}

}  // namespace
}  // namespace watchword
