#include "api/router.h"

#include <gtest/gtest.h>

#include "api/endpoints.h"
#include "api/reply.h"
#include "support/http_call.h"

namespace watchword::api {
namespace {

using testing::Call;
using testing::call;

Router::Function say(std::string text) {
  return [text = std::move(text)](http::Exchange& exchange) -> net::Task<void> {
    co_await send_text(exchange, "text/plain", text);
  };
}

Router example() {
  Router router;
  router.add("GET", "/a", say("get a"));
  router.add("POST", "/a", say("post a"));
  router.add("GET", "/p/", say("prefix"));
  router.add("GET", "/p/longer/", say("longer prefix"));
  router.add("GET", "/p/exact", say("exact"));
  return router;
}

TEST(Router, FindsThePathAndTheMethod) {
  auto router = example();
  const struct {
    const char *method, *target;
    int status;
    const char* body;
  } rows[] = {
      {"GET", "/a", 200, "get a"},       {"POST", "/a", 200, "post a"},  {"HEAD", "/a", 200, "get a"},
      {"GET", "/a?x=1", 200, "get a"},   {"GET", "/p/x", 200, "prefix"}, {"GET", "/p/longer/x", 200, "longer prefix"},
      {"GET", "/p/exact", 200, "exact"}, {"GET", "/p/", 200, "prefix"},  {"GET", "/p", 404, nullptr},
      {"GET", "/", 404, nullptr},        {"GET", "/a/", 404, nullptr},   {"GET", "/A", 404, nullptr},
      {"GET", "/%61", 404, nullptr},     {"GET", "//a", 404, nullptr},   {"GET", "/./a", 404, nullptr},
      {"GET", "/p/../a", 200, "prefix"}, {"DELETE", "/a", 405, nullptr}, {"get", "/a", 405, nullptr},
      {"HEAD", "/p/", 200, "prefix"},    {"OPTIONS", "*", 404, nullptr}, {"POST", "/p/exact", 405, nullptr},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(std::string(row.method) + " " + row.target);
    auto reply = call(router, {.method = row.method, .target = row.target});
    EXPECT_EQ(reply.status, row.status);
    if (row.body) EXPECT_EQ(reply.body, row.body);
  }
}

TEST(Router, AnswersAreNotStoredAndAskForTlsWhereTheyCameByIt) {
  auto router = example();
  for (const auto* target : {"/a", "/nowhere"}) {
    const auto reply = call(router, {.target = target});
    EXPECT_EQ(reply.header("cache-control"), "no-store");
    EXPECT_EQ(reply.header("strict-transport-security"), "max-age=31536000");
    EXPECT_EQ(call(router, {.target = target, .scheme = "http"}).header("strict-transport-security"), "");
  }
}

TEST(Router, SaysWhichMethodsThereAre) {
  auto router = example();
  auto reply = call(router, {.method = "DELETE", .target = "/a"});
  EXPECT_EQ(reply.header("allow"), "GET, HEAD, POST");
  EXPECT_EQ(reply.header("content-type"), "application/problem+json");
  EXPECT_EQ(reply.json().string_or("reason", ""), "method_not_allowed");
}

TEST(Router, LetsNoAnswerBeStoredOrSniffed) {
  auto router = example();
  router.add("GET", "/cached", [](http::Exchange& exchange) {
    return send_text(exchange, "text/plain", "x", {{"cache-control", "public, max-age=300"}});
  });
  for (const auto* target : {"/a", "/nothing", "/p/x"}) {
    auto reply = call(router, {.target = target});
    EXPECT_EQ(reply.header("cache-control"), "no-store") << target;
    EXPECT_EQ(reply.header("x-content-type-options"), "nosniff") << target;
    EXPECT_EQ(reply.header("server"), "") << target;
  }
  EXPECT_EQ(call(router, {.target = "/cached"}).header("cache-control"), "public, max-age=300");
}

std::vector<Readiness> one_part_down() {
  return {{"store", true, "fine"}, {"issuer gitlab", false, "10.0.0.7: refused"}};
}

TEST(Health, TellsTheProcessFromWhatItNeeds) {
  Router router;
  add_health(router, one_part_down);
  EXPECT_EQ(call(router, {.target = "/healthz"}).status, 200);
  EXPECT_EQ(call(router, {.target = "/readyz"}).status, 503);
  Router well;
  add_health(well, [] { return std::vector<Readiness>{{"store", true, ""}}; });
  EXPECT_EQ(call(well, {.target = "/readyz"}).status, 200);
}

TEST(Health, ShowsDetailsOnlyOnThisMachine) {
  Router router;
  add_health(router, one_part_down);
  const net::Peer local{.address = "127.0.0.1", .port = 1, .uid = {}, .loopback = true};
  const net::Peer remote{.address = "192.0.2.7", .port = 1, .uid = {}, .loopback = false};
  const struct {
    net::Peer peer;
    http::Headers headers;
    bool details;
  } rows[] = {{local, {}, true},
              {remote, {}, false},
              {local, {{"x-forwarded-for", "192.0.2.7"}}, false},
              {local, {{"forwarded", "for=192.0.2.7"}}, false}};
  for (const auto& row : rows) {
    auto reply = call(router, {.target = "/readyz", .headers = row.headers, .peer = row.peer});
    EXPECT_EQ(reply.body.find("10.0.0.7") != std::string::npos, row.details);
    EXPECT_NE(reply.body.find("issuer gitlab"), std::string::npos);
  }
}

TEST(MetricsEndpoint, SpeaksOpenMetrics) {
  Metrics metrics;
  metrics.counter("watchword_example", "An example").add(3);
  Router router;
  add_metrics(router, metrics);
  auto reply = call(router, {.target = "/metrics"});
  EXPECT_EQ(reply.header("content-type"), "application/openmetrics-text; version=1.0.0; charset=utf-8");
  EXPECT_TRUE(reply.body.ends_with("# EOF\n"));
}

}  // namespace
}  // namespace watchword::api
