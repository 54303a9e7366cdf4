// One reading of a request: which resource, which path, which action, and what is refused before policy is asked.
#include "policy/target.h"

#include <gtest/gtest.h>

#include "policy/policy_test_util.h"

namespace watchword::policy {
namespace {

using testing::policy_of;

constexpr std::string_view kResources = R"(
resources:
  billing:
    http: { upstream: https://billing.internal, host: billing.test }
    actions: { read: { methods: [GET], paths: [/v1/**] } }
  files:
    http: { upstream: https://files.internal, host: files.test, ambiguous_paths: allow }
    actions: { read: { methods: [GET], paths: ["**"] } }
  docs:
    http: { upstream: https://docs.internal, prefix: /docs }
    actions: { read: { methods: [GET], paths: [/, /v1/**] }, watch: { websocket: [/live] } }
  orders-db:
    tcp: { upstream: "db.internal:5432" }
)";

class FindTarget : public ::testing::Test {
 protected:
  // "resource path action", or the reason of the refusal.
  std::string target(std::string_view host, std::string_view method, std::string_view path,
                     std::string_view protocol = {}) const {
    return text_of(find_target(*policy_, {host, method, path, protocol}));
  }
  std::string tunnel(std::string_view authority) const { return text_of(find_tunnel(*policy_, authority)); }
  std::string target_of(std::string_view resource, std::string_view method, std::string_view path) const {
    return text_of(find_target_of(*policy_->resource(resource), {"any.test", method, path}));
  }
  static std::string text_of(const Result<Target>& found) {
    if (!found) return std::string(name(found.error().reason));
    return found->resource->name() + " " + found->path + " " + (found->action != nullptr ? *found->action : "-");
  }
  std::shared_ptr<const Policy> policy_ = policy_of(std::string(kResources));
};

TEST_F(FindTarget, TakesTheHostFirstAndThePrefixElse) {
  EXPECT_EQ(target("billing.test", "GET", "/v1/invoices"), "billing /v1/invoices read");
  EXPECT_EQ(target("gate.test", "GET", "/docs/v1/x"), "docs /v1/x read");
  EXPECT_EQ(target("gate.test", "GET", "/docs"), "docs / read");
  EXPECT_EQ(target("gate.test", "GET", "/docs-old/x"), "host_unknown");
  EXPECT_EQ(target("billing.test", "GET", "/docs/v1/x"), "billing /docs/v1/x -");
}

TEST_F(FindTarget, ReadsOneSpellingOfAPath) {
  EXPECT_EQ(target("billing.test", "GET", "/%76%31/a%2db"), "billing /v1/a-b read");
  EXPECT_EQ(target("gate.test", "GET", "/d%6fcs/v1/x"), "docs /v1/x read");
}

TEST_F(FindTarget, AnAmbiguousPathReachesOnlyAHostThatAllowsIt) {
  EXPECT_EQ(target("billing.test", "GET", "/v1/a%2fb"), "path_ambiguous");
  EXPECT_EQ(target("files.test", "GET", "/v1/a%2fb"), "files /v1/a%2fb read") << "as it was sent";
  EXPECT_EQ(target("gate.test", "GET", "/docs/../docs/v1/x"), "path_ambiguous") << "and not host_unknown";
  EXPECT_EQ(target("files.test", "GET", "/v1//x"), "files /v1//x read");
}

TEST_F(FindTarget, RefusesMethodsThatTwoServersReadInTwoWays) {
  for (const auto* method : {"get", "Get", "TRACE", ""})
    EXPECT_EQ(target("billing.test", method, "/v1/x"), "method_not_allowed") << method;
  EXPECT_EQ(target("billing.test", "CONNECT", "/v1/x"), "upgrade_unsupported");
}

TEST_F(FindTarget, AResourceThatIsNamedIsAskedForItsPrefixAndNotForItsHost) {
  EXPECT_EQ(target_of("billing", "GET", "/v1/%69nvoices"), "billing /v1/invoices read");
  EXPECT_EQ(target_of("billing", "GET", "/v1/a%2fb"), "path_ambiguous");
  EXPECT_EQ(target_of("billing", "get", "/v1/x"), "method_not_allowed");
  EXPECT_EQ(target_of("billing", "GET", "/v2"), "billing /v2 -");
  EXPECT_EQ(target_of("files", "GET", "/v1/a%2fb"), "files /v1/a%2fb read");
  EXPECT_EQ(target_of("docs", "GET", "/docs/v1/x"), "docs /v1/x read");
  EXPECT_EQ(target_of("docs", "GET", "/docs"), "docs / read");
  for (const auto* path : {"/v1/x", "/docs-old/v1/x", "/", "/do"})
    EXPECT_EQ(target_of("docs", "GET", path), "host_unknown");
}

TEST_F(FindTarget, ATargetWithoutActionSaysWhatWasAsked) {
  auto found = find_target(*policy_, {"billing.test", "POST", "/v1/x"});
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->action, nullptr);
  auto error = no_action(*found, {"billing.test", "POST", "/v1/x"});
  EXPECT_EQ(error.reason, Reason::action_unknown);
  EXPECT_EQ(error.found, "POST /v1/x");
  EXPECT_EQ(error.expected, "a method and path of an action of billing");
  error = no_action(*found, {"billing.test", "GET", "/v1/x", "websocket"});
  EXPECT_EQ(error.found, "websocket /v1/x");
  EXPECT_EQ(error.expected, "a 'websocket' path of an action of billing");
}

TEST_F(FindTarget, AWebSocketIsAnotherQuestionThanAGet) {
  EXPECT_EQ(target("gate.test", "GET", "/docs/live", "websocket"), "docs /live watch");
  EXPECT_EQ(target("gate.test", "GET", "/docs/live"), "docs /live -");
  EXPECT_EQ(target("gate.test", "GET", "/docs/v1/x", "websocket"), "docs /v1/x -");
  EXPECT_EQ(target("gate.test", "POST", "/docs/live", "websocket"), "method_not_allowed");
  EXPECT_EQ(target("gate.test", "CONNECT", "/docs/live", "websocket"), "upgrade_unsupported");
  for (const auto* protocol : {"h2c", "WebSocket", "websocket, h2c"})
    EXPECT_EQ(target("gate.test", "GET", "/docs/live", protocol), "upgrade_unsupported") << protocol;
}

TEST_F(FindTarget, ATunnelIsAskedForByTheResourcesNameAndItsUpstreamsPort) {
  EXPECT_EQ(tunnel("orders-db:5432"), "orders-db  connect");
  EXPECT_EQ(tunnel("Orders-DB:5432"), "orders-db  connect") << "host names have no case";
  for (const auto* authority : {"orders-db", "orders-db:5433", "orders-db:", "orders-db:05432x", "db.internal:5432",
                                "docs:443", "billing.test:443", "x@orders-db:5432", "orders-db:5432/", "", ":5432"})
    EXPECT_EQ(tunnel(authority), "host_unknown") << authority;
  EXPECT_EQ(target("orders-db", "GET", "/"), "host_unknown") << "and by no request";
  EXPECT_EQ(find_tunnel(*policy_, "orders-db:5433").error().expected, "orders-db:5432, with the port of its upstream");
}

TEST(GrpcPath, IsThatOfAServiceAndMethod) {
  EXPECT_EQ(grpc_path("acme.billing.v1.Billing/GetInvoice"), "/acme.billing.v1.Billing/GetInvoice");
  EXPECT_EQ(grpc_path("Billing/Get"), "/Billing/Get");
  for (const auto* other : {"", "/", "Billing", "Billing/", "/Get", "/Billing/Get", "Billing/Get/x", "Billing/Get*",
                            "a.B/c.D", "a B/C", "a.B/C?x=1", "a.B/%43", "../B", "a..B/C", ".a.B/C", "a.B./C"})
    EXPECT_EQ(grpc_path(other), std::nullopt) << other;
  EXPECT_EQ(grpc_path("acme.*/Get?", "*?"), "/acme.*/Get?");
  EXPECT_EQ(grpc_path("acme.*/Get/*", "*?"), std::nullopt);
}

}  // namespace
}  // namespace watchword::policy
