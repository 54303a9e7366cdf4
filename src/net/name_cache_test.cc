// How long an answer is used, by a clock that the test sets.
#include "net/name_cache.h"

#include <gtest/gtest.h>

namespace watchword::net {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr Steady::duration kAnyAge = Steady::duration::max();
const Steady::time_point kStart = Steady::time_point(hours(100));

std::vector<IpAddress> address(std::uint8_t last) { return {IpAddress{.bytes = {192, 0, 2, last}, .size = 4}}; }

struct Cached : ::testing::Test {
  bool fresh(Steady::duration after, Steady::duration max_age = kAnyAge) const {
    return cache.find("a", max_age, kStart + after).fresh;
  }
  bool known(Steady::duration after) const { return cache.find("a", kAnyAge, kStart + after).answer != nullptr; }
  NameCache cache{{}};
};
using NameCacheTest = Cached;

TEST_F(NameCacheTest, AnAnswerIsFreshForItsTtl) {
  EXPECT_FALSE(known(seconds(0)));
  cache.found("a", address(1), seconds(60), kStart);
  EXPECT_TRUE(fresh(seconds(59)));
  EXPECT_FALSE(fresh(seconds(60)));
  EXPECT_FALSE(cache.find("b", kAnyAge, kStart).answer);
}

TEST_F(NameCacheTest, ATtlIsNeitherTooShortNorTooLong) {
  cache.found("a", address(1), seconds(0), kStart);
  EXPECT_TRUE(fresh(milliseconds(4999)));
  EXPECT_FALSE(fresh(seconds(5)));
  cache.found("a", address(1), seconds(INT32_MAX), kStart);
  EXPECT_TRUE(fresh(minutes(59)));
  EXPECT_FALSE(fresh(hours(1)));
}

TEST_F(NameCacheTest, WhoWantsAYoungerAnswerDoesNotTakeAnOldOne) {
  cache.found("a", address(1), seconds(600), kStart);
  EXPECT_TRUE(fresh(seconds(29), seconds(30)));
  EXPECT_FALSE(fresh(seconds(30), seconds(30)));
}

TEST_F(NameCacheTest, WhenNobodyCanSayTheLastAnswerIsKeptForABoundedTime) {
  EXPECT_EQ(cache.failed("a", kStart), nullptr);
  const auto answer = cache.found("a", address(1), seconds(60), kStart);
  EXPECT_EQ(cache.failed("a", kStart + seconds(70)), answer);
  EXPECT_TRUE(fresh(seconds(74)));  // and nobody asks again at once
  EXPECT_FALSE(fresh(seconds(75)));
  EXPECT_TRUE(known(seconds(75)));
  const auto end = seconds(60) + minutes(10);
  EXPECT_TRUE(known(end - seconds(1)));
  EXPECT_EQ(cache.failed("a", kStart + end - seconds(1)), answer);
  EXPECT_FALSE(known(end));
  EXPECT_FALSE(fresh(end));
  EXPECT_EQ(cache.failed("a", kStart + end), nullptr);
  EXPECT_EQ(cache.size(), 0U);
}

TEST_F(NameCacheTest, ANewAnswerTakesTheOldOnesPlace) {
  cache.found("a", address(1), seconds(60), kStart);
  cache.failed("a", kStart + seconds(60));
  cache.found("a", address(2), seconds(5), kStart + seconds(61));
  EXPECT_EQ(cache.find("a", kAnyAge, kStart + seconds(62)).answer->addresses, address(2));
  EXPECT_FALSE(fresh(seconds(66)));
}

TEST_F(NameCacheTest, ANameThatIsSaidToBeNoneIsForgotten) {
  cache.found("a", address(1), seconds(60), kStart);
  cache.absent("a");
  EXPECT_FALSE(known(seconds(1)));
  EXPECT_EQ(cache.failed("a", kStart + seconds(1)), nullptr);
}

TEST(NameCache, KeepsSoManyNamesAndNoMore) {
  NameCache cache({.names = 3});
  for (int i = 0; i < 10; ++i) EXPECT_NE(cache.found(std::to_string(i), address(1), seconds(60), kStart), nullptr);
  EXPECT_EQ(cache.size(), 3U);
  cache.found("2", address(2), seconds(60), kStart + hours(1));
  EXPECT_EQ(cache.find("2", kAnyAge, kStart + hours(1)).answer->addresses, address(2));
  cache.found("later", address(1), seconds(60), kStart + hours(1));  // in the place of those that are no use any more
  EXPECT_TRUE(cache.find("later", kAnyAge, kStart + hours(1)).fresh);
  EXPECT_EQ(cache.size(), 2U);
}

}  // namespace
}  // namespace watchword::net
