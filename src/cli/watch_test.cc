// A policy directory is taken up when it has stood still, once for each change.
#include "cli/watch.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "support/temporary_directory.h"

namespace watchword::cli {
namespace {

class Watch : public ::testing::Test {
 protected:
  void write(const std::string& name, std::string_view text) {
    ASSERT_TRUE(write_file_atomically(folder_.file(name), text).has_value());
  }
  testing::TemporaryDirectory folder_;
};

TEST_F(Watch, AChangeCountsOnceAndOnlyWhenTheFilesStandStill) {
  write("a.yaml", "one");
  DirectoryWatch watch(folder_.file(""));
  EXPECT_FALSE(watch.settled_change());
  write("a.yaml", "half");
  EXPECT_FALSE(watch.settled_change()) << "just changed";
  write("a.yaml", "whole");
  EXPECT_FALSE(watch.settled_change()) << "changed again";
  EXPECT_TRUE(watch.settled_change());
  EXPECT_FALSE(watch.settled_change()) << "taken up already";
}

TEST_F(Watch, NewAndRemovedFilesAreChanges) {
  write("a.yaml", "one");
  DirectoryWatch watch(folder_.file(""));
  write("b.yaml", "two");
  EXPECT_FALSE(watch.settled_change());
  EXPECT_TRUE(watch.settled_change());
  ASSERT_EQ(std::remove(folder_.file("b.yaml").c_str()), 0);
  EXPECT_FALSE(watch.settled_change());
  EXPECT_TRUE(watch.settled_change());
}

TEST_F(Watch, WhatChangesBetweenItsMakingAndTheFirstLookIsAChange) {
  write("a.yaml", "one");
  DirectoryWatch watch(folder_.file(""));
  write("a.yaml", "edited while the gate was starting");
  EXPECT_FALSE(watch.settled_change());
  EXPECT_TRUE(watch.settled_change());
}

TEST(Backoff, TriesAgainSoonThenEveryMinute) {
  Backoff backoff;
  auto now = from_unix(1'790'000'000);
  EXPECT_FALSE(backoff.due(now)) << "nothing failed";
  for (int wait : {5, 10, 20, 40, 60, 60}) {
    backoff.failed(now);
    EXPECT_FALSE(backoff.due(now + std::chrono::seconds(wait) - Duration(1))) << wait;
    now += std::chrono::seconds(wait);
    EXPECT_TRUE(backoff.due(now)) << wait;
  }
  backoff.reset();
  EXPECT_FALSE(backoff.due(now + std::chrono::hours(1)));
  backoff.failed(now);
  EXPECT_TRUE(backoff.due(now + std::chrono::seconds(5))) << "and begins anew";
}

TEST(Backoff, AClockThatWasSetBackDoesNotDelay) {
  Backoff backoff;
  auto now = from_unix(1'790'000'000);
  backoff.failed(now);
  EXPECT_TRUE(backoff.due(now - std::chrono::hours(1)));
}

}  // namespace
}  // namespace watchword::cli
