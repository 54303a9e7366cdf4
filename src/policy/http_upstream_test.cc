// `upstream` of an http resource: what it may say, and how well it is told where it does not.
#include "policy/http_upstream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;

std::string with(const std::string& upstream, const std::string& more = "") {
  return "resources:\n  api:\n    http: { upstream: " + upstream + ", host: x" + more +
         " }\n    actions: { r: { methods: [GET] } }\n";
}
HttpUpstream decoded(const std::string& upstream) {
  return policy_of(with(upstream))->resource("api")->http()->upstream;
}
std::vector<std::string> errors(const std::string& upstream, const std::string& more = "") {
  const auto policy = Policy::parse({{"p.yaml", with(upstream, more)}});
  std::vector<std::string> out;
  if (!policy)
    for (const Error& error : policy.error())
      out.push_back(error.where + " " + error.found + (error.fix.empty() ? "" : " | " + error.fix));
  return out;
}

TEST(HttpUpstream, IsAUrlWithDefaultsForAllElse) {
  const auto upstream = decoded("https://a.internal");
  EXPECT_THAT(upstream.endpoints, ElementsAre("https://a.internal"));
  EXPECT_EQ(upstream.protocol, UpstreamProtocol::http1);
  EXPECT_EQ(upstream.balance, Balance::round_robin);
  EXPECT_FALSE(upstream.health);
  EXPECT_EQ(upstream.eject_after, 5u);
  EXPECT_EQ(upstream.eject_time, seconds(30));
  EXPECT_EQ(upstream.retries, 1u);
  EXPECT_EQ(upstream.max_requests, 1000u);
  EXPECT_EQ(upstream.resolve_every, seconds(30));
  EXPECT_FALSE(upstream.proxy_protocol);
}

TEST(HttpUpstream, IsEndpointsAndHowRequestsAreSpread) {
  const auto upstream = decoded(
      "{ endpoints: [\"https://a.internal:8443\", \"https://b.internal:8443\"], protocol: auto, balance: "
      "least_requests, health: { path: /healthz, every: 10s, timeout: 500ms, healthy: 1, unhealthy: 4 }, eject: { "
      "after: 2, for: 1m }, retries: 2, max_requests: 50, resolve_every: 5s, proxy_protocol: v2 }");
  EXPECT_THAT(upstream.endpoints, ElementsAre("https://a.internal:8443", "https://b.internal:8443"));
  EXPECT_EQ(upstream.protocol, UpstreamProtocol::http2_where_offered);
  EXPECT_EQ(upstream.balance, Balance::least_requests);
  ASSERT_TRUE(upstream.health);
  EXPECT_EQ(upstream.health->path, "/healthz");
  EXPECT_EQ(upstream.health->every, seconds(10));
  EXPECT_EQ(upstream.health->timeout, milliseconds(500));
  EXPECT_EQ(upstream.health->healthy, 1u);
  EXPECT_EQ(upstream.health->unhealthy, 4u);
  EXPECT_EQ(upstream.eject_after, 2u);
  EXPECT_EQ(upstream.eject_time, minutes(1));
  EXPECT_EQ(upstream.retries, 2u);
  EXPECT_EQ(upstream.max_requests, 50u);
  EXPECT_EQ(upstream.resolve_every, seconds(5));
  EXPECT_TRUE(upstream.proxy_protocol);
  EXPECT_EQ(decoded("{ endpoints: [\"http://a\"], health: { path: /up } }").health->every, seconds(5));
  EXPECT_EQ(decoded("{ endpoints: [\"http://a\"], protocol: http2 }").protocol, UpstreamProtocol::http2);
}

TEST(HttpUpstream, IsRefusedWithPlaceAndNearestWord) {
  const auto endpoints = [](const std::string& more) { return "{ endpoints: [\"http://a\"], " + more + " }"; };
  const std::pair<std::string, std::string> table[] = {
      {"{ balance: round_robin }", "p.yaml:3:23 no 'endpoints'"},
      {"{ endpoints: [] }", "p.yaml:3:36 an empty list"},
      {"{ endpoints: [x] }", "p.yaml:3:37 'x'"},
      {"{ endpoints: [\"http://a/v1\"] }", "p.yaml:3:37 'http://a/v1' | the request's own path is what is forwarded"},
      {"{ endpoints: [\"https://a\", \"http://b\"] }", "p.yaml:3:50 'http://b' beside https endpoints"},
      {"{ endpoints: [\"http://a\", \"http://b\", \"http://A:80\"] }", "p.yaml:3:61 'http://A:80' a second time"},
      {endpoints("balanse: round_robin"), "p.yaml:3:50 the upstream key 'balanse' | did you mean 'balance'?"},
      {endpoints("balance: round-robin"), "p.yaml:3:59 'round-robin' | did you mean 'round_robin'?"},
      {endpoints("protocol: http3"), "p.yaml:3:60 'http3' | did you mean 'http1'?"},
      {endpoints("retries: 11"), "p.yaml:3:59 '11'"},
      {endpoints("max_requests: 0"), "p.yaml:3:64 '0'"},
      {endpoints("resolve_every: 10ms"), "p.yaml:3:65 '10ms'"},
      {endpoints("proxy_protocol: v1"), "p.yaml:3:66 'v1' | did you mean 'v2'?"},
      {endpoints("eject: { after: 0 }"), "p.yaml:3:66 '0'"},
      {endpoints("eject: { for: 2h }"), "p.yaml:3:64 '2h'"},
      {endpoints("health: {}"), "p.yaml:3:58 no 'path'"},
      {endpoints("health: { path: healthz }"), "p.yaml:3:66 the path 'healthz'"},
      {endpoints("health: { path: /a/../b }"), "p.yaml:3:66 the path '/a/../b'"},
      {endpoints("health: { path: \"/up?x=1\" }"), "p.yaml:3:66 the path '/up?x=1'"},
      {endpoints("health: { path: /up, every: 1ms }"), "p.yaml:3:78 '1ms'"}};
  for (const auto& [upstream, error] : table) EXPECT_THAT(errors(upstream), ElementsAre(error)) << upstream;
  EXPECT_THAT(errors("{ endpoints: [\"http://a\"] }", ", ca: /ca.pem"),
              ElementsAre("p.yaml:3:37 'http://a' with settings for TLS"));
}

TEST(HttpUpstream, HasSoManyEndpointsAndNoMore) {
  std::string most = "{ endpoints: [";
  for (std::size_t i = 0; i < HttpUpstream::kMostEndpoints; ++i)
    most += (i ? ", " : "") + std::string("\"http://a:") + std::to_string(i + 1) + '"';
  EXPECT_EQ(decoded(most + "] }").endpoints.size(), HttpUpstream::kMostEndpoints);
  EXPECT_THAT(errors(most + ", \"http://a:9999\"] }"), ElementsAre("p.yaml:3:36 65 endpoints"));
}

}  // namespace
}  // namespace watchword::policy::testing
