#include "context/gitlab_hooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace watchword::context {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kApi = "https://gitlab.example.com/api/v4/";
const std::string kHooks = kApi + "projects/acme%2Fbilling/hooks";
const std::string kUrl = "https://gate.example.com/hooks/gitlab";
const std::string kPlain = "a-webhook-token-of-acme";
const std::string kSigning = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=";  // 32 times "k"
const HookOwner kBilling{HookOwner::Kind::project, "acme/billing"};

class Gitlab final : public http::Fetcher {
 public:
  Result<http::FetchReply> send(const http::FetchRequest& request, const http::FetchOptions&) override {
    const std::string key = request.method + " " + request.url;
    asked.push_back(key);
    bodies.push_back(request.body);
    const auto found = replies.find(key);
    return found == replies.end() ? reply(404, R"({"message":"404 Project Not Found"})") : found->second;
  }
  static http::FetchReply reply(int status, std::string body) {
    return {.status = status, .content_type = "application/json", .max_age = std::nullopt, .body = std::move(body)};
  }
  void set(const std::string& key, int status, const Json& body) { replies[key] = reply(status, body.dump()); }

  std::map<std::string, http::FetchReply> replies;
  std::vector<std::string> asked, bodies;
};

// As GitLab 19 shows a hook that fits.
Json shown(int id) {
  auto json = Json::object({{"id", id},
                            {"url", kUrl},
                            {"enable_ssl_verification", true},
                            {"push_events_branch_filter", nullptr},
                            {"branch_filter_strategy", "wildcard"},
                            {"custom_webhook_template", nullptr},
                            {"alert_status", "executable"},
                            {"disabled_until", nullptr},
                            {"token_present", true},
                            {"signing_token_present", false},
                            {"issues_events", false}});
  for (const auto event : kHookEvents) json.set(event, true);
  return json;
}

WantedHook wanted(const std::vector<std::string>& texts = {kPlain}) {
  std::vector<Secret> secrets;
  for (const auto& text : texts) secrets.emplace_back(std::string_view(text));
  auto hook = wanted_hook(kUrl, secrets);
  EXPECT_TRUE(hook) << to_string(hook.error());
  return *std::move(hook);
}

std::vector<std::string> settings_of(const std::vector<HookDrift>& drift) {
  std::vector<std::string> names;
  for (const auto& one : drift) names.push_back(one.setting);
  return names;
}

std::vector<std::string> drifts(const Json& json, const WantedHook& hook = wanted()) {
  const auto parsed = parse_gitlab_hook(json);
  EXPECT_TRUE(parsed) << to_string(parsed.error());
  return parsed ? settings_of(drift(*parsed, hook)) : std::vector<std::string>{"not parsed"};
}

TEST(GitlabHook, FitsWithExactlyTheEventsThatAreRead) {
  EXPECT_THAT(drifts(shown(7)), IsEmpty());
  EXPECT_THAT(drifts(shown(7).set("job_events", false)), ElementsAre("job_events"));
  EXPECT_THAT(drifts(shown(7).set("issues_events", true)), ElementsAre("issues_events"));
}

TEST(GitlabHook, ShowsWhatWouldKeepEventsAway) {
  EXPECT_THAT(drifts(shown(7).set("url", "https://gate.example.com/hooks")), ElementsAre("url"));
  EXPECT_THAT(drifts(shown(7).set("enable_ssl_verification", false)), ElementsAre("enable_ssl_verification"));
  EXPECT_THAT(drifts(shown(7).set("push_events_branch_filter", "main")), ElementsAre("push_events_branch_filter"));
  EXPECT_THAT(drifts(shown(7).set("push_events_branch_filter", "main").set("branch_filter_strategy", "all_branches")),
              IsEmpty());
  EXPECT_THAT(drifts(shown(7).set("custom_webhook_template", "{}")), ElementsAre("custom_webhook_template"));
  EXPECT_THAT(drifts(shown(7).set("alert_status", "disabled")), ElementsAre("alert_status"));
  const auto hook = parse_gitlab_hook(
      shown(7).set("alert_status", "temporarily_disabled").set("disabled_until", "2026-09-21T14:00:00.000Z"));
  ASSERT_TRUE(hook);
  EXPECT_EQ(drift(*hook, wanted()).front().found, "temporarily_disabled until 2026-09-21T14:00:00.000Z");
}

