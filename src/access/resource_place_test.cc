// Where jobs are told to find a resource.
#include "access/resource_place.h"

#include <gtest/gtest.h>

#include "support/gate_fixture.h"

namespace watchword::access {
namespace {

constexpr std::string_view kPlaces = R"(
resources:
  billing: { http: { upstream: "https://b.internal", host: billing.gate.example.com }, actions: { r: { methods: [GET] } } }
  docs: { http: { upstream: "https://d.internal", prefix: /docs }, actions: { r: { methods: [GET] } } }
  orders-db: { tcp: { upstream: "db.internal:5432" } }
roles:
  all:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/billing } }]
    allow: [billing/r, docs/r, orders-db/connect]
)";

TEST(ResourcePlace, IsTheGatewaysPortOnTheResourcesHost) {
  const auto policy = testing::parse_policy(kPlaces);
  const struct {
    const char *gateway, *host, *prefix, *tcp;
  } rows[] = {
      {"https://gate.example.com:8444", "https://billing.gate.example.com:8444", "https://gate.example.com:8444/docs",
       "https://gate.example.com:8444"},
      {"https://edge.example.com", "https://billing.gate.example.com", "https://edge.example.com/docs",
       "https://edge.example.com"},
      {"http://127.0.0.1:8080", "http://billing.gate.example.com:8080", "http://127.0.0.1:8080/docs",
       "http://127.0.0.1:8080"},
      {"http://[::1]", "http://billing.gate.example.com", "http://[::1]/docs", "http://[::1]"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(url_of(*policy->resource("billing"), row.gateway), row.host);
    EXPECT_EQ(url_of(*policy->resource("docs"), row.gateway), row.prefix);
    EXPECT_EQ(url_of(*policy->resource("orders-db"), row.gateway), row.tcp);
  }
}

TEST(ResourcePlace, LeavesOutThePortThatTheSchemeHas) {
  EXPECT_EQ(origin_text("https", "a.example.com", 443), "https://a.example.com");
  EXPECT_EQ(origin_text("https", "a.example.com", 80), "https://a.example.com:80");
  EXPECT_EQ(origin_text("http", "a.example.com", 80), "http://a.example.com");
  EXPECT_EQ(origin_text("https", "a.example.com", 0), "https://a.example.com");
  EXPECT_EQ(origin_text("https", "::1", 8444), "https://[::1]:8444");
}

}  // namespace
}  // namespace watchword::access
