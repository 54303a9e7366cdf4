#include "envoy/xds_stream.h"

#include <gmock/gmock.h>

#include "envoy/xds_test_util.h"

namespace watchword::envoy {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

const Contents kNone;

class Stream : public ::testing::TestWithParam<XdsForm> {
 protected:
  bool sotw() const { return GetParam() == XdsForm::sotw; }
  void ask(XdsType type, std::vector<std::string> names = {}, std::vector<std::string> no_longer = {}) {
    XdsRequest request;
    request.type = type;
    request.nonce = nonces_[type];
    request.names = std::move(names);
    request.unsubscribed = std::move(no_longer);
    ASSERT_TRUE(stream_.receive(std::move(request)).has_value());
  }
  // Yes, or no for a reason, to the last response of a type.
  void answer(XdsType type, std::vector<std::string> names, std::optional<std::string> refusal = {}) {
    XdsRequest request;
    request.type = type;
    request.nonce = nonces_[type];
    request.refusal = std::move(refusal);
    if (sotw()) request.names = std::move(names);
    ASSERT_TRUE(stream_.receive(std::move(request)).has_value());
  }
  std::optional<Told> next() {
    const auto message = stream_.next();
    if (!message) return std::nullopt;
    auto said = told(GetParam(), *message);
    for (const auto type : kXdsTypes)
      if (said.type == type_url_of(type)) nonces_[type] = said.nonce;
    return said;
  }
  Contents next_resources() {
    const auto said = next();
    return said ? said->resources : Contents{{"no", "message"}};
  }

