// Who gets what of the gate: each node its own, and nobody else anything.
#include "envoy/xds.h"

#include <gmock/gmock.h>

#include <cstdlib>

#include "envoy/bootstrap_test_util.h"
#include "http/grpc.h"
#include "proto/discovery.pb.h"
#include "support/gate_fixture.h"
#include "support/http_call.h"

namespace watchword::envoy {
namespace {

using namespace testing;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using watchword::testing::Call;
using watchword::testing::Reply;
using watchword::testing::TestGate;

const std::string kPolicy = resources({{"one",
                                        "upstream: http://10.0.0.1:80, host: one.test, inject: "
                                        "[{header: x-key, secret: 'env:WATCHWORD_XDS_TEST'}]"},
                                       {"two", "upstream: http://10.0.0.2:80, host: two.test"}});
const std::string kRefused =
    resources({{"one", "upstream: http://10.0.0.1:80, host: one.test, ambiguous_paths: allow"}});
const net::Peer kSocket{.address = {}, .port = 0, .uid = 1000, .loopback = true};

net::Peer by_tcp(std::vector<std::string> names) {
  return {.address = "192.0.2.7", .port = 1, .uid = {}, .loopback = false, .names = std::move(names)};
}

XdsNodeConfig node(const std::string& name, std::vector<std::string> resources) {
  auto options = loopback_options();
  options.node = {name, XdsForm::sotw};
  options.resources = std::move(resources);
  return {name + ".example.com", std::move(options)};
}

class DiscoveryTest : public ::testing::Test {
 protected:
  DiscoveryTest() {
    ::setenv("WATCHWORD_XDS_TEST", "hunter2", 1);
    discovery_ =
        Discovery::make({node("first", {"one"}), node("second", {"two"})}, gate_.recorder(), metrics_, random_);
    discovery_->set_policy(policy_of(kPolicy));
  }

  Reply ask(const std::string& name, XdsType type, const net::Peer& peer = kSocket,
            const std::vector<std::string>& names = {}) {
    wire::DiscoveryRequest request;
    request.mutable_node()->set_id(name);
    request.set_type_url(type_url_of(type));
    for (const auto& wanted : names) request.add_resource_names(wanted);
    return watchword::testing::call(
        *discovery_, {.method = "POST",
                      .target = "/envoy.service.discovery.v3.AggregatedDiscoveryService/StreamAggregatedResources",
                      .headers = {{"content-type", "application/grpc"}},
                      .body = http::grpc_frame(request.SerializeAsString()),
                      .peer = peer});
  }
  // The resources in the first response, serialised; empty without one.
  std::vector<std::string> resources_in(const Reply& reply) {
    http::GrpcMessages messages(1 << 20);
    messages.feed(reply.body);
    const auto message = messages.next();
    std::vector<std::string> all;
    wire::DiscoveryResponse response;
    if (!message || !*message || !response.ParseFromString(**message)) return all;
    for (const auto& any : response.resources()) all.push_back(any.value());
    return all;
  }
  XdsNodeHealth health(const std::string& name) {
    for (auto& one : discovery_->health())
      if (one.name == name) return one;
    return {};
  }

  // Who was refused, as the audit log has it.
  std::vector<std::string> refused_nodes() {
    std::vector<std::string> all;
    for (const auto& entry : gate_.log()) {
      if (entry.string_or("event", "") != "node_refused") continue;
      EXPECT_EQ(entry.string_or("reason", ""), "envoy_node_unknown");
      const auto& detail = *entry.find("detail");
      all.push_back(std::string(detail.string_or("found", "")) + " " + std::string(entry.string_or("peer", "")));
      if (const auto* names = detail.find("certificate")) all.back() += " " + names->dump();
    }
    return all;
  }

