// Limits of a session: how they are written, and what keeps to several.
#include "policy/quota.h"

#include <gtest/gtest.h>

namespace watchword::policy {
namespace {

TEST(Quota, ARateIsANumberInASecondOrMinute) {
  EXPECT_EQ(parse_rate("100/s"), (Rate{100, 100, std::chrono::seconds(1)}));
  EXPECT_EQ(parse_rate("600/m"), (Rate{600, 600, std::chrono::minutes(1)}));
  EXPECT_EQ(parse_rate("1000000/s")->count, Rate::kMost);
  for (const auto* text : {"", "/s", "100", "100/", "100/h", "0/s", "010/s", "-1/s", "+1/s", "1.5/s", "1 /s", " 1/s",
                           "1/s ", "1000001/s", "99999999999999999999/s", "0x10/s", "1/S"})
    EXPECT_EQ(parse_rate(text), std::nullopt) << text;
}

TEST(Quota, BytesHaveTheirUnit) {
  EXPECT_EQ(parse_bytes("1B"), 1);
  EXPECT_EQ(parse_bytes("10KB"), 10'000);
  EXPECT_EQ(parse_bytes("10KiB"), 10'240);
  EXPECT_EQ(parse_bytes("3MB"), 3'000'000);
  EXPECT_EQ(parse_bytes("3MiB"), 3'145'728);
  EXPECT_EQ(parse_bytes("10GB"), 10'000'000'000);
  EXPECT_EQ(parse_bytes("10GiB"), 10'737'418'240);
  EXPECT_EQ(parse_bytes("1048576GiB"), Quota::kMostBytes);
  for (const auto* text : {"", "B", "10", "0B", "10gb", "10G", "10TB", "1.5GB", "-1B", "1 B", "010B", "1048577GiB",
                           "1125899906842625B", "99999999999999999999B"})
    EXPECT_EQ(parse_bytes(text), std::nullopt) << text;
}

TEST(Quota, IsShownAsItIsWritten) {
  for (const auto* text : {"100/s", "600/m"}) EXPECT_EQ(to_string(*parse_rate(text)), text);
  for (const auto* text : {"1B", "999B", "10KB", "1KiB", "500MB", "512MiB", "10GB", "10GiB", "1001B"})
    EXPECT_EQ(bytes_to_string(*parse_bytes(text)), text);
  EXPECT_EQ(bytes_to_string(0), "0B");
}

TEST(Quota, WhatKeepsToBothHasTheSmallerOfEach) {
  const auto rate = [](const char* a, const char* b) {
    return strictest(Quota{.rate = *parse_rate(a)}, Quota{.rate = *parse_rate(b)}).rate;
  };
  EXPECT_EQ(rate("100/s", "200/s"), *parse_rate("100/s"));
  EXPECT_EQ(rate("60/m", "1/s").burst, 1U) << "as fast in the long run";
  EXPECT_EQ(rate("100/m", "2/s"), (Rate{100, 2, std::chrono::minutes(1)}));
  EXPECT_EQ(rate("100/s", "7000/m"), (Rate{100, 100, std::chrono::seconds(1)}));
  EXPECT_EQ(strictest(Quota{.concurrent = 3, .bytes = 7}, Quota{.concurrent = 5}),
            (Quota{.concurrent = 3, .bytes = 7}));
  EXPECT_EQ(strictest(Quota{}, Quota{}), Quota{});
}

}  // namespace
}  // namespace watchword::policy
