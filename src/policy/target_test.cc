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
    actions: { read: { methods: [GET], paths: [/, /v1/**] } }
)";

class FindTarget : public ::testing::Test {
 protected:
  // "resource path action", or the reason of the refusal.
  std::string target(std::string_view host, std::string_view method, std::string_view path) const {
    auto found = find_target(*policy_, host, method, path);
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

TEST_F(FindTarget, ATargetWithoutActionSaysWhatWasAsked) {
  auto found = find_target(*policy_, "billing.test", "POST", "/v1/x");
  ASSERT_TRUE(found.has_value());
  ASSERT_EQ(found->action, nullptr);
  auto error = no_action(*found, "POST");
  EXPECT_EQ(error.reason, Reason::action_unknown);
  EXPECT_EQ(error.found, "POST /v1/x");
}

}  // namespace
}  // namespace watchword::policy