  XdsStream stream_{GetParam()};
  std::map<XdsType, std::string> nonces_;
};
INSTANTIATE_TEST_SUITE_P(Forms, Stream, ::testing::Values(XdsForm::sotw, XdsForm::delta),
                         [](const auto& one) { return one.param == XdsForm::sotw ? "Sotw" : "Delta"; });

TEST_P(Stream, TellsNothingUnaskedAndNothingBeforeThereIsSomething) {
  EXPECT_FALSE(next());
  ask(XdsType::cluster);
  EXPECT_FALSE(next());
  stream_.offer(snapshot_of({{XdsType::cluster, {{"a", "1"}}}, {XdsType::listener, {{"l", "1"}}}}));
  EXPECT_EQ(next_resources(), (Contents{{"a", "1"}}));
  EXPECT_FALSE(next());
}

TEST_P(Stream, TellsClustersBeforeListenersBeforeRoutes) {
  ask(XdsType::route, {"r"});
  ask(XdsType::listener);
  ask(XdsType::secret, {"s"});
  ask(XdsType::cluster);
  stream_.offer(snapshot_of({{XdsType::cluster, {{"a", "1"}}},
                             {XdsType::secret, {{"s", "1"}}},
                             {XdsType::listener, {{"l", "1"}}},
                             {XdsType::route, {{"r", "1"}}}}));
  std::vector<std::string> order;
  while (const auto said = next()) order.push_back(said->resources.begin()->first);
  EXPECT_THAT(order, ElementsAre("a", "s", "l", "r"));
}

TEST_P(Stream, WhatIsAskedForByNameIsAllThatIsTold) {
  stream_.offer(snapshot_of({{XdsType::secret, {{"mine", "1"}, {"other", "1"}}}}));
  ask(XdsType::secret, {"mine"});
  EXPECT_EQ(next_resources(), (Contents{{"mine", "1"}}));
  answer(XdsType::secret, {"mine"});
  ask(XdsType::secret, sotw() ? std::vector<std::string>{"mine", "other"} : std::vector<std::string>{"other"});
  const auto more = next_resources();
  EXPECT_EQ(more.contains("other"), true);
  EXPECT_EQ(more.contains("mine"), sotw());
}

TEST_P(Stream, AChangeIsToldOnceTheLastAnswerIsIn) {
  stream_.offer(snapshot_of({{XdsType::cluster, {{"a", "1"}, {"b", "1"}}}}));
  ask(XdsType::cluster);
  EXPECT_TRUE(next());
  stream_.offer(snapshot_of({{XdsType::cluster, {{"a", "2"}, {"b", "1"}}}}));
  stream_.offer(snapshot_of({{XdsType::cluster, {{"a", "3"}}}}));
  EXPECT_FALSE(next());
  answer(XdsType::cluster, {});
  const auto said = next();
  ASSERT_TRUE(said);
  EXPECT_EQ(said->resources, (Contents{{"a", "3"}}));
  if (!sotw()) EXPECT_THAT(said->removed, ElementsAre("b"));
  answer(XdsType::cluster, {});
  EXPECT_FALSE(next());
  EXPECT_EQ(stream_.status(XdsType::cluster).taken, "a=3;");
}

TEST_P(Stream, WhatIsRefusedIsShownAndNotToldAgainUntilItChanges) {
  stream_.offer(snapshot_of({{XdsType::listener, {{"l", "1"}}}}));
  ask(XdsType::listener);
  EXPECT_TRUE(next());
  answer(XdsType::listener, {}, "no such\nfilter");
  auto status = stream_.status(XdsType::listener);
  EXPECT_EQ(status.refused, 1u);
  EXPECT_EQ(status.taken, "");
  EXPECT_EQ(status.refusal.find('\n'), std::string::npos);
  EXPECT_FALSE(status.refusal.empty());
  EXPECT_FALSE(next());
  stream_.offer(snapshot_of({{XdsType::listener, {{"l", "2"}}}}));
  EXPECT_EQ(next_resources(), (Contents{{"l", "2"}}));
  answer(XdsType::listener, {});
  status = stream_.status(XdsType::listener);
  EXPECT_EQ(status.refusal, "");
  EXPECT_EQ(status.taken, "l=2;");
  EXPECT_EQ(status.refused, 1u);
}

TEST_P(Stream, AnAnswerIsCountedOnce) {
  stream_.offer(snapshot_of({{XdsType::listener, {{"l", "1"}}}}));
  ask(XdsType::listener);
  EXPECT_TRUE(next());
  answer(XdsType::listener, {}, "no");
  answer(XdsType::listener, {}, "no");
  EXPECT_EQ(stream_.status(XdsType::listener).refused, 1u);
}

TEST_P(Stream, AStaleNonceAnswersNothing) {
  stream_.offer(snapshot_of({{XdsType::cluster, {{"a", "1"}}}}));
  ask(XdsType::cluster);
  EXPECT_TRUE(next());
  nonces_[XdsType::cluster] = "stale";
  answer(XdsType::cluster, {}, "no");
  EXPECT_EQ(stream_.status(XdsType::cluster).refused, 0u);
  stream_.offer(snapshot_of({{XdsType::cluster, {{"a", "2"}}}}));
  EXPECT_FALSE(next());  // the answer to the first is still to come
}

TEST_P(Stream, AllClustersGoneIsTold) {
  stream_.offer(snapshot_of({{XdsType::cluster, {{"a", "1"}}}}));
  ask(XdsType::cluster);
  EXPECT_TRUE(next());
  answer(XdsType::cluster, {});
  stream_.offer(snapshot_of({}));
  const auto said = next();
  ASSERT_TRUE(said);
  EXPECT_EQ(said->resources, kNone);
  if (!sotw()) EXPECT_THAT(said->removed, ElementsAre("a"));
}

TEST_P(Stream, NodesWithoutClustersAreToldSo) {
  stream_.offer(snapshot_of({}));
  ask(XdsType::cluster);
  EXPECT_EQ(next_resources(), kNone);
}

TEST(DeltaStream, WhatEnvoyHasFromBeforeIsNotToldAgain) {
  XdsStream stream(XdsForm::delta);
  stream.offer(snapshot_of({{XdsType::cluster, {{"a", "1"}, {"b", "2"}}}}));
  XdsRequest request;
  request.type = XdsType::cluster;
  request.has = {{"a", "1"}, {"b", "1"}, {"gone", "1"}};
  ASSERT_TRUE(stream.receive(std::move(request)).has_value());
  const auto said = told(XdsForm::delta, stream.next().value_or(""));
  EXPECT_EQ(said.resources, (Contents{{"b", "2"}}));
  EXPECT_THAT(said.removed, ElementsAre("gone"));
}

TEST(DeltaStream, ANameThatNothingHasIsToldToBeMissingAndLaterToBeThere) {
  XdsStream stream(XdsForm::delta);
  stream.offer(snapshot_of({}));
  XdsRequest request;
  request.type = XdsType::secret;
  request.names = {"late"};
  ASSERT_TRUE(stream.receive(request).has_value());
  const auto first = told(XdsForm::delta, stream.next().value_or(""));
  EXPECT_THAT(first.removed, ElementsAre("late"));
  XdsRequest yes;
  yes.type = XdsType::secret;
  yes.nonce = first.nonce;
  ASSERT_TRUE(stream.receive(std::move(yes)).has_value());
  EXPECT_FALSE(stream.next());
  stream.offer(snapshot_of({{XdsType::secret, {{"late", "1"}}}}));
  EXPECT_EQ(told(XdsForm::delta, stream.next().value_or("")).resources, (Contents{{"late", "1"}}));
}

TEST(SotwStream, SecretsAreNotAllToldToWhoNamesNone) {
  XdsStream stream(XdsForm::sotw);
  stream.offer(snapshot_of({{XdsType::secret, {{"s", "1"}}}}));
  XdsRequest request;
  request.type = XdsType::secret;
  ASSERT_TRUE(stream.receive(std::move(request)).has_value());
  EXPECT_FALSE(stream.next());
}

TEST(XdsRequest, IsBounded) {
  wire::DeltaDiscoveryRequest many;
  many.set_type_url(type_url_of(XdsType::secret));
  for (std::size_t i = 0; i <= XdsLimits::kNames; ++i) many.add_resource_names_subscribe("s");
  EXPECT_FALSE(read_xds_request(XdsForm::delta, many.SerializeAsString()).has_value());
  wire::DiscoveryRequest with_long_name;
  with_long_name.add_resource_names(std::string(XdsLimits::kNameBytes + 1, 'a'));
  EXPECT_FALSE(read_xds_request(XdsForm::sotw, with_long_name.SerializeAsString()).has_value());
  EXPECT_FALSE(read_xds_request(XdsForm::sotw, std::string(XdsLimits::kMessage + 1, '\n')).has_value());
  EXPECT_FALSE(read_xds_request(XdsForm::sotw, "\xff\xff\xff").has_value());
}

TEST(XdsRequest, NamesBeyondTheBoundEndTheStream) {
  XdsStream stream(XdsForm::delta);
  Status status;
  for (std::size_t round = 0; round < 3 && status; ++round) {
    XdsRequest request;
    request.type = XdsType::secret;
    for (std::size_t i = 0; i < XdsLimits::kNames / 2; ++i)
      request.names.push_back(std::to_string(round) + "/" + std::to_string(i));
    status = stream.receive(std::move(request));
  }
  EXPECT_FALSE(status.has_value());
}

TEST(XdsRequest, OfATypeThatTheGateHasNothingOfIsNotAnswered) {
  wire::DiscoveryRequest message;
  message.set_type_url("type.googleapis.com/envoy.service.runtime.v3.Runtime");
  auto request = read_xds_request(XdsForm::sotw, message.SerializeAsString());
  ASSERT_TRUE(request.has_value());
  XdsStream stream(XdsForm::sotw);
  stream.offer(snapshot_of({{XdsType::cluster, {{"a", "1"}}}}));
  EXPECT_TRUE(stream.receive(*std::move(request)).has_value());
  EXPECT_FALSE(stream.next());
}

}  // namespace
}  // namespace watchword::envoy
