// Whatever is rendered can be sent: proto/envoy has every field of it, and what is sent is the same for the same JSON.
#include "envoy/wire_form.h"

#include <gtest/gtest.h>

#include "envoy/bootstrap_parts.h"
#include "envoy/bootstrap_test_util.h"
#include "envoy/xds_snapshot.h"

namespace watchword::envoy {
namespace {

using namespace testing;

const std::string kEveryField = resources(
    {{"a",
      "upstream: {endpoints: ['https://a.internal', 'https://10.0.0.1:8443'], protocol: auto, balance: least_requests, "
      "health: {path: /healthz}, proxy_protocol: v2, retries: 3}, host: a.test, ca: /ca.pem, client_certificate: "
      "/c.pem, client_key: /k.pem, inject: [{header: x-key, secret: 'env:K'}], response: {remove_headers: [server]}"},
     {"b", "upstream: {endpoints: ['https://[2001:db8::1]'], protocol: http2}, prefix: /b, server_name: b.internal"},
     {"c", "upstream: http://10.0.0.1:80, prefix: /c"}});

BootstrapOptions node_options() {
  auto options = loopback_options();
  options.tls = {.certificate = "/c.pem", .key = "/k.pem", .client_ca = "/ca.pem"};
  options.node = {"edge", XdsForm::delta};
  return options;
}

TEST(WireForm, HasEveryFieldThatIsRendered) {
  for (const auto* log : {"", "/var/log/envoy.log"}) {
    auto options = node_options();
    options.access_log = log;
    const auto parts = render_node(*policy_of(kEveryField), options);
    ASSERT_TRUE(parts.has_value()) << to_string(parts.error().front());
    const auto expect_sendable = [](XdsType type, const Json& json) {
      const auto bytes = to_wire(message_of(type), json);
      ASSERT_TRUE(bytes.has_value()) << to_string(bytes.error());
      EXPECT_FALSE(bytes->empty());
      EXPECT_EQ(to_wire(message_of(type), json).value(), *bytes);
    };
    expect_sendable(XdsType::listener, parts->listener);
    expect_sendable(XdsType::route, parts->routes);
    EXPECT_EQ(parts->clusters.size(), 3u);
    for (const auto& cluster : parts->clusters) expect_sendable(XdsType::cluster, cluster);
  }
}

TEST(WireForm, RefusesAFieldOrMessageThatItDoesNotKnow) {
  const auto type = message_of(XdsType::cluster);
  EXPECT_TRUE(to_wire(type, Json::object({{"name", "a"}})).has_value());
  EXPECT_FALSE(to_wire(type, Json::object({{"no_such_field", "a"}})).has_value());
  EXPECT_FALSE(to_wire("envoy.no.such.Message", Json::object()).has_value());
  auto socket = Json::object({{"name", "a"}, {"typed_config", typed("no.such.Message")}});
  EXPECT_FALSE(to_wire(type, Json::object({{"transport_socket", std::move(socket)}})).has_value());
}

TEST(WireForm, WritesTheFieldsOfTheRealMessages) {
  const auto json = Json::object({{"name", "a"}, {"connect_timeout", "1.5s"}});
  const auto bytes = to_wire(message_of(XdsType::cluster), json);
  ASSERT_TRUE(bytes.has_value());
  // Cluster{1 name, 4 connect_timeout Duration{1 seconds, 2 nanos}}
  const std::string expected(
      "\x22\x08\x08\x01\x10\x80\xca\xb5\xee\x01"
      "\x0a\x01"
      "a");
  EXPECT_EQ(*bytes, expected);
}

}  // namespace
}  // namespace watchword::envoy
