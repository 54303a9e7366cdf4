// Checks and the gauge, on a loop with real backends.
#include "gateway/upstream_keeper.h"

#include <gtest/gtest.h>

#include "http/test_backend.h"

namespace watchword::gateway {
namespace {

using net::Task;

// Until `holds`, or 20 s.
template <class Condition>
Task<bool> eventually(Condition holds) {
  const auto end = net::Steady::now() + std::chrono::seconds(20);
  while (!holds() && net::Steady::now() < end) co_await net::Loop::current()->sleep(std::chrono::milliseconds(5));
  co_return holds();
}

std::shared_ptr<const Routes> routes_to(const std::string& upstream) {
  auto policy = policy::Policy::parse({{"p.yaml", "resources:\n  api:\n    http: { upstream: " + upstream +
                                                      ", host: api.example.com }\n    actions: { read: { methods: "
                                                      "[GET] } }\n"}});
  EXPECT_TRUE(policy) << to_string(policy.error().front());
  return Routes::make(*policy).value();
}

TEST(UpstreamKeeper, ChecksTellWhichEndpointsAreInRotation) {
  std::atomic<int> status = 200;
  std::atomic<int> asked = 0;
  http::TestServer server([&](http::Exchange& exchange) -> Task<void> {
    if (exchange.request.target == "/healthz") ++asked;
    static_cast<void>(co_await exchange.reply.send({status, {}}, "state"));
  });
  const auto port = std::to_string(server.address().port);
  const auto routes = routes_to("{ endpoints: [\"http://127.0.0.1:" + port + "\", \"http://localhost:" + port +
                                "\"], health: { path: /healthz, every: 100ms, healthy: 1, unhealthy: 2 } }");
  Metrics metrics;
  net::run_blocking([](auto& kept, auto& its_metrics, auto& its_status, auto& its_asked) -> Task<bool> {
    keep_upstreams(*kept, its_metrics);
    const auto& upstream = kept->all().front()->upstream;
    EXPECT_FALSE(upstream->adopt());  // other loops leave it alone
    const auto in_rotation = [&] { return upstream->count_in_rotation(net::Steady::now()); };
    Gauge& gauge =
        its_metrics.gauge("watchword_upstream_healthy", "Endpoints in rotation, by resource", {{"resource", "api"}});
    EXPECT_EQ(gauge.value(), 2);
    EXPECT_TRUE(co_await eventually([&] { return its_asked > 2; }));
    its_status = 404;
    EXPECT_TRUE(co_await eventually([&] { return in_rotation() == 0; }));
    EXPECT_TRUE(co_await eventually([&] { return gauge.value() == 0; }));
    its_status = 204;
    EXPECT_TRUE(co_await eventually([&] { return in_rotation() == 2; }));
    kept->retire();
    co_return true;
  }(routes, metrics, status, asked));
}

TEST(UpstreamKeeper, AnEndpointThatTakesNoConnectionsIsOut) {
  std::optional<http::TestServer> server(std::in_place, [](http::Exchange& exchange) -> Task<void> {
    static_cast<void>(co_await exchange.reply.send({}, "ok"));
  });
  const auto routes = routes_to("{ endpoints: [\"http://127.0.0.1:" + std::to_string(server->address().port) +
                                "\"], health: { path: /, every: 100ms, unhealthy: 1 } }");
  server.reset();
  Metrics metrics;
  net::run_blocking([](auto& kept, auto& its_metrics) -> Task<bool> {
    keep_upstreams(*kept, its_metrics);
    const auto& upstream = kept->all().front()->upstream;
    EXPECT_TRUE(co_await eventually([&] { return upstream->count_in_rotation(net::Steady::now()) == 0; }));
    co_return true;
  }(routes, metrics));
}

Task<Result<net::Addresses>> answer_of(Result<std::vector<std::string>> answer) {
  if (!answer) co_return std::unexpected(answer.error());
  co_return net::Addresses{*answer, net::Steady::now() + std::chrono::hours(1)};
}

TEST(UpstreamKeeper, ANameIsFollowedToOtherAddressesAndKeepsItsOldOnesWhenItHasNone) {
  policy::HttpTarget target;
  target.upstream.endpoints = {"http://backend.example.com"};
  target.upstream.resolve_every = std::chrono::milliseconds(1);
  const auto upstream = Upstream::make(target).value();
  const std::vector<std::string> first{"192.0.2.1"}, second{"192.0.2.1", "192.0.2.2"};
  const std::vector<std::pair<Result<std::vector<std::string>>, std::uint32_t>> answers = {
      {fail(Reason::upstream_timeout), 0},
      {first, 0},
      {first, 0},
      {fail(Reason::upstream_timeout), 0},
      {first, 0},
      {second, 1},
      {second, 1},
      {first, 2}};
  std::size_t asked = 0;
  const LookUp resolve = [&](const net::Address& address, net::Steady::duration max_age, net::Steady::duration) {
    EXPECT_EQ(address.host, "backend.example.com");
    EXPECT_EQ(max_age, std::chrono::milliseconds(1));
    if (asked > 0) EXPECT_EQ(upstream->generation(0), answers[asked - 1].second) << asked;
    if (asked + 1 == answers.size()) upstream->retire();
    return answer_of(answers[asked++].first);
  };
  net::run_blocking([](auto its_upstream, auto its_resolver) -> Task<bool> {
    co_await follow_name(std::move(its_upstream), 0, std::move(its_resolver));
    co_return true;
  }(upstream, resolve));
  EXPECT_EQ(asked, answers.size());
  EXPECT_EQ(upstream->generation(0), 2u);
}

}  // namespace
}  // namespace watchword::gateway
