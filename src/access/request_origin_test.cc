#include "access/request_origin.h"

#include <gtest/gtest.h>

namespace watchword::access {
namespace {

constexpr const char* kTrace = "0af7651916cd43dd8448eb211c80319c";
constexpr const char* kGood = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(TraceParent, ReadsWhatW3cTraceContextAllows) {
  const std::pair<std::string, bool> rows[] = {
      {kGood, true},
      {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", false},
      {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-ff", true},
      {"01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-03", true},
      {"cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-what-the-future-brings", true},
  };
  for (const auto& [text, sampled] : rows) {
    auto parent = parse_traceparent(text);
    ASSERT_TRUE(parent.has_value()) << text;
    EXPECT_EQ(parent->trace_id, kTrace);
    EXPECT_EQ(parent->parent_id, "b7ad6b7169203331");
    EXPECT_EQ(parent->sampled, sampled) << text;
  }
}

TEST(TraceParent, RefusesAllElse) {
  for (const std::string& text :
       {std::string(), std::string("00"), std::string(kGood) + "-", std::string(kGood) + "-01",
        std::string(kGood) + "x", std::string(kGood).substr(0, 54),
        std::string("ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        std::string("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01x"),
        std::string("00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01"),
        std::string("00-00000000000000000000000000000000-b7ad6b7169203331-01"),
        std::string("00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01"),
        std::string("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g"),
        std::string("00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
        std::string("00-0af7651916cd43dd8448eb211c8031-9cb7ad6b7169203331-01"),
        std::string("zz-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")})
    EXPECT_FALSE(parse_traceparent(text).has_value()) << text;
}

class RequestOrigin : public ::testing::Test {
 protected:
  Origin of(http::Headers headers,
            net::Peer peer = {.address = "192.0.2.7", .port = 80, .uid = {}, .loopback = false}) {
    return origin_of({"GET", "https", "gate.example.com", "/", std::move(headers)}, peer, random_);
  }
  SeededRandom random_{1};
};

TEST_F(RequestOrigin, KeepsASaneRequestId) {
  for (const auto* id : {"a", "build-17_3.x", "01JDK3QZ3T4N5V6W7X8Y9Z0ABC"})
    EXPECT_EQ(of({{"x-request-id", id}}).request_id, id);
  for (const auto& id : {std::string(), std::string("a b"), std::string("a\nb"), std::string("a/b"),
                         std::string("\xc3\xa9"), std::string(129, 'a'), std::string("a\"b"), std::string("{}")}) {
    auto made = of({{"x-request-id", id}}).request_id;
    EXPECT_NE(made, id);
    EXPECT_EQ(made.size(), 22u);
  }
  EXPECT_EQ(of({{"x-request-id", std::string(128, 'a')}}).request_id, std::string(128, 'a'));
  EXPECT_NE(of({{"x-request-id", "a"}, {"x-request-id", "b"}}).request_id, "a") << "two ids are none";
  EXPECT_NE(of({}).request_id, of({}).request_id);
}

TEST_F(RequestOrigin, GoesOnWithTheCallersTraceOrBeginsOne) {
  auto known = of({{"traceparent", kGood}});
  EXPECT_EQ(known.trace, kTrace);
  auto passed_on = parse_traceparent(traceparent_of(known, random_));
  ASSERT_TRUE(passed_on.has_value());
  EXPECT_EQ(passed_on->trace_id, kTrace);
  EXPECT_NE(passed_on->parent_id, "b7ad6b7169203331") << "a span of its own";
  EXPECT_TRUE(passed_on->sampled);

  auto fresh = of({{"traceparent", "rubbish"}});
  auto begun = parse_traceparent(traceparent_of(fresh, random_));
  ASSERT_TRUE(begun.has_value());
  EXPECT_EQ(begun->trace_id, fresh.trace);
  EXPECT_FALSE(begun->sampled);
  EXPECT_NE(of({{"traceparent", kGood}, {"traceparent", kGood}}).trace, kTrace);
}

TEST_F(RequestOrigin, NamesThePeer) {
  EXPECT_EQ(of({}).peer, "192.0.2.7:80");
  EXPECT_EQ(of({}, {.address = "[2001:db8::7]", .port = 443, .uid = {}, .loopback = false}).peer, "[2001:db8::7]:443");
  EXPECT_EQ(of({}, {.address = "", .port = 0, .uid = 1000, .loopback = true}).peer, "unix:uid=1000");
}

}  // namespace
}  // namespace watchword::access
