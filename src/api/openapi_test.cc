// docs/openapi.yaml names every endpoint that there is, and none that there is not.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "api/endpoints.h"
#include "api/hooks.h"
#include "base/file.h"
#include "base/text.h"
#include "support/gate_fixture.h"

namespace watchword::api {
namespace {

using Endpoint = std::pair<std::string, std::string>;  // method, path

// The document's own layout: paths stand at two spaces, methods at four.
std::set<Endpoint> documented() {
  auto text = read_file(WATCHWORD_SOURCE_DIR "/docs/openapi.yaml");
  EXPECT_TRUE(text.has_value());
  std::set<Endpoint> endpoints;
  std::string path;
  for (auto line : split(*text, '\n')) {
    if (line.starts_with("components:")) break;
    if (line.starts_with("  /") && line.ends_with(':')) path = line.substr(2, line.size() - 3);
    for (const auto* method : {"GET", "POST", "PUT", "PATCH", "DELETE"})
      if (line == "    " + ascii_lower(method) + ":") endpoints.emplace(method, path);
  }
  return endpoints;
}

bool covers(const Endpoint& route, const Endpoint& endpoint) {
  if (route.first != endpoint.first) return false;
  bool prefix = route.second.ends_with('/');
  return prefix ? endpoint.second.starts_with(route.second) && endpoint.second != route.second
                : endpoint.second == route.second;
}

TEST(OpenApi, DescribesExactlyTheEndpointsThatThereAre) {
  testing::TestGate gate;
  Router router;
  Metrics metrics;
  auto readiness = [] { return std::vector<Readiness>{}; };
  const auto& parts = gate.service().parts();
  context::FactTable facts({}, parts.clock);
  context::Intake intake(facts, gate.store(), parts.clock, metrics,
                         [](std::string_view, const std::vector<context::Change>&, bool) {});
  std::vector<HookSource> sources;
  sources.push_back({"{issuer}", {}});
  add_hooks(router, std::move(sources), {intake, parts.recorder, parts.clock, parts.random});
  add_oauth(router, gate.service(), gate.clients());
  add_health(router, readiness);
  add_metrics(router, metrics);
  add_log(router, "/nowhere", LogEntries::served);
  add_admin(router, {gate.service(), facts, gate.store(), [] { return std::vector<Error>{}; }, readiness, "0"});

  auto endpoints = documented();
  auto routes = router.routes();
  ASSERT_GT(endpoints.size(), 15u);
  for (const auto& route : routes)
    EXPECT_TRUE(std::ranges::any_of(endpoints, [&](const auto& endpoint) { return covers(route, endpoint); }))
        << route.first << " " << route.second << " is not in docs/openapi.yaml";
  for (const auto& endpoint : endpoints)
    EXPECT_TRUE(std::ranges::any_of(routes, [&](const auto& route) { return covers(route, endpoint); }))
        << endpoint.first << " " << endpoint.second << " is documented and not served";
}

}  // namespace
}  // namespace watchword::api
