#include "cli/doctor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace watchword::cli {
namespace {

using ::testing::HasSubstr;

constexpr std::uint64_t kMega = 1u << 20;

TEST(Doctor, AFullDiskIsTroubleBeforeItIsFull) {
  EXPECT_FALSE(judge_space("store space", "/var/lib/watchword", 512 * kMega).trouble);
  const auto full = judge_space("store space", "/var/lib/watchword", 511 * kMega);
  ASSERT_TRUE(full.trouble);
  EXPECT_EQ(full.trouble->found, "511 MiB free");
  EXPECT_EQ(full.trouble->where, "/var/lib/watchword");
}

// Good to its token, and with these hooks everywhere.
class Gitlab final : public http::Fetcher {
 public:
  Result<http::FetchReply> send(const http::FetchRequest& request, const http::FetchOptions&) override {
    const bool self = request.url.ends_with("/personal_access_tokens/self");
    const bool listed = request.url.find("/hooks?") != std::string::npos;
    return http::FetchReply{.status = 200,
                            .content_type = "application/json",
                            .max_age = std::nullopt,
                            .body = self     ? R"({"scopes":["read_api"]})"
                                    : listed ? hooks.dump()
                                             : R"({"id":42})"};
  }
  Json hooks = Json::array();
};

class DoctorOfGitlab : public ::testing::Test {
 protected:
  DoctorOfGitlab() {
    ::setenv("WATCHWORD_DOCTOR_TEST", "a-webhook-token-of-acme", 1);
    config.url = "https://gate.example.com";
    config.live_sources.push_back({"gitlab", "https://gitlab.example.com", {"env:WATCHWORD_DOCTOR_TEST"}, {}, {}});
  }
  // What the gate says of one project.
  void say(bool silent, Json api = Json::object({{"asked", true}})) {
    auto project = Json::object(
        {{"id", "42"}, {"path", "acme/billing"}, {"silent", silent}, {"last_event", "2026-11-21T09:00:00.000Z"}});
    auto hooks = Json::object({{"silent", silent ? 1 : 0}, {"projects", Json::array().push(std::move(project))}});
    gate.context =
        Json::object({{"issuers", Json::array().push(Json::object(
                                      {{"issuer", "gitlab"}, {"api", std::move(api)}, {"hooks", std::move(hooks)}}))}});
  }
  // The check of this name; fails where there is none.
  CheckResult check(std::string_view name) {
    Checks checks;
    check_gitlab(config, {.config = "watchword.yaml", .projects = {}, .groups = {}}, gate, gitlab, checks);
    for (const auto& one : checks)
      if (one.name == name) return one;
    ADD_FAILURE() << "no check " << name;
    return {std::string(name)};
  }
  void ask_api() { config.live_sources.front().api_token = "env:WATCHWORD_DOCTOR_TEST"; }

  Config config;
  GateSays gate;
  Gitlab gitlab;
};

TEST_F(DoctorOfGitlab, NamesProjectsThatWentSilent) {
  say(true);
  const auto events = check("events gitlab");
  ASSERT_TRUE(events.trouble);
  EXPECT_THAT(events.trouble->found, HasSubstr("1, such as acme/billing"));
  const auto hook = check("hook gitlab, project acme/billing");
  ASSERT_TRUE(hook.trouble);
  EXPECT_EQ(hook.trouble->fix,
            "watchword gitlab setup --project acme/billing --gitlab gitlab --config watchword.yaml --apply");
}

TEST_F(DoctorOfGitlab, EventsThatComeAreEnoughWhereTheHookIsNotTheProjectsOwn) {
  say(false);
  EXPECT_FALSE(check("events gitlab").trouble);
  EXPECT_THAT(check("hook gitlab, project acme/billing").detail, HasSubstr("not looked at"));
  ask_api();
  EXPECT_FALSE(check("hook gitlab, project acme/billing").trouble);
}

TEST_F(DoctorOfGitlab, ASilentProjectWithoutHookLacksOne) {
  say(true);
  ask_api();
  const auto hook = check("hook gitlab, project acme/billing");
  ASSERT_TRUE(hook.trouble);
  EXPECT_EQ(hook.trouble->found, "no hook to https://gate.example.com/hooks/gitlab/projects/42");
}

TEST_F(DoctorOfGitlab, AHookOfAProjectWithTheSecretOfTheWholeIssuerIsTroubleThoughEventsCome) {
  say(false);
  ask_api();
  auto hook =
      Json::object({{"id", 8}, {"url", "https://gate.example.com/hooks/gitlab"}, {"enable_ssl_verification", true}});
  for (const auto event : context::kHookEvents) hook.set(event, true);
  gitlab.hooks = Json::array().push(std::move(hook));
  const auto found = check("hook gitlab, project acme/billing");
  ASSERT_TRUE(found.trouble);
  EXPECT_EQ(found.trouble->found,
            "hook 8 that does not fit, url: https://gate.example.com/hooks/gitlab, wanted "
            "https://gate.example.com/hooks/gitlab/projects/42");
  EXPECT_THAT(found.trouble->fix, HasSubstr("gitlab setup --project acme/billing"));
}

TEST_F(DoctorOfGitlab, TellsTheTroubleThatTheGateHasWithTheApi) {
  ask_api();
  say(false, Json::object({{"asked", true}, {"last_answer", "2026-11-21T09:00:00.000Z"}}));
  EXPECT_FALSE(check("api gitlab").trouble);
  EXPECT_EQ(check("api gitlab").detail, "answers, scopes read_api, last answer to the gate 2026-11-21T09:00:00.000Z");
  say(false, Json::object({{"asked", true}, {"trouble", Json::object({{"found", "status 500"}, {"fix", "wait"}})}}));
  const auto api = check("api gitlab");
  ASSERT_TRUE(api.trouble);
  EXPECT_EQ(api.trouble->found, "at the gate's last question status 500");
  EXPECT_EQ(api.trouble->fix, "wait");
}

TEST_F(DoctorOfGitlab, AGateThatSaysNothingIsNoReasonToSayThatAllIsWell) {
  ASSERT_TRUE(check("hooks gitlab").trouble);
  gate.context =
      Json::object({{"issuers", Json::array().push(Json::object({{"issuer", "gitlab"}, {"hooks", Json::object()}}))}});
  EXPECT_FALSE(check("hooks gitlab").trouble);
}

}  // namespace
}  // namespace watchword::cli
