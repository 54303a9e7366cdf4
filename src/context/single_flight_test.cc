#include "context/single_flight.h"

#include <gtest/gtest.h>

namespace watchword::context {
namespace {

using std::chrono::seconds;

constexpr Time kStart{seconds(1'790'000'000)};

class SingleFlightTest : public ::testing::Test {
 protected:
  SingleFlight::Joined join(const std::string& key, Time now) {
    return flights.join(key, std::make_shared<Waiter>(), now);
  }
  SingleFlight flights{seconds(5)};
};

TEST_F(SingleFlightTest, OnlyTheFirstBeginsUntilItLanded) {
  EXPECT_TRUE(join("a", kStart).begins);
  EXPECT_FALSE(join("a", kStart + seconds(60)).begins);
  EXPECT_TRUE(join("b", kStart).begins);
  flights.land("a", true, kStart);
  EXPECT_EQ(join("a", kStart + seconds(4)).held, true);
  EXPECT_TRUE(join("a", kStart + seconds(5)).begins);
}

TEST_F(SingleFlightTest, AnAnswerFromBeforeTheClockWasSetBackDoesNotHold) {
  join("a", kStart);
  flights.land("a", true, kStart);
  EXPECT_TRUE(join("a", kStart - seconds(3600)).begins);
}

TEST_F(SingleFlightTest, KeepsABoundedNumberOfQuestions) {
  for (std::size_t i = 0; i < SingleFlight::kMost; ++i) {
    EXPECT_TRUE(join(std::to_string(i), kStart).begins);
    if (i > 0) flights.land(std::to_string(i), true, kStart);
  }
  EXPECT_EQ(join("one more", kStart).held, false);
  flights.forget(kStart + seconds(5));
  EXPECT_TRUE(join("one more", kStart + seconds(5)).begins);
  EXPECT_FALSE(join("0", kStart + seconds(5)).begins);  // still under way
}

}  // namespace
}  // namespace watchword::context