TEST(GitlabHook, JudgesSecretsAsFarAsGitlabShowsThem) {
  EXPECT_THAT(drifts(shown(7).set("token_present", false)), ElementsAre("token"));
  EXPECT_THAT(drifts(shown(7), wanted({kSigning})), ElementsAre("signing_token"));
  EXPECT_THAT(drifts(shown(7).set("signing_token_present", true)), ElementsAre("signing_token"));
  EXPECT_THAT(drifts(shown(7).set("signing_token_present", true), wanted({kSigning})), IsEmpty());
  EXPECT_THAT(drifts(shown(7).set("signing_token_present", nullptr).set("token_present", nullptr), wanted({kSigning})),
              IsEmpty());
}

TEST(GitlabHook, TakesTheFirstSecretOfEachKind) {
  const auto hook = wanted({kPlain, "another-token-of-acme", kSigning});
  EXPECT_EQ(hook.token.reveal(), kPlain);
  EXPECT_EQ(hook.signing_token.reveal(), kSigning);
}

TEST(GitlabHook, RefusesSecretsThatGitlabOrTheGateWouldNotTake) {
  const auto refused = [](std::string_view text) {
    std::vector<Secret> secrets;
    if (!text.empty()) secrets.emplace_back(text);
    const auto hook = wanted_hook(kUrl, secrets);
    return !hook && hook.error().reason == Reason::config_invalid;
  };
  EXPECT_TRUE(refused(""));
  EXPECT_TRUE(refused("short"));
  EXPECT_TRUE(refused("whsec_a2tra2tra2tra2tra2tra2tra2tra2tr"));  // 27 bytes: good for others, not for GitLab
}

TEST(GitlabHook, RefusesWhatIsNoHook) {
  for (const Json& json : {Json(nullptr), Json(Json::Array{}), shown(7).set("id", "7"), shown(7).set("url", ""),
                           shown(7).set("enable_ssl_verification", 1), shown(7).set("disabled_until", "soon"),
                           shown(7).set("alert_status", 3)}) {
    const auto hook = parse_gitlab_hook(json);
    ASSERT_FALSE(hook) << json.dump();
    EXPECT_EQ(hook.error().reason, Reason::event_malformed);
  }
}

class GitlabHooksTest : public ::testing::Test {
 protected:
  Json body(std::size_t request) const { return *parse_json(gitlab.bodies.at(request)); }
  void expect_unavailable(const auto& result, std::string_view found, std::string_view fix) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, Reason::ci_unavailable);
    EXPECT_THAT(result.error().found, HasSubstr(found));
    EXPECT_THAT(std::string(fix_of(result.error())), HasSubstr(fix));
    EXPECT_THAT(to_string(result.error()) + result.error().where + result.error().fix,
                Not(::testing::AnyOf(HasSubstr("glpat"), HasSubstr(kPlain), HasSubstr("whsec_a2"))));
  }

  Gitlab gitlab;
  GitlabHooks hooks{"https://gitlab.example.com/", Secret(std::string_view("glpat-s3cret")), {}, gitlab};
};

TEST_F(GitlabHooksTest, KnowsOwnersByTheirIds) {
  gitlab.set("GET " + kApi + "projects/acme%2Fbilling", 200, Json::object({{"id", 42}}));
  gitlab.set("GET " + kApi + "groups/acme", 200, Json::object({{"id", 7}}));
  EXPECT_EQ(hooks.scope_of(kBilling).value(), (HookScope{HookScope::Kind::project, "42"}));
  EXPECT_EQ(hooks.scope_of({HookOwner::Kind::group, "acme"}).value(), (HookScope{HookScope::Kind::group, "7"}));
  expect_unavailable(hooks.scope_of({HookOwner::Kind::group, "acme-evil"}), "status 404", "check the path");
  for (const Json& id : {Json("42"), Json(-1), Json(nullptr), Json(4.2)}) {
    gitlab.set("GET " + kApi + "groups/acme", 200, Json::object({{"id", id}}));
    expect_unavailable(hooks.scope_of({HookOwner::Kind::group, "acme"}), "id: ", "");
  }
}

