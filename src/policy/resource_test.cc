// Which requests belong to which resource and action.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/policy_test_util.h"
#include "policy/tcp_resource.h"

namespace watchword::policy::testing {
namespace {

const std::string kPolicy = R"(
resources:
  billing-api:
    http:
      upstream: https://billing.internal:8443
      host: Billing.Gate.acme.dev
      ambiguous_paths: allow
      ca: /etc/ca.pem
      client_certificate: /etc/gate.pem
      client_key: /etc/gate.key
      server_name: billing
      inject: [{ header: Authorization, prefix: "Bearer ", secret: env:BILLING_TOKEN }]
      response: { remove_headers: [Server, x-powered-by], redact: true }
      timeouts: { connect: 1s, response: 30s, idle: 5m, stream: 1h }
    actions:
      read: { methods: [GET, HEAD] }
      invoice:
        - { methods: [POST], paths: [/v1/invoices, /v1/invoices/*] }
        - { methods: [PUT], paths: ["re:/v1/invoices/[0-9]+"] }
      write: { methods: [POST, PUT, DELETE], paths: [/v1/**] }
  docs:
    http: { upstream: http://127.0.0.1:8080, prefix: /docs }
    actions: { any: { methods: ["*"] } }
  docs-api:
    http: { upstream: https://docs.internal, prefix: /docs/api }
    actions: { any: { methods: ["*"], paths: [/v2/**] } }
)";

TEST(Resource, TheFirstActionThatCoversARequestTakesIt) {
  const auto policy = policy_of(kPolicy);
  const Resource* resource = policy->resource("billing-api");
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"GET", "/", "read"},
      {"HEAD", "/anything/at/all", "read"},
      {"get", "/", "-"},
      {"POST", "/v1/invoices", "invoice"},
      {"POST", "/v1/invoices/7", "invoice"},
      {"POST", "/v1/invoices/7/lines", "write"},
      {"PUT", "/v1/invoices/7", "invoice"},
      {"PUT", "/v1/invoices/x", "write"},
      {"DELETE", "/v1/", "write"},
      {"DELETE", "/v1", "-"},
      {"DELETE", "/v10/x", "-"},
      {"PATCH", "/v1/x", "-"},
      {"*", "/v1/x", "-"},
      {"", "/", "-"}};
  for (const auto& [method, path, expected] : table) {
    const std::string* action = resource->action_for({"", method, path});
    EXPECT_EQ(action == nullptr ? "-" : *action, expected) << method << " " << path;
  }
  EXPECT_THAT(resource->actions(), ::testing::ElementsAre("read", "invoice", "write"));
}

// Which action of `actions` takes a request; a WebSocket's is written as the method WS.
std::string taker(const std::string& actions, std::string_view method, std::string_view path) {
  const auto policy =
      policy_of("resources:\n  api:\n    http: { upstream: https://a.internal, host: a.test }\n    actions: { " +
                actions + " }\n");
  const bool websocket = method == "WS";
  const Resource* api = policy->resource("api");
  if (api == nullptr) return "no resource";
  const auto* action = api->action_for({"", websocket ? "GET" : method, path, websocket ? "websocket" : ""});
  return action == nullptr ? "-" : *action;
}

TEST(Resource, AGrpcRuleCoversPostOnTheMethodsPathWhateverIsSentThere) {
  const std::string actions =
      "get: { grpc: [acme.billing.v1.Billing/Get*, acme.billing.v1.Billing/List] }, "
      "admin: [{ grpc: [acme.billing.v1.Admin/*] }, { methods: [PUT], paths: [/admin] }], "
      "any: { grpc: ['acme.*/*'] }, rest: { methods: [POST] }";
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"POST", "/acme.billing.v1.Billing/GetInvoice", "get"}, {"POST", "/acme.billing.v1.Billing/Get", "get"},
      {"POST", "/acme.billing.v1.Billing/List", "get"},       {"POST", "/acme.billing.v1.Billing/ListAll", "any"},
      {"POST", "/acme.billing.v1.Admin/Drop", "admin"},       {"PUT", "/admin", "admin"},
      {"POST", "/acme.billing.v1.Billing/Get/x", "rest"},     {"POST", "/acme.billing.v1.Billing", "rest"},
      {"POST", "acme.billing.v1.Billing/Get", "rest"},        {"POST", "/other.v1.Billing/Get", "rest"},
      {"GET", "/acme.billing.v1.Billing/GetInvoice", "-"},    {"PUT", "/acme.billing.v1.Admin/Drop", "-"},
      {"WS", "/acme.billing.v1.Billing/GetInvoice", "-"}};
  for (const auto& [method, path, expected] : table)
    EXPECT_EQ(taker(actions, method, path), expected) << method << path;
}

TEST(Resource, WarnsOfGrpcRulesBeforeAnUpstreamThatSpeaksHttp1) {
  const auto warnings = [](const std::string& upstream, const std::string& rule) {
    const auto policy = policy_of("resources:\n  api:\n    http: { upstream: " + upstream +
                                  ", host: a.test }\n    actions: { read: " + rule + " }\n");
    return policy->resource("api")->warnings();
  };
  const std::string grpc = "[{ methods: [GET] }, { grpc: [acme.v1.Billing/*] }]";
  ASSERT_EQ(warnings("https://a.internal", grpc).size(), 1u) << "HTTP/1.1 is the default";
  EXPECT_NE(warnings("https://a.internal", grpc).front().find("resource api"), std::string::npos);
  EXPECT_EQ(warnings("{ endpoints: [https://a.internal], protocol: http1 }", grpc).size(), 1u);
  EXPECT_TRUE(warnings("{ endpoints: [https://a.internal], protocol: http2 }", grpc).empty());
  EXPECT_TRUE(warnings("{ endpoints: [https://a.internal], protocol: auto }", grpc).empty());
  EXPECT_TRUE(warnings("https://a.internal", "{ methods: [POST], paths: [/acme.v1.Billing/*] }").empty());
}

TEST(Resource, WebSocketsAndOtherRequestsAreNeverCoveredByTheSameRule) {
  const std::string actions =
      "all: { methods: ['*'] }, watch: { websocket: [/v1/stream/**] }, talk: { websocket: [/v1/**] }";
  EXPECT_EQ(taker(actions, "GET", "/v1/stream/x"), "all");
  EXPECT_EQ(taker(actions, "WS", "/v1/stream/x"), "watch");
  EXPECT_EQ(taker(actions, "WS", "/v1/x"), "talk");
  EXPECT_EQ(taker(actions, "WS", "/v2"), "-");
  EXPECT_EQ(taker("watch: { websocket: [/v1/**] }", "GET", "/v1/x"), "-");
}

TEST(Resource, AnUnknownProtocolIsCoveredByNothing) {
  const auto policy = policy_of(kPolicy);
  EXPECT_EQ(policy->resource("docs")->action_for({"", "GET", "/x", "h2c"}), nullptr);
}

TEST(Resource, ATcpResourceHasOneActionAndNoHttp) {
  const auto policy = policy_of(
      "resources:\n  orders-db:\n    tcp: { upstream: \"DB.internal:5432\" }\n"
      "  six:\n    tcp: { upstream: \"[2001:db8::1]:6000\", timeouts: { connect: 1s, idle: 24h, stream: 8h } }\n");
  const Resource* db = policy->resource("orders-db");
  ASSERT_NE(db, nullptr);
  EXPECT_THAT(db->actions(), ::testing::ElementsAre("connect"));
  EXPECT_EQ(db->http(), nullptr);
  EXPECT_EQ(db->action_for({"orders-db", "GET", "/"}), nullptr);
  ASSERT_NE(db->tcp(), nullptr);
  EXPECT_EQ(db->tcp()->host, "db.internal");
  EXPECT_EQ(db->tcp()->port, 5432);
  EXPECT_EQ(db->tcp()->connect_time, std::chrono::seconds(5));
  EXPECT_EQ(db->tcp()->idle_time, std::chrono::minutes(10));
  const TcpTarget& six = *policy->resource("six")->tcp();
  EXPECT_EQ(six.host, "2001:db8::1");
  EXPECT_EQ(six.port, 6000);
  EXPECT_EQ(six.connect_time, std::chrono::seconds(1));
  EXPECT_EQ(six.idle_time, std::chrono::hours(24));
  EXPECT_EQ(six.stream_time, std::chrono::hours(8));
  EXPECT_EQ(db->tcp()->stream_time, Duration::zero());
  EXPECT_EQ(policy_of(kPolicy)->resource("docs")->tcp(), nullptr);
}

TEST(Resource, IsFoundByHostAndElseByTheLongestPrefix) {
  const auto policy = policy_of(kPolicy);
  const std::vector<std::tuple<std::string, std::string, std::string>> table = {
      {"billing.gate.acme.dev", "/docs", "billing-api"},
      {"gate.acme.dev", "/docs", "docs"},
      {"gate.acme.dev", "/docs/", "docs"},
      {"gate.acme.dev", "/docs/ap", "docs"},
      {"gate.acme.dev", "/docs/api", "docs-api"},
      {"gate.acme.dev", "/docs/api/v2/x", "docs-api"},
      {"gate.acme.dev", "/docs/apis", "docs"},
      {"gate.acme.dev", "/docs-old", "-"},
      {"gate.acme.dev", "/doc", "-"},
      {"gate.acme.dev", "/", "-"},
      {"gate.acme.dev", "", "-"},
      {"gate.acme.dev", "/x/docs", "-"},
      {"gate.acme.dev", "docs", "-"}};
  for (const auto& [host, path, expected] : table) {
    const Resource* resource = policy->resource_for(host, path);
    EXPECT_EQ(resource == nullptr ? "-" : resource->name(), expected) << host << path;
  }
  EXPECT_EQ(policy->resource_for("gate.acme.dev", "/docs" + std::string(100'000, '/'))->name(), "docs");
}

TEST(Resource, CarriesHowItsUpstreamIsReached) {
  const auto policy = policy_of(kPolicy);
  const HttpTarget& http = *policy->resource("billing-api")->http();
  EXPECT_THAT(http.upstream.endpoints, ::testing::ElementsAre("https://billing.internal:8443"));
  EXPECT_EQ(http.host, "billing.gate.acme.dev");
  EXPECT_TRUE(http.allow_ambiguous_paths);
  EXPECT_EQ(http.ca_file, "/etc/ca.pem");
  EXPECT_EQ(http.client_certificate, "/etc/gate.pem");
  EXPECT_EQ(http.client_key, "/etc/gate.key");
  EXPECT_EQ(http.server_name, "billing");
  EXPECT_THAT(http.remove_response_headers, ::testing::ElementsAre("server", "x-powered-by"));
  EXPECT_TRUE(http.redact);
  ASSERT_EQ(http.inject.size(), 1U);
  EXPECT_EQ(http.inject[0].name + "|" + http.inject[0].prefix + "|" + http.inject[0].secret,
            "authorization|Bearer |env:BILLING_TOKEN");
  EXPECT_EQ(http.connect_time, std::chrono::seconds(1));
  EXPECT_EQ(http.response_time, std::chrono::seconds(30));
  EXPECT_EQ(http.idle_time, std::chrono::minutes(5));
  EXPECT_EQ(http.stream_time, std::chrono::hours(1));
  const HttpTarget& docs = *policy->resource("docs")->http();
  EXPECT_FALSE(docs.allow_ambiguous_paths);
  EXPECT_EQ(docs.prefix, "/docs");
  EXPECT_EQ(docs.host, "");
  EXPECT_EQ(policy->resources().size(), 3U);
}

std::string with_kind(const std::string& http) {
  return "resources:\n  code:\n    http: { upstream: https://g.internal, host: g.test" + http +
         " }\n    actions: { pull: { methods: [GET] } }\n";
}

TEST(Resource, SaysWhatItsClientsAre) {
  const auto kind_of = [](const std::string& http) {
    return policy_of(with_kind(http))->resource("code")->http()->kind;
  };
  EXPECT_EQ(kind_of(""), HttpKind::api);
  for (const auto kind : {HttpKind::api, HttpKind::git, HttpKind::docker, HttpKind::kubernetes})
    EXPECT_EQ(kind_of(", kind: " + std::string(name(kind))), kind);
}

// Git and Docker send their password to whichever host a challenge names.
TEST(Resource, KeepsChallengesOfABackendFromThoseThatShowPasswords) {
  const auto removed = [](const std::string& http) {
    return policy_of(with_kind(http))->resource("code")->http()->remove_response_headers;
  };
  EXPECT_THAT(removed(", kind: git"), ::testing::ElementsAre("www-authenticate"));
  EXPECT_THAT(removed(", kind: docker, response: { remove_headers: [WWW-Authenticate, server] }"),
              ::testing::ElementsAre("www-authenticate", "server"));
  EXPECT_THAT(removed(", kind: kubernetes"), ::testing::IsEmpty());
}

}  // namespace
}  // namespace watchword::policy::testing
