#include "cli/gitlab_setup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace watchword::cli {
namespace {

using context::GitlabHook;
using context::HookScope;

const std::string kDoor = "https://gate.example.com/hooks/gitlab";

class GitlabSetup : public ::testing::Test {
 protected:
  GitlabSetup() {
    ::setenv("WATCHWORD_SETUP_TEST", "a-webhook-token-of-acme", 1);
    config.url = "https://gate.example.com";
    source.webhook_secrets = {"env:WATCHWORD_SETUP_TEST"};
  }
  HookPlan plan(const std::vector<std::string>& urls) {
    std::vector<GitlabHook> hooks;
    for (const auto& url : urls) {
      auto& hook = hooks.emplace_back();
      hook.id = std::to_string(hooks.size());
      hook.url = url;
    }
    return plan_hook(std::move(hooks), *wanted_hook_of(config, source, {HookScope::Kind::project, "42"}), kDoor);
  }
  static std::string mended(const HookPlan& plan) { return plan.hook ? plan.hook->id : "none"; }

  Config config;
  LiveSource source{"gitlab", "https://gitlab.example.com", {}, {}, {}};
};

TEST_F(GitlabSetup, TheRightHookIsKeptAndTheIssuersIsOneTooMany) {
  const auto both = plan({kDoor, kDoor + "/projects/42", kDoor + "/projects/42"});
  EXPECT_EQ(mended(both), "2");
  std::vector<std::string> others;
  for (const auto& hook : both.others) others.push_back(hook.id);
  EXPECT_THAT(others, ::testing::UnorderedElementsAre("1", "3"));
}

TEST_F(GitlabSetup, AHookOfAnyOtherScopeIsMended) {
  for (const char* path : {"", "/projects/43", "/groups/42", "/projects/42/"}) {
    const auto found = plan({kDoor + path});
    EXPECT_EQ(mended(found), "1") << path;
    ASSERT_FALSE(found.drift.empty());
    EXPECT_EQ(found.drift.front().setting, "url");
    EXPECT_FALSE(found.fits());
  }
}

TEST_F(GitlabSetup, HooksToElsewhereAreLeftAlone) {
  for (const char* url :
       {"https://gate.example.com/hooks/gitlab-2", "https://gate.example.com/hooks/gitlab2/projects/42",
        "https://gate.example.com.evil.example/hooks/gitlab", "https://gate.example.com/hooks"})
    EXPECT_EQ(mended(plan({url})), "none") << url;
}

TEST_F(GitlabSetup, TheSecretOfAHookIsNotTheIssuers) {
  source.api_token = "env:WATCHWORD_SETUP_TEST";
  std::vector<std::string> seen{"a-webhook-token-of-acme"};
  for (const auto& scope : {HookScope{HookScope::Kind::project, "42"}, HookScope{HookScope::Kind::group, "42"}}) {
    const auto hook = wanted_hook_of(config, source, scope);
    ASSERT_TRUE(hook) << to_string(hook.error());
    EXPECT_EQ(hook->url, kDoor + scope.to_path());
    EXPECT_THAT(seen, ::testing::Not(::testing::Contains(hook->token.reveal())));
    seen.emplace_back(hook->token.reveal());
  }
}

TEST_F(GitlabSetup, AGroupsHookNeedsTheApi) {
  const auto hook = wanted_hook_of(config, source, {HookScope::Kind::group, "7"});
  ASSERT_FALSE(hook);
  EXPECT_EQ(hook.error().reason, Reason::config_invalid);
  EXPECT_EQ(hook.error().where, "issuers.gitlab.api_token");
}

}  // namespace
}  // namespace watchword::cli