TEST_F(GitlabHooksTest, AProjectsGroupsAreThoseAboveIt) {
  const std::string groups = "GET " + kApi + "projects/42/groups?with_shared=false&per_page=100&page=1";
  gitlab.set(groups, 200, Json::array().push(Json::object({{"id", 7}})).push(Json::object({{"id", 1}})));
  EXPECT_THAT(hooks.groups_of("42").value(), ElementsAre("7", "1"));
  EXPECT_THAT(hooks.groups_of("43").value(), IsEmpty());  // 404: there is none, or it is not shown
  gitlab.set(groups, 200, Json::array().push(Json::object({{"id", "7"}})));
  expect_unavailable(hooks.groups_of("42"), "id: ", "");
  gitlab.set(groups, 200, Json::object({{"id", 7}}));
  expect_unavailable(hooks.groups_of("42"), "object", "");
  gitlab.set(groups, 500, Json::array());
  expect_unavailable(hooks.groups_of("42"), "status 500", "");
}

TEST_F(GitlabHooksTest, ListsAllPages) {
  Json::Array full(100, shown(7));
  gitlab.set("GET " + kHooks + "?per_page=100&page=1", 200, full);
  gitlab.set("GET " + kHooks + "?per_page=100&page=2", 200, Json::array().push(shown(8)));
  const auto list = hooks.list(kBilling);
  ASSERT_TRUE(list) << to_string(list.error());
  EXPECT_EQ(list->size(), 101u);
  EXPECT_EQ(list->back().id, "8");
}

TEST_F(GitlabHooksTest, SaysWhatToDoAboutARefusal) {
  const std::string first = "GET " + kHooks + "?per_page=100&page=1";
  expect_unavailable(hooks.list(kBilling), "status 404", "check the path");
  gitlab.set(first, 401, Json::object({{"message", "401 Unauthorized"}}));
  expect_unavailable(hooks.list(kBilling), "status 401", "has expired");
  gitlab.set(first, 403, Json::object({{"message", "403 Forbidden"}}));
  expect_unavailable(hooks.list(kBilling), "status 403", "Maintainer");
  gitlab.set(first, 200, Json::array().push(shown(7).set("id", -1)));
  expect_unavailable(hooks.list(kBilling), "id: -1", "");
}

TEST_F(GitlabHooksTest, CreatesWithTheEventsAndTheSecret) {
  gitlab.set("POST " + kHooks, 201, shown(7));
  const auto hook = hooks.create(kBilling, wanted());
  ASSERT_TRUE(hook) << to_string(hook.error());
  EXPECT_EQ(hook->id, "7");
  EXPECT_EQ(body(0), Json::object({{"url", kUrl},
                                   {"enable_ssl_verification", true},
                                   {"deployment_events", true},
                                   {"job_events", true},
                                   {"merge_requests_events", true},
                                   {"pipeline_events", true},
                                   {"push_events", true},
                                   {"token", kPlain}}));
}

TEST_F(GitlabHooksTest, TellsWhyGitlabRefusesASetting) {
  gitlab.set("POST " + kHooks, 422, Json::object({{"message", Json::object({{"url", "is blocked"}})}}));
  expect_unavailable(hooks.create(kBilling, wanted()), R"(status 422: {"url":"is blocked"})", "");
}

TEST_F(GitlabHooksTest, AnInstanceThatKnowsNoSigningTokensIsNoSuccess) {
  gitlab.set("POST " + kHooks, 201, shown(7).set("signing_token_present", nullptr));
  expect_unavailable(hooks.create(kBilling, wanted({kSigning})), "knows no signing tokens", "does not begin with");
  EXPECT_TRUE(hooks.create(kBilling, wanted({kSigning, kPlain})));
}

