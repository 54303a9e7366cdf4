#include "http/h2_meter.h"

#include <gtest/gtest.h>

#include "http/h2_test_frames.h"

namespace watchword::http {
namespace {

using namespace h2;
using std::chrono::seconds;

const net::Steady::time_point kStart{};

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Budget, GrowsAgainWithTimeUpToItsMost) {
  Budget budget(2, 1, kStart);
  EXPECT_TRUE(budget.spend(2, kStart));
  EXPECT_FALSE(budget.spend(1, kStart));
  EXPECT_TRUE(budget.spend(1, kStart + seconds(2)));
  EXPECT_TRUE(budget.spend(2, kStart + seconds(60)));
  EXPECT_FALSE(budget.spend(1, kStart + seconds(60)));
}

TEST(FrameMeter, EndsAFloodOfFramesThatDoNothing) {
  FrameMeter meter(100, kStart);
  EXPECT_TRUE(meter.feed(std::string(kPreface) + repeated(ping(), 1000), kStart));
  EXPECT_FALSE(meter.feed(ping(), kStart));
}

TEST(FrameMeter, LetsMoreStreamsHaveMoreFrames) {
  FrameMeter meter(1000, kStart);
  EXPECT_TRUE(meter.feed(std::string(kPreface) + repeated(ping(), 10'000), kStart));
  EXPECT_TRUE(meter.feed(repeated(ping(), 1000), kStart + seconds(1)));
  EXPECT_FALSE(meter.feed(ping(), kStart + seconds(1)));
}

TEST(FrameMeter, CountsFramesHoweverTheyAreCut) {
  FrameMeter meter(100, kStart);
  int whole = 0;
  bool calm = true;
  for (const char c : std::string(kPreface) + repeated(settings({{3, 1}}) + ping(), 501)) {
    calm = calm && meter.feed({&c, 1}, kStart);
    whole += calm ? 1 : 0;
  }
  EXPECT_FALSE(calm);
  EXPECT_EQ(whole, 24 + 500 * (15 + 17) + 8) << "the 1001st frame is known by the last byte of its header";
}

TEST(FrameMeter, LetsTimeRequestsAndContentPayForThem) {
  FrameMeter meter(100, kStart);
  EXPECT_TRUE(meter.feed(std::string(kPreface) + repeated(ping(), 1000), kStart));
  EXPECT_TRUE(meter.feed(repeated(ping(), 100), kStart + seconds(1)));
  EXPECT_TRUE(meter.feed(get(1) + repeated(ping(), 4), kStart + seconds(1)));
  meter.sent_data(16 * 1024);
  EXPECT_TRUE(meter.feed(repeated(window_update(0, 1), 19), kStart + seconds(1)));
  EXPECT_TRUE(meter.feed(repeated(data(1, "x"), 5000), kStart + seconds(1))) << "content is no nuisance";
  EXPECT_FALSE(meter.feed(data(1, ""), kStart + seconds(1)));
}

TEST(FrameMeter, KnowsSinceWhenAFieldBlockIsUnderWay) {
  FrameMeter meter(100, kStart);
  const auto later = kStart + seconds(5);
  meter.feed(kPreface, kStart);
  EXPECT_EQ(meter.block_since(), FrameMeter::kNoBlock);
  meter.feed(get(1).substr(0, 9), later);
  EXPECT_EQ(meter.block_since(), later) << "from the header of its frame on";
  meter.feed(get(1).substr(9), later);
  EXPECT_EQ(meter.block_since(), FrameMeter::kNoBlock);
  meter.feed(headers(3, request_fields("GET", "/"), kNone), later);
  meter.feed(frame(kContinuation, kNone, 3, ""), later + seconds(1));
  EXPECT_EQ(meter.block_since(), later) << "a continuation is no new block";
  meter.feed(frame(kContinuation, kEndHeaders, 3, ""), later);
  EXPECT_EQ(meter.block_since(), FrameMeter::kNoBlock);
}

}  // namespace
}  // namespace watchword::http
