#include "base/clock.h"

#include <gtest/gtest.h>

#include <limits>

namespace watchword {
namespace {

using namespace std::chrono_literals;

TEST(Rfc3339, ReadsOffsetsAndFractions) {
  const struct {
    std::string_view text;
    std::int64_t us;
  } kCases[] = {
      {"1970-01-01T00:00:00Z", 0},
      {"1970-01-01T00:00:00.000001Z", 1},
      {"1970-01-01T00:00:00.1Z", 100'000},
      {"1970-01-01T00:00:00.1234567899999Z", 123'456},
      {"1970-01-01T01:00:00+01:00", 0},
      {"1969-12-31T19:30:00-04:30", 0},
      {"1985-04-12T23:20:50.52Z", 482196050'520'000},    // RFC 3339 5.8
      {"1996-12-19T16:39:57-08:00", 851042397'000'000},  // RFC 3339 5.8
      {"1937-01-01T12:00:27.87+00:20", -1041337172'130'000},
      {"2024-02-29T00:00:00Z", 1709164800'000'000},
      {"2026-11-21T09:00:00.123Z", 1795251600'123'000},
  };
  for (const auto& c : kCases) {
    const auto time = from_rfc3339(c.text);
    ASSERT_TRUE(time) << c.text;
    EXPECT_EQ(time->time_since_epoch().count(), c.us) << c.text;
  }
}

TEST(Rfc3339, RefusesWhatIsNotExactlyATime) {
  for (const std::string_view text : {"",
                                      "2026-11-21",
                                      "2026-11-21T09:00:00",
                                      "2026-11-21T09:00Z",
                                      "2026-11-21 09:00:00Z",
                                      "2026-11-21t09:00:00z",
                                      "2026-11-21T09:00:00.Z",
                                      "2026-11-21T09:00:00,5Z",
                                      "2026-11-21T09:00:00Z ",
                                      " 2026-11-21T09:00:00Z",
                                      "2026-11-21T09:00:00ZZ",
                                      "2026-11-21T09:00:00+0100",
                                      "2026-11-21T09:00:00+24:00",
                                      "2026-11-21T09:00:00+01:60",
                                      "2026-11-21T09:00:00+-1:00",
                                      "2026-11-21T24:00:00Z",
                                      "2026-11-21T09:60:00Z",
                                      "2016-12-31T23:59:60Z",
                                      "2026-13-01T00:00:00Z",
                                      "2026-00-01T00:00:00Z",
                                      "2026-02-29T00:00:00Z",
                                      "1900-02-29T00:00:00Z",
                                      "2026-04-31T00:00:00Z",
                                      "+2026-11-21T09:00:00Z",
                                      "-026-11-21T09:00:00Z",
                                      "12026-11-21T09:00:00Z",
                                      "2026-1-21T09:00:00Z"})
    EXPECT_FALSE(from_rfc3339(text)) << text;
}

TEST(Rfc3339, WritesAlwaysMilliseconds) {
  EXPECT_EQ(to_rfc3339(from_unix(1795251600) + 123456us), "2026-11-21T09:00:00.123Z");
  EXPECT_EQ(to_rfc3339(from_unix(0)), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(from_unix(0) - 1us), "1969-12-31T23:59:59.999Z");
}

TEST(Time, OfAHostileClaimStaysWithinFourDigitYears) {
  constexpr auto kMost = std::numeric_limits<std::int64_t>::max();
  constexpr auto kLeast = std::numeric_limits<std::int64_t>::min();
  EXPECT_EQ(to_rfc3339(from_unix(kMost)), "9999-12-31T23:59:59.000Z");
  EXPECT_EQ(to_rfc3339(from_unix(kLeast)), "0000-01-01T00:00:00.000Z");
  EXPECT_EQ(to_rfc3339(Time::max()), "9999-12-31T23:59:59.999Z");
  EXPECT_EQ(to_rfc3339(Time::min()), "0000-01-01T00:00:00.000Z");
  EXPECT_GT(from_unix(kMost) + 24h * 365 * 1000, from_unix(kMost));  // room to add any skew or life
}

TEST(Time, InUnixSecondsRoundsDown) {
  EXPECT_EQ(to_unix(from_unix(7) + 999999us), 7);
  EXPECT_EQ(to_unix(from_unix(0) - 1us), -1);
}

TEST(DurationText, ReadsUnitsAndSums) {
  const struct {
    std::string_view text;
    Duration duration;
  } kCases[] = {{"90s", 90s},     {"15m", 15min},
                {"24h", 24h},     {"7d", 168h},
                {"1h30m", 90min}, {"250ms", 250ms},
                {"10us", 10us},   {"1d1h1m1s1ms1us", 25h + 61s + 1001us},
                {"0s", 0s},       {"106751991d", 24h * 106751991}};
  for (const auto& c : kCases) EXPECT_EQ(parse_duration(c.text), std::optional(c.duration)) << c.text;
}

TEST(DurationText, RefusesDoubtfulForms) {
  for (const std::string_view text : {"",
                                      "1",
                                      "s",
                                      "-1s",
                                      "+1s",
                                      "1.5h",
                                      "1 h",
                                      " 1h",
                                      "1h ",
                                      "1H",
                                      "1w",
                                      "1y",
                                      "1min",
                                      "30m1h",
                                      "1h1h",
                                      "1ms1s",
                                      "1h30",
                                      "106751992d",
                                      "9223372036854775807s",
                                      "9223372036854775808us",
                                      "99999999999999999999s",
                                      "106751991d24h"})
    EXPECT_FALSE(parse_duration(text)) << text;
  EXPECT_FALSE(parse_duration(std::string_view("1h\0", 3)));
}

TEST(DurationText, IsReadBack) {
  const struct {
    Duration duration;
    std::string_view text;
  } kCases[] = {{0s, "0s"},           {90s, "90s"},       {15min, "15m"},        {90min, "90m"},       {24h, "1d"},
                {25h, "25h"},         {24h + 1s, "1d1s"}, {1500ms, "1500ms"},    {24h + 5us, "1d5us"}, {1us, "1us"},
                {3600s + 5s, "1h5s"}, {-90s, "-90s"},     {-(24h + 1s), "-1d1s"}};
  for (const auto& c : kCases) {
    EXPECT_EQ(to_string(c.duration), c.text);
    if (c.duration >= 0s) EXPECT_EQ(parse_duration(to_string(c.duration)), std::optional(c.duration));
  }
  EXPECT_EQ(parse_duration(to_string(Duration::max())), std::optional(Duration::max()));
}

TEST(SystemClock, AgreesWithTheSystem) {
  const auto system = std::chrono::system_clock::now();
  EXPECT_GE(SystemClock().now() + 1us, system);
}

TEST(ManualClock, MovesOnlyByHand) {
  ManualClock clock(from_unix(100));
  clock.advance(30s);
  EXPECT_EQ(to_unix(clock.now()), 130);
  clock.advance(-60s);
  EXPECT_EQ(to_unix(clock.now()), 70);
  clock.set(from_unix(5));
  EXPECT_EQ(to_unix(clock.now()), 5);
}

}  // namespace
}  // namespace watchword