TEST_F(GitlabHooksTest, MendsEverySettingThatDiffers) {
  const auto was = parse_gitlab_hook(shown(7)
                                         .set("issues_events", true)
                                         .set("push_events_branch_filter", "main")
                                         .set("custom_webhook_template", "{}")
                                         .set("signing_token_present", true));
  gitlab.set("PUT " + kHooks + "/7", 200, shown(7));
  ASSERT_TRUE(hooks.repair(kBilling, *was, wanted()));
  const auto sent = body(0);
  EXPECT_EQ(*sent.find("issues_events"), Json(false));
  EXPECT_EQ(sent.string_or("push_events_branch_filter", "?"), "");
  EXPECT_EQ(sent.string_or("branch_filter_strategy", "?"), "all_branches");
  EXPECT_EQ(sent.string_or("custom_webhook_template", "?"), "");
  EXPECT_EQ(sent.string_or("signing_token", "?"), "");
  EXPECT_EQ(sent.string_or("token", "?"), kPlain);
}

TEST_F(GitlabHooksTest, ASettingThatGitlabPassedOverIsNoSuccess) {
  const auto was = parse_gitlab_hook(shown(7).set("job_events", false));
  gitlab.set("PUT " + kHooks + "/7", 200, shown(7).set("job_events", false));
  expect_unavailable(hooks.repair(kBilling, *was, wanted()), "after the change still job_events false", "");
}

TEST_F(GitlabHooksTest, EnablesADisabledHookByATest) {
  const auto was = parse_gitlab_hook(shown(7).set("alert_status", "disabled"));
  gitlab.set("PUT " + kHooks + "/7", 200, shown(7).set("alert_status", "disabled"));
  gitlab.set("POST " + kHooks + "/7/test/push_events", 201, Json::object({{"message", "201 Created"}}));
  gitlab.set("GET " + kHooks + "/7", 200, shown(7));
  const auto hook = hooks.repair(kBilling, *was, wanted());
  ASSERT_TRUE(hook) << to_string(hook.error());
  EXPECT_FALSE(hook->disabled());
}

TEST_F(GitlabHooksTest, AHookThatStaysDisabledIsNoSuccess) {
  const auto was = parse_gitlab_hook(shown(7).set("alert_status", "disabled"));
  gitlab.set("PUT " + kHooks + "/7", 200, shown(7).set("alert_status", "disabled"));
  gitlab.set("POST " + kHooks + "/7/test/push_events", 422, Json::object({{"message", "execution expired"}}));
  expect_unavailable(hooks.repair(kBilling, *was, wanted()), "execution expired", "reaches " + kUrl);
  gitlab.set("POST " + kHooks + "/7/test/push_events", 201, Json::object({{"message", "201 Created"}}));
  gitlab.set("GET " + kHooks + "/7", 200, shown(7).set("alert_status", "disabled"));
  expect_unavailable(hooks.repair(kBilling, *was, wanted()), "still alert_status disabled", "");
}

TEST_F(GitlabHooksTest, TellsTheTokensScopesWhereTheyAreShown) {
  const std::string self = "GET " + kApi + "personal_access_tokens/self";
  gitlab.set(self, 200, Json::object({{"scopes", Json::array().push("read_api")}, {"expires_at", "2027-01-31"}}));
  auto info = hooks.token();
  ASSERT_TRUE(info) << to_string(info.error());
  EXPECT_THAT(info->scopes, ElementsAre("read_api"));
  EXPECT_EQ(info->expires, "2027-01-31");

  gitlab.set(self, 404, Json::object({{"message", "404 Not Found"}}));
  gitlab.set("GET " + kApi + "version", 200, Json::object({{"version", "18.5.0"}}));
  info = hooks.token();
  ASSERT_TRUE(info) << to_string(info.error());
  EXPECT_THAT(info->scopes, IsEmpty());

  gitlab.set("GET " + kApi + "version", 401, Json::object({{"message", "401 Unauthorized"}}));
  expect_unavailable(hooks.token(), "status 401", "has expired");
}

}  // namespace
}  // namespace watchword::context
