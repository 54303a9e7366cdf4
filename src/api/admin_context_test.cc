#include <gtest/gtest.h>

#include "api/admin.h"
#include "support/http_call.h"

namespace watchword::api {
namespace {

constexpr Time kNow{std::chrono::seconds(1'790'000'000)};

class AdminContext : public ::testing::Test {
 protected:
  testing::Reply call(net::Peer peer = {.address = "", .port = 0, .uid = 0, .loopback = true}) {
    Router router;
    add_context_admin(router, [this] { return std::vector{health}; });
    return testing::call(router, {.method = "GET", .target = "/api/v1/context", .body = "", .peer = std::move(peer)});
  }
  Json shown() {
    auto reply = call();
    EXPECT_EQ(reply.status, 200);
    return reply.json().find("issuers")->array_items()->at(0);
  }
  AdminContext() {
    health.issuer = "gitlab";
    health.asked = health.heard = true;
  }
  ContextHealth health;
};

TEST_F(AdminContext, IsForAdminsOnly) {
  EXPECT_EQ(call({.address = "127.0.0.1", .port = 1, .uid = {}, .loopback = true}).json().string_or("reason", ""),
            "admin_refused");
}

TEST_F(AdminContext, LeavesOutWhatNeverWas) {
  EXPECT_EQ(
      shown(),
      Json::object(
          {{"issuer", "gitlab"},
           {"api", Json::object({{"asked", true}})},
           {"hooks",
            Json::object(
                {{"accepted", true}, {"disagreeing", 0}, {"silent", 0}, {"known", 0}, {"projects", Json::array()}})}}));
}

TEST_F(AdminContext, ShowsTheLastAnswerAndTheTrouble) {
  health.last_answer = kNow;
  health.trouble = Error{Reason::ci_unavailable, "status 500", "200", "https://gitlab.example.com/x", "wait"};
  EXPECT_EQ(*shown().find("api"), Json::object({{"asked", true},
                                                {"last_answer", to_rfc3339(kNow)},
                                                {"trouble", Json::object({{"reason", "ci_unavailable"},
                                                                          {"found", "status 500"},
                                                                          {"expected", "200"},
                                                                          {"where", "https://gitlab.example.com/x"},
                                                                          {"fix", "wait"}})}}));
}

TEST_F(AdminContext, NamesSilentProjectsFirstAndNotMoreThanAThousand) {
  for (int i = 0; i < 1500; ++i) {
    auto& project = health.projects.emplace_back();
    project.id = std::to_string(i);
    project.sessions = static_cast<std::size_t>(i);
    project.last_event = kNow + std::chrono::seconds(i);
  }
  health.projects[3].silent = true;
  health.projects[3].path = "acme/billing";
  const auto shown = this->shown();
  const Json& hooks = *shown.find("hooks");
  EXPECT_EQ(*hooks.find_integer("known"), 1500);
  EXPECT_EQ(*hooks.find_integer("silent"), 1);
  EXPECT_EQ(hooks.string_or("last_event", ""), to_rfc3339(kNow + std::chrono::seconds(1499)));
  const auto& projects = *hooks.find("projects")->array_items();
  ASSERT_EQ(projects.size(), 1000u);
  EXPECT_EQ(projects[0].string_or("path", ""), "acme/billing");
  EXPECT_EQ(projects[1].string_or("id", ""), "1499");
}

}  // namespace
}  // namespace watchword::api
