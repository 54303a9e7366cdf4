#include "base/metrics.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>
#include <thread>

namespace watchword {
namespace {

using testing::HasSubstr;

TEST(Metrics, RenderAsOpenMetricsText) {
  Metrics metrics;
  metrics.counter("watchword_denials", "Requests denied.", {{"reason", "token_expired"}}).add(3);
  metrics.gauge("watchword_sessions", "Live sessions.").set(-2);
  metrics.counter("watchword_denials", "Requests denied.", {{"reason", "no_binding"}}).add();
  EXPECT_EQ(metrics.render(),
            "# TYPE watchword_denials counter\n"
            "# HELP watchword_denials Requests denied.\n"
            "watchword_denials_total{reason=\"token_expired\"} 3\n"
            "watchword_denials_total{reason=\"no_binding\"} 1\n"
            "# TYPE watchword_sessions gauge\n"
            "# HELP watchword_sessions Live sessions.\n"
            "watchword_sessions -2\n"
            "# EOF\n");
  EXPECT_EQ(Metrics().render(), "# EOF\n");
}

TEST(Metrics, OfTheSameNameAndLabelsAreTheSame) {
  Metrics metrics;
  Counter& first = metrics.counter("c", "h", {{"a", "1"}});
  for (int i = 0; i < 100; ++i) metrics.counter("other", "h", {{"a", std::to_string(i)}});
  EXPECT_EQ(&first, &metrics.counter("c", "h", {{"a", "1"}}));
  EXPECT_EQ(&first, &metrics.counter("c_total", "h", {{"a", "1"}}));
  EXPECT_NE(&first, &metrics.counter("c", "h", {{"a", "2"}}));
  EXPECT_NE(&first, &metrics.counter("c", "h"));
}

TEST(Metrics, EscapeLabelValuesAndHelp) {
  Metrics metrics;
  metrics.gauge("g", "a\nb\\c", {{"l", "x\"} 1\n# EOF\\"}}).set(1);
  EXPECT_EQ(metrics.render(), "# TYPE g gauge\n# HELP g a\\nb\\\\c\ng{l=\"x\\\"} 1\\n# EOF\\\\\"} 1\n# EOF\n");
}

TEST(Histogram, CountsCumulatively) {
  Metrics metrics;
  auto& histogram = metrics.histogram("d_seconds", "Time.", {{"op", "x"}});
  for (const double seconds : {0.00005, 0.00006, 0.4, 0.5, 10.0, 11.0}) histogram.observe(seconds);
  const std::string out = metrics.render();
  EXPECT_THAT(out, HasSubstr("# TYPE d_seconds histogram\n"));
  for (const auto* line : {"d_seconds_bucket{op=\"x\",le=\"5e-05\"} 1\n",
                           "d_seconds_bucket{op=\"x\",le=\"0.0001\"} 2\n", "d_seconds_bucket{op=\"x\",le=\"0.1\"} 2\n",
                           "d_seconds_bucket{op=\"x\",le=\"0.5\"} 4\n", "d_seconds_bucket{op=\"x\",le=\"1.0\"} 4\n",
                           "d_seconds_bucket{op=\"x\",le=\"10.0\"} 5\n", "d_seconds_bucket{op=\"x\",le=\"+Inf\"} 6\n",
                           "d_seconds_sum{op=\"x\"} 21.90011\n", "d_seconds_count{op=\"x\"} 6\n"})
    EXPECT_THAT(out, HasSubstr(line));
}

TEST(Histogram, TakesTimesThatCannotBe) {
  Metrics metrics;
  auto& histogram = metrics.histogram("d", "Time.");
  for (const double odd : {-1.0, std::nan(""), std::numeric_limits<double>::infinity(), 1e300}) histogram.observe(odd);
  EXPECT_THAT(metrics.render(), HasSubstr("d_bucket{le=\"5e-05\"} 2\n"));
  EXPECT_THAT(metrics.render(), HasSubstr("d_count 4\n"));
}

TEST(Metrics, CountFromManyThreadsWhileBeingRead) {
  Metrics metrics;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) {
          metrics.counter("c", "h").add();
          if (i % 100 == 0) EXPECT_THAT(metrics.render(), HasSubstr("# EOF"));
        }
      });
  }
  EXPECT_EQ(metrics.counter("c", "h").value(), 4000U);
}

}  // namespace
}  // namespace watchword