  TestGate gate_;
  Metrics metrics_;
  SystemRandom random_;
  std::unique_ptr<Discovery> discovery_;
};

TEST_F(DiscoveryTest, ANodesNameIsBounded) {
  const auto reply = ask(std::string(65, 'a'), XdsType::cluster);
  EXPECT_EQ(reply.header("grpc-status"), "8");  // RESOURCE_EXHAUSTED
  EXPECT_TRUE(reply.body.empty());
}

TEST_F(DiscoveryTest, GivesEachNodeItsOwnAndNoOther) {
  EXPECT_THAT(resources_in(ask("first", XdsType::cluster)), ElementsAre(HasSubstr("resource/one")));
  EXPECT_THAT(resources_in(ask("second", XdsType::cluster)), ElementsAre(HasSubstr("resource/two")));
  EXPECT_THAT(resources_in(ask("second", XdsType::route, kSocket, {"watchword"})),
              ElementsAre(Not(HasSubstr("one.test"))));
}

TEST_F(DiscoveryTest, GivesACredentialToTheNodeThatInjectsItAlone) {
  const std::vector<std::string> names{"resource/one/inject/x-key"};
  EXPECT_THAT(resources_in(ask("first", XdsType::secret, kSocket, names)), ElementsAre(HasSubstr("hunter2")));
  EXPECT_THAT(resources_in(ask("second", XdsType::secret, kSocket, names)), IsEmpty());
  EXPECT_THAT(resources_in(ask("first", XdsType::secret)), IsEmpty());
  for (const auto type : {XdsType::cluster, XdsType::listener})
    for (const auto& resource : resources_in(ask("first", type))) EXPECT_THAT(resource, Not(HasSubstr("hunter2")));
}

TEST_F(DiscoveryTest, RefusesAnUnknownNodeAndCountsIt) {
  for (const auto* name : {"", "third", "FIRST"}) {
    const auto reply = ask(name, XdsType::cluster);
    EXPECT_EQ(reply.header("grpc-status"), "7") << name;
    EXPECT_THAT(reply.header("grpc-message"), HasSubstr("envoy_node_unknown"));
  }
  EXPECT_THAT(metrics_.render(), HasSubstr("watchword_envoy_unknown_nodes_total 3"));
}

TEST_F(DiscoveryTest, OverTcpOnlyTheCertificateOfTheNodeItselfIsIts) {
  EXPECT_THAT(resources_in(ask("first", XdsType::cluster, by_tcp({"other", "first.example.com"}))),
              ElementsAre(HasSubstr("resource/one")));
  for (const auto& peer : {by_tcp({}), by_tcp({"second.example.com"}), by_tcp({"*.example.com"}),
                           by_tcp({std::string("first.example.com\0.evil", 23)})})
    EXPECT_EQ(ask("first", XdsType::cluster, peer).header("grpc-status"), "7");
}

TEST_F(DiscoveryTest, AResourceThatEnvoyCannotServeIsTroubleAndLeadsNowhere) {
  discovery_->set_policy(policy_of(kRefused));
  ASSERT_TRUE(health("first").trouble.has_value());
  EXPECT_EQ(health("first").trouble->where, "resource one");
  EXPECT_FALSE(health("second").trouble.has_value());
  EXPECT_THAT(metrics_.render(), HasSubstr("watchword_envoy_stale{node=\"first\"} 1"));
  EXPECT_THAT(resources_in(ask("first", XdsType::cluster)), IsEmpty());
  EXPECT_THAT(resources_in(ask("first", XdsType::route, kSocket, {"watchword"})),
              ElementsAre(Not(HasSubstr("resource/one"))));
  EXPECT_THAT(resources_in(ask("second", XdsType::cluster)), IsEmpty());
  discovery_->set_policy(policy_of(kPolicy));
  EXPECT_FALSE(health("first").trouble.has_value());
}

TEST_F(DiscoveryTest, TheVersionOfASecretDoesNotLetItBeGuessed) {
  const auto options = node("first", {"one"}).options;
  const auto parts = render_node(*policy_of(kPolicy), options);
  ASSERT_TRUE(parts.has_value());
  const auto first = make_snapshot(*parts, "salt"), second = make_snapshot(*parts, "another");
  ASSERT_TRUE(first.has_value() && second.has_value());
  EXPECT_NE((*first)->of(XdsType::secret).version, (*second)->of(XdsType::secret).version);
  EXPECT_EQ((*first)->of(XdsType::cluster).version, (*second)->of(XdsType::cluster).version);
}

TEST_F(DiscoveryTest, ARefusedNodeIsOnRecordOnceAMinuteForEachNameAndAddress) {
  ask("third", XdsType::cluster);
  ask("third", XdsType::cluster);
  ask("first", XdsType::cluster, by_tcp({"other.example.com"}));
  EXPECT_THAT(refused_nodes(), ElementsAre("third unix:uid=1000", "first 192.0.2.7:1 [\"other.example.com\"]"));
  gate_.clock.advance(std::chrono::seconds(59));
  ask("third", XdsType::cluster);
  EXPECT_EQ(refused_nodes().size(), 2u);
  gate_.clock.advance(std::chrono::seconds(1));
  ask("third", XdsType::cluster);
  EXPECT_EQ(refused_nodes().size(), 3u);
}

TEST_F(DiscoveryTest, NamesThatAreMadeUpDoNotFillTheLog) {
  for (std::int64_t i = 0; i < 2 * access::Recorder::kUnverifiedPerSecond; ++i)
    ask("made up " + std::to_string(i), XdsType::cluster);
  EXPECT_EQ(refused_nodes().size(), static_cast<std::size_t>(access::Recorder::kUnverifiedPerSecond));
}

TEST_F(DiscoveryTest, AStoppedGateKeepsNobodyWaiting) {
  discovery_->stop();
  EXPECT_EQ(ask("first", XdsType::route, kSocket, {"no such"}).header("grpc-status"), "14");
  EXPECT_TRUE(health("first").streams.empty());
}

TEST_F(DiscoveryTest, WhatIsNoDiscoveryIsRefused) {
  EXPECT_EQ(watchword::testing::call(*discovery_, {.target = std::string(Discovery::kPath) + "Other"}).status, 404);
  const auto reply = watchword::testing::call(
      *discovery_, {.method = "POST",
                    .target = "/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources",
                    .headers = {{"content-type", "application/grpc"}},
                    .body = http::grpc_frame("\xff\xff"),
                    .peer = kSocket});
  EXPECT_EQ(reply.header("grpc-status"), "3");
}

}  // namespace
}  // namespace watchword::envoy
