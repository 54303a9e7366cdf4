// An allow that is written by hand is what protocol buffers would have written.
#include "envoy/check_reply.h"

#include <gmock/gmock.h>

#include "access/identity_headers.h"
#include "http/grpc.h"
#include "proto/ext_authz.pb.h"

namespace watchword::envoy {
namespace {

using ::testing::Contains;
using ::testing::ElementsAreArray;
using ::testing::Not;

wire::CheckResponse parse(const std::string& frame) {
  EXPECT_EQ(frame, http::grpc_frame(frame.substr(http::kGrpcPrefix)));
  wire::CheckResponse response;
  EXPECT_TRUE(response.ParseFromString(frame.substr(http::kGrpcPrefix)));
  return response;
}

TEST(CheckReply, LengthsOfAnySizeHold) {
  for (const std::size_t size :
       {0u, 1u, 120u, 121u, 122u, 123u, 126u, 127u, 128u, 16'370u, 16'383u, 16'384u, 70'000u}) {
    const std::string text(size, 'x');
    const Allowed allowed{"rec", text, "billing-api", {}, {{"x-one", text}, {"x-two", "2"}}, {text + "n", "m"}, text};
    const auto response = parse(allowed_response(allowed));
    ASSERT_TRUE(response.has_status());
    EXPECT_EQ(response.status().code(), 0);
    const auto& ok = response.ok_response();
    ASSERT_EQ(ok.headers_size(), size == 0 ? 2 : 3);
    EXPECT_EQ(ok.headers(0).header().key(), "x-one");
    EXPECT_EQ(ok.headers(0).header().value(), text);
    EXPECT_EQ(ok.headers(1).header().value(), "2");
    if (size > 0) EXPECT_EQ(ok.headers(2).header().key() + ok.headers(2).header().value(), ":path" + text);
    for (const auto& option : ok.headers()) {
      EXPECT_TRUE(option.has_append());
      EXPECT_FALSE(option.append().value());
      EXPECT_EQ(option.append_action(), 2);
    }
    std::vector<std::string> removed(always_removed().begin(), always_removed().end());
    removed.insert(removed.end(), {text + "n", "m"});
    EXPECT_THAT(ok.headers_to_remove(), ElementsAreArray(removed));
    const auto& told = response.dynamic_metadata().fields();
    EXPECT_EQ(told.at("decision").string_value(), "allow");
    EXPECT_EQ(told.at("record").string_value(), "rec");
    EXPECT_FALSE(told.contains("action"));
    EXPECT_EQ(told.contains("session"), size > 0);
    if (size > 0) EXPECT_EQ(told.at("session").string_value(), text);
  }
}

TEST(CheckReply, EveryIdentityHeaderIsRemovedOrSet) {
  for (const auto name : access::identity_headers()) {
    const bool set = name == kAssertion || name == kTraceParent || name == kRequestId || name == kForwardedHost;
    if (set)
      EXPECT_THAT(always_removed(), Not(Contains(name)));
    else
      EXPECT_THAT(always_removed(), Contains(name));
  }
}

}  // namespace
}  // namespace watchword::envoy
