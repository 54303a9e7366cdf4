// Wall clocks in conditions: where summer time begins and ends, and around midnight.
#include <gmock/gmock.h>

#include "policy/condition.h"

namespace watchword::policy {
namespace {

using ::testing::HasSubstr;

std::string eval(std::string_view expression, std::string_view now, const Json& variables = Json::object()) {
  const auto result = Condition::evaluate_any(expression, variables, from_rfc3339(now).value());
  return result ? result->dump() : to_string(result.error());
}

// Year, month (from 1), date, day of the week, hour, minute.
std::string shown(std::string_view zone, std::string_view now) {
  return eval(
      "[now].map(t, [t.getFullYear(zone), t.getMonth(zone) + 1, t.getDate(zone), t.getDayOfWeek(zone), "
      "t.getHours(zone), t.getMinutes(zone)])[0]",
      now, Json::object({{"zone", zone}}));
}

TEST(TimeZones, ShowWhatTheClockOnTheWallShows) {
  struct Row {
    const char *zone, *utc, *local;
  };
  const Row rows[] = {
      // the clock is set forward from 2:00 to 3:00
      {"Europe/Berlin", "2026-03-29T00:59:59Z", "[2026,3,29,0,1,59]"},
      {"Europe/Berlin", "2026-03-29T01:00:00Z", "[2026,3,29,0,3,0]"},
      {"America/New_York", "2026-03-08T06:59:59Z", "[2026,3,8,0,1,59]"},
      {"America/New_York", "2026-03-08T07:00:00Z", "[2026,3,8,0,3,0]"},
      // and back from 3:00 to 2:00: the hour from 2:00 comes twice
      {"Europe/Berlin", "2026-10-25T00:30:00Z", "[2026,10,25,0,2,30]"},
      {"Europe/Berlin", "2026-10-25T01:30:00Z", "[2026,10,25,0,2,30]"},
      {"Europe/Berlin", "2026-10-25T02:00:00Z", "[2026,10,25,0,3,0]"},
      {"America/New_York", "2026-11-01T06:00:00Z", "[2026,11,1,0,1,0]"},
      // half hours, and zones without summer time
      {"Asia/Kolkata", "2026-03-29T01:00:00Z", "[2026,3,29,0,6,30]"},
      {"Asia/Kolkata", "2026-10-25T01:00:00Z", "[2026,10,25,0,6,30]"},
      {"Asia/Tokyo", "2026-07-01T15:00:00Z", "[2026,7,2,4,0,0]"},
      // midnight, when the day, the month and the year change
      {"Europe/Berlin", "2026-12-31T22:59:59Z", "[2026,12,31,4,23,59]"},
      {"Europe/Berlin", "2026-12-31T23:00:00Z", "[2027,1,1,5,0,0]"},
      {"America/New_York", "2026-07-01T03:59:59Z", "[2026,6,30,2,23,59]"},
      {"America/New_York", "2026-07-01T04:00:00Z", "[2026,7,1,3,0,0]"},
  };
  for (const auto& [zone, utc, local] : rows) EXPECT_EQ(shown(zone, utc), local) << zone << " " << utc;
}

TEST(TimeZones, OfficeHoursFollowSummerTime) {
  const char* office = R"(now.getDayOfWeek("Europe/Berlin") in [1, 2, 3, 4, 5] &&
      now.getHours("Europe/Berlin") >= 8 && now.getHours("Europe/Berlin") < 18)";
  EXPECT_EQ(eval(office, "2026-10-23T06:00:00Z"), "true") << "Friday, 8:00 in summer";
  EXPECT_EQ(eval(office, "2026-10-23T05:59:59Z"), "false");
  EXPECT_EQ(eval(office, "2026-10-26T06:00:00Z"), "false") << "Monday, 7:00 in winter";
  EXPECT_EQ(eval(office, "2026-10-26T07:00:00Z"), "true");
  EXPECT_EQ(eval(office, "2026-10-26T17:00:00Z"), "false") << "18:00";
  EXPECT_EQ(eval(office, "2026-10-25T09:00:00Z"), "false") << "Sunday";
}

TEST(TimeZones, AreTheSameWrittenOutAndFromAClaim) {
  const auto variables = parse_json(R"({"job": {"zone": "Asia/Kolkata"}})").value();
  EXPECT_EQ(eval("now.getHours(job.zone) == now.getHours('Asia/Kolkata')", "2026-11-21T09:00:00Z", variables), "true");
  EXPECT_EQ(eval("now.getHours(job.zone)", "2026-11-21T09:00:00Z", variables), "14");
}

TEST(TimeZones, AnUnknownOneFromAClaimFailsTheCondition) {
  for (const char* zone : {"Nowhere/City", "", "../../etc/passwd", "/usr/share/zoneinfo/UTC", "europe/berlin"}) {
    const auto said = eval("now.getHours(zone)", "2026-11-21T09:00:00Z", Json::object({{"zone", zone}}));
    EXPECT_THAT(said, HasSubstr("condition_failed")) << zone;
    EXPECT_THAT(said, HasSubstr("is not known")) << zone;
  }
}

}  // namespace
}  // namespace watchword::policy
