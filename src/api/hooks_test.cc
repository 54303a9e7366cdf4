// The door where CI systems leave their events.
#include "api/hooks.h"

#include <gmock/gmock.h>

#include "crypto/digest.h"
#include "support/gate_fixture.h"
#include "support/http_call.h"

namespace watchword::api {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kToken = "a-webhook-token-of-acme";

std::string job_event(std::string_view status, std::int64_t project = 42) {
  return Json::object({{"object_kind", "build"},
                       {"build_id", 4711},
                       {"build_status", status},
                       {"pipeline_id", 815},
                       {"project_id", project}})
      .dump();
}

class Hooks : public ::testing::Test {
 protected:
  Hooks() {
    HookSource gitlab{"gitlab", {}};
    EXPECT_TRUE(context::add_secret(gitlab.secrets, Secret(kToken)));
    std::vector<HookSource> sources;
    sources.push_back(std::move(gitlab));
    add_hooks(router_, std::move(sources), {intake_, gate_.recorder(), gate_.clock, gate_.random()});
  }
  testing::Reply post(std::string body, http::Headers headers = {{"x-gitlab-token", std::string(kToken)}},
                      std::string target = "/hooks/gitlab") {
    return testing::call(router_, {.method = "POST",
                                   .target = std::move(target),
                                   .headers = std::move(headers),
                                   .body = std::move(body),
                                   .piece = 4096});
  }
  static http::Headers with_token(std::string_view name, std::string value) {
    return {{"x-gitlab-token", std::string(kToken)}, {std::string(name), std::move(value)}};
  }
  bool job_over() {
    return gate_.facts().job_over({.issuer = "gitlab", .project = "", .project_id = "42", .job = "4711"});
  }

  testing::TestGate gate_;
  context::Intake intake_{gate_.facts(), gate_.store(), gate_.clock, gate_.metrics, [](auto...) {}};
  Router router_;
};

TEST_F(Hooks, AnEventIsAppliedOnceAndWhatIsOfNoInterestIsIgnored) {
  const auto once = with_token("idempotency-key", "event-1");
  EXPECT_EQ(post(job_event("success"), once).body, R"({"event":"applied"})");
  EXPECT_TRUE(job_over());
  EXPECT_EQ(post(job_event("success"), once).body, R"({"event":"duplicate"})");
  const auto ignored = post(R"({"object_kind":"issue","project":{"id":42}})");
  EXPECT_EQ(ignored.status, 200);
  EXPECT_EQ(ignored.body, R"({"event":"ignored"})");
}

TEST_F(Hooks, WhoIsNotTheCISystemChangesNothingAndIsRecorded) {
  for (const auto& headers :
       {http::Headers{}, http::Headers{{"x-gitlab-token", "a-webhook-token-of-acmE"}},
        http::Headers{{"x-gitlab-token", ""}}, http::Headers{{"webhook-signature", "v1,AAAA"}, {"webhook-id", "1"}},
        with_token("webhook-signature", "v1,AAAA")}) {
    const auto reply = post(job_event("success"), headers);
    EXPECT_EQ(reply.status, 401);
    EXPECT_EQ(reply.json().string_or("reason", ""), "webhook_unauthenticated");
    EXPECT_EQ(reply.json().find("expected"), nullptr);  // nobody verified the caller
    const auto entry = gate_.log().back();
    EXPECT_EQ(entry.string_or("event", ""), "event_refused");
    EXPECT_EQ(entry.string_or("id", "?"), reply.json().string_or("record", ""));
    EXPECT_EQ(entry.find("detail")->string_or("issuer", ""), "gitlab");
    EXPECT_EQ(entry.string_or("decision", ""), "deny");
  }
  EXPECT_FALSE(job_over());
}

TEST_F(Hooks, WhatWillNeverBeRightIsRefusedAsTheSendersFault) {
  struct Case {
    std::string body;
    http::Headers headers;
    int status;
    std::string_view reason;
  };
  const auto token = http::Headers{{"x-gitlab-token", std::string(kToken)}};
  for (const auto& c : std::initializer_list<Case>{
           {std::string((std::size_t{4} << 20) + 1, ' '), token, 413, "http_too_large"},
           {job_event("success"), with_token("x-gitlab-token", std::string(kToken)), 400, "request_invalid"},
           {job_event("success"), with_token("idempotency-key", "a/b"), 400, "request_invalid"},
       }) {
    const auto reply = post(c.body, c.headers);
    EXPECT_EQ(reply.status, c.status) << c.reason;
    EXPECT_EQ(reply.json().string_or("reason", ""), c.reason);
  }
  EXPECT_FALSE(job_over());
}

// GitLab disables a hook whose deliveries fail; one odd event must not shut out those that follow.
TEST_F(Hooks, AMalformedEventIsAcknowledgedAndRecordedAndTeachesNothing) {
  for (const auto* body : {"not JSON", R"({"object_kind":"build","object_kind":"push"})",
                           R"({"object_kind":"build","build_id":-1,"build_status":"success","project_id":42})"}) {
    const auto reply = post(body);
    EXPECT_EQ(reply.status, 200) << body;
    EXPECT_EQ(reply.body, R"({"event":"malformed"})");
    const auto entry = gate_.log().back();
    EXPECT_EQ(entry.string_or("event", ""), "event_refused");
    EXPECT_EQ(entry.string_or("reason", ""), "event_malformed");
  }
  EXPECT_EQ(gate_.facts().size(), 0u);
}

TEST_F(Hooks, AFailingStoreAsksTheSenderToTryAgain) {
  gate_.store().fail(true);
  const auto once = with_token("idempotency-key", "event-1");
  EXPECT_EQ(post(job_event("success"), once).status, 503);
  gate_.store().fail(false);
  EXPECT_EQ(post(job_event("success"), once).body, R"({"event":"applied"})");
}

TEST_F(Hooks, OnlyConfiguredIssuersHaveADoorAndOnlyForPost) {
  EXPECT_EQ(post(job_event("success"), with_token("x", "y"), "/hooks/okta").status, 404);
  EXPECT_EQ(post(job_event("success"), with_token("x", "y"), "/hooks/").status, 404);
  EXPECT_EQ(testing::call(router_, {.method = "GET", .target = "/hooks/gitlab"}).status, 405);
}

TEST_F(Hooks, RefusalsQuoteNoSecret) {
  const auto reply = post(job_event("success"), {{"x-gitlab-token", "a-mistyped-secret-of-acme"}});
  EXPECT_THAT(reply.body, Not(HasSubstr("mistyped")));
  EXPECT_THAT(gate_.log().back().dump(), Not(HasSubstr("mistyped")));
}

}  // namespace
}  // namespace watchword::api
