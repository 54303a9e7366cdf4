// The door where CI systems leave their events.
#include "api/hooks.h"

#include <gmock/gmock.h>

#include <thread>

#include "base/encoding.h"
#include "context/webhook_digest.h"
#include "support/gate_fixture.h"
#include "support/http_call.h"

namespace watchword::api {
namespace {

using context::HookScope;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kToken = "a-webhook-token-of-acme";
constexpr std::string_view kKey = "0123456789abcdef0123456789abcdef";
constexpr std::size_t kMiB = 1 << 20;

// As GitLab says of a system hook.
const http::Header kSystem{"x-gitlab-event", "System Hook"};

std::string job_event(std::string_view status, std::int64_t project = 42) {
  return Json::object({{"object_kind", "build"},
                       {"build_id", 4711},
                       {"build_status", status},
                       {"pipeline_id", 815},
                       {"project_id", project}})
      .dump();
}

// Counts what is read of a body, and may hide how long it is.
class Watched final : public http::Handler {
 public:
  Watched(http::Handler& inner, bool announced) : inner_(inner), announced_(announced) {}
  net::Task<void> handle(http::Exchange& exchange) override {
    Body body(*this, exchange.body);
    http::Exchange watched{exchange.request, body, exchange.reply, exchange.peer};
    co_await inner_.handle(watched);
  }
  std::size_t read = 0;
  std::function<void()> at_first;

 private:
  class Body final : public http::Body {
   public:
    Body(Watched& by, http::Body& inner) : by_(by), inner_(inner) {}
    net::Task<Result<std::string_view>> next() override {
      if (by_.at_first) std::exchange(by_.at_first, {})();
      auto piece = co_await inner_.next();
      by_.read += piece ? piece->size() : 0;
      co_return piece;
    }
    std::optional<std::uint64_t> length() const override { return by_.announced_ ? inner_.length() : std::nullopt; }
    const http::Headers& trailers() const override { return inner_.trailers(); }

   private:
    Watched& by_;
    http::Body& inner_;
  };
  http::Handler& inner_;
  bool announced_;
};

class Hooks : public ::testing::Test {
 protected:
  Hooks() { add_to(router_, std::size_t{64} << 20); }
  void add_to(Router& router, std::size_t buffered) {
    std::vector<HookSource> sources;
    for (const char* issuer : {"gitlab", "both", "lone"}) sources.push_back({issuer, master(issuer)});
    add_hooks(router, std::move(sources), {intake_, gate_.recorder(), gate_.clock, gate_.random(), buffered, &groups_});
  }
  static context::WebhookSecrets master(std::string_view issuer) {
    context::WebhookSecrets secrets;
    EXPECT_TRUE(context::add_secret(secrets, Secret(kToken)));
    if (issuer == "both") EXPECT_TRUE(context::add_secret(secrets, Secret("whsec_" + to_base64(as_bytes(kKey)))));
    return secrets;
  }
  // What the hook at this path has.
  static context::WebhookSecrets secrets_at(const std::string& target) {
    const auto slash = target.find('/', std::string_view("/hooks/").size());
    const std::string issuer = target.substr(std::string_view("/hooks/").size(), slash - 7);
    return context::derive(master(issuer), issuer, *HookScope::from_path(target.substr(slash)));
  }
  static std::string token_of(const std::string& target) {
    return std::string(secrets_at(target).tokens.front().reveal());
  }
  http::Headers signed_as(std::string_view body, std::string_view id = "msg-1", Duration off = {},
                          const Secret& key = Secret(kKey)) {
    const std::string at = std::to_string(to_unix(gate_.clock.now() + off));
    context::HmacSha256 mac{key};
    for (const std::string_view part : {id, std::string_view("."), std::string_view(at), std::string_view("."), body})
      mac.add(part);
    return {{"webhook-id", std::string(id)},
            {"webhook-timestamp", at},
            {"webhook-signature", "v1," + to_base64(mac.finish())},
            kSystem};
  }
  // To a handler, with what it read.
  std::pair<testing::Reply, std::size_t> watched(std::string body, http::Headers headers, bool announced = true,
                                                 std::string target = "/hooks/both") {
    Watched handler(router_, announced);
    auto reply = testing::call(handler, {.method = "POST",
                                         .target = std::move(target),
                                         .headers = std::move(headers),
                                         .body = std::move(body),
                                         .piece = 65536});
    return {std::move(reply), handler.read};
  }
  testing::Reply post(std::string body, http::Headers headers = {{"x-gitlab-token", std::string(kToken)}, kSystem},
                      std::string target = "/hooks/gitlab") {
    return testing::call(router_, {.method = "POST",
                                   .target = std::move(target),
                                   .headers = std::move(headers),
                                   .body = std::move(body),
                                   .piece = 4096});
  }
  static http::Headers with_token(std::string_view name, std::string value) {
    return {{"x-gitlab-token", std::string(kToken)}, kSystem, {std::string(name), std::move(value)}};
  }
  bool job_over() {
    return gate_.facts().job_over({.issuer = "gitlab", .project = "", .project_id = "42", .job = "4711"});
  }

  testing::TestGate gate_;
  context::Intake intake_{gate_.facts(), gate_.store(), gate_.clock, gate_.metrics, [](auto...) {}};
  // GitLab's word: project 42 is in group 7, and 43 in group 70.
  context::GroupMembers groups_{
      {{"gitlab",
        [](const std::string& project) -> Result<std::vector<std::string>> {
          if (project == "500") return fail(Reason::ci_unavailable, "status 500", "200");
          return std::vector<std::string>{project == "42" ? "7" : project == "43" ? "70" : "1"};
        }}},
      gate_.clock};
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
  const auto token = http::Headers{{"x-gitlab-token", std::string(kToken)}, kSystem};
  for (const auto& c : std::initializer_list<Case>{
           {std::string(25 * kMiB + 1, ' '), token, 413, "http_too_large"},
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

TEST_F(Hooks, NothingIsReadOfWhatNobodyMayHaveSent) {
  const std::string body = job_event("success");
  auto odd_time = signed_as(body), wrong_version = signed_as(body);
  odd_time.set("webhook-timestamp", "soon");
  wrong_version.set("webhook-signature", "v2,AAAA");
  for (const auto& [headers, status] :
       std::initializer_list<std::pair<http::Headers, int>>{{{}, 401},
                                                            {{{"x-gitlab-token", "a-webhook-token-of-acmE"}}, 401},
                                                            {signed_as(body, "msg-1", std::chrono::minutes(6)), 401},
                                                            {signed_as(body, "msg-1", -std::chrono::minutes(6)), 401},
                                                            {wrong_version, 401},
                                                            {odd_time, 400},
                                                            {signed_as(body, "msg.1"), 400},
                                                            {with_token("idempotency-key", "a/b"), 400}}) {
    for (const auto& sent : {body, std::string(5 * kMiB, ' ')}) {
      const auto [reply, read] = watched(sent, headers);
      EXPECT_EQ(reply.status, status) << reply.body;
      EXPECT_EQ(read, 0u) << reply.body;
    }
  }
  EXPECT_EQ(watched(body, signed_as(body)).first.body, R"({"event":"applied"})");
}

// GitLab sends up to 25 MiB, and disables a hook whose deliveries fail.
TEST_F(Hooks, ATooLargeEventOfAKnownSenderIsAcknowledgedAndRecorded) {
  const auto token = http::Headers{{"x-gitlab-token", std::string(kToken)}, kSystem};
  const std::string small(4 * kMiB, ' '), large(4 * kMiB + 1, ' '), largest(25 * kMiB, ' ');
  for (const bool announced : {true, false}) {
    EXPECT_EQ(watched(small, token, announced).first.body, R"({"event":"malformed"})");
    for (const auto* body : {&large, &largest}) {
      for (const auto& headers : {token, signed_as(*body)}) {
        const auto [reply, read] = watched(*body, headers, announced);
        EXPECT_EQ(reply.status, 200);
        EXPECT_EQ(reply.body, R"({"event":"too_large"})");
        EXPECT_EQ(read, body->size());
        EXPECT_EQ(gate_.log().back().string_or("event", ""), "event_refused");
        EXPECT_EQ(gate_.log().back().string_or("reason", ""), "http_too_large");
      }
    }
    EXPECT_EQ(watched(large, signed_as("another body"), announced).first.status, 401);
    EXPECT_EQ(watched(largest + " ", token, announced).first.status, 413);
  }
}

TEST_F(Hooks, BodiesThatAreHeldAtOnceAreBounded) {
  const std::string body = job_event("running");
  Router router;
  add_to(router, 2 * body.size());  // one of those that are vouched for, and one of the others
  const auto send = [&](http::Handler& handler, http::Headers headers) {
    return testing::call(handler,
                         {.method = "POST", .target = "/hooks/both", .headers = std::move(headers), .body = body});
  };
  const auto refused = [](const testing::Reply& reply) {
    EXPECT_EQ(reply.status, 503);
    EXPECT_EQ(reply.json().string_or("reason", ""), "overloaded");
    EXPECT_EQ(reply.header("retry-after"), "5");
  };
  for (int round = 0; round < 2; ++round) {  // what was reserved is free again
    for (const bool vouched : {true, false}) {
      const auto id = std::to_string(round) + "-" + std::to_string(vouched) + "-";
      const auto headers = [&](std::string_view n, bool by_token) {
        return by_token ? with_token("idempotency-key", id + std::string(n)) : signed_as(body, id + std::string(n));
      };
      Watched first(router, true);
      first.at_first = [&] {
        std::thread([&] {
          refused(send(router, headers("2", vouched)));
          EXPECT_EQ(send(router, headers("3", !vouched)).status, 200);
        }).join();
      };
      EXPECT_EQ(send(first, headers("1", vouched)).body, R"({"event":"applied"})");
    }
  }
  Watched of_any_length(router, false);
  refused(send(of_any_length, with_token("idempotency-key", "4")));
  EXPECT_EQ(of_any_length.read, 0u);
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

// The secret of the hook at `target`, and an event of project 42 there.
TEST_F(Hooks, AScopesSecretSpeaksAtItsOwnPathOnly) {
  const std::vector<std::string> paths{"/hooks/gitlab/projects/42", "/hooks/gitlab/projects/4",
                                       "/hooks/gitlab/groups/42",   "/hooks/gitlab/groups/7",
                                       "/hooks/both/projects/42",   "/hooks/lone/projects/42"};
  for (const auto& of : paths)
    for (const auto& at : paths) {
      const auto reply = post(job_event("running"), {{"x-gitlab-token", token_of(of)}}, at);
      EXPECT_EQ(reply.status == 200, of == at) << of << " at " << at << ": " << reply.body;
      if (of != at) EXPECT_EQ(reply.json().string_or("reason", ""), "webhook_unauthenticated");
    }
  for (const auto& of : paths)  // nor for the whole issuer
    for (const char* at : {"/hooks/gitlab", "/hooks/both", "/hooks/lone"})
      EXPECT_EQ(post(job_event("running"), {{"x-gitlab-token", token_of(of)}, kSystem}, at).status, 401) << of << at;
}

TEST_F(Hooks, TheMasterIsNoSecretOfAProjectOrGroup) {
  for (const char* at : {"/hooks/gitlab/projects/42", "/hooks/gitlab/groups/7", "/hooks/both/projects/42"}) {
    EXPECT_EQ(post(job_event("success"), {{"x-gitlab-token", std::string(kToken)}, kSystem}, at).status, 401);
    EXPECT_EQ(post(job_event("success"), signed_as(job_event("success")), at).status, 401);
  }
  EXPECT_FALSE(job_over());
}

TEST_F(Hooks, TheMasterSpeaksForEveryProjectWhateverTheHookCallsItself) {
  std::int64_t project = 42;
  for (const auto* kind : {"System Hook", "Job Hook", ""}) {
    http::Headers headers{{"x-gitlab-token", std::string(kToken)}};
    if (*kind != '\0') headers.add("x-gitlab-event", kind);
    EXPECT_EQ(post(job_event("success", project++), headers).json().string_or("event", ""), "applied") << kind;
  }
  EXPECT_TRUE(job_over());
}

TEST_F(Hooks, AProjectsHookSpeaksForThatProjectOnly) {
  const std::string path = "/hooks/gitlab/projects/42";
  const http::Headers own{{"x-gitlab-token", token_of(path)}};
  for (const std::int64_t project : {4, 2, 420, 43}) {
    const auto reply = post(job_event("success", project), own, path);
    EXPECT_EQ(reply.status, 200);
    EXPECT_EQ(reply.body, R"({"event":"out_of_scope"})");
    const auto entry = gate_.log().back();
    EXPECT_EQ(entry.string_or("event", ""), "event_refused");
    EXPECT_EQ(entry.string_or("reason", ""), "webhook_out_of_scope");
    EXPECT_EQ(entry.find("detail")->string_or("hook", ""), "project 42");
  }
  EXPECT_EQ(gate_.facts().size(), 0u);
  EXPECT_EQ(post(job_event("success"), own, path).body, R"({"event":"applied"})");
  EXPECT_TRUE(job_over());
}

// All places that name the project must agree, whichever of them the hook is for, and say so with a number.
TEST_F(Hooks, AnEventOfTwoProjectsOrOfNoneIsOfNoHook) {
  const std::string path = "/hooks/gitlab/projects/42";
  const http::Headers own{{"x-gitlab-token", token_of(path)}};
  for (const auto* projects :
       {R"("project_id":43,"project":{"id":42})", R"("project_id":42,"project":{"id":43})", R"("project_id":"42")",
        R"("project_id":42.0)", R"("project_id":null)", R"("project":{"path_with_namespace":"acme/billing"})",
        R"("project_id":43,"project_id":42)", R"("project_name":"acme/billing")", R"("project_id":[42])"}) {
    const auto reply = post(R"({"object_kind":"build","build_id":4711,"build_status":"success","pipeline_id":1,)" +
                                std::string(projects) + "}",
                            own, path);
    EXPECT_EQ(reply.body, R"({"event":"malformed"})") << projects;
  }
  EXPECT_EQ(gate_.facts().size(), 0u);
}

// A fork's merge request is its target's: the fork's own hook cannot merge anything there.
TEST_F(Hooks, AMergeRequestIsOfItsTargetProject) {
  const auto merged = [](int project, int target, int source) {
    return Json::object(
               {{"object_kind", "merge_request"},
                {"project", Json::object({{"id", project}})},
                {"object_attributes", Json::object({{"iid", 1},
                                                    {"target_project_id", target},
                                                    {"source_project_id", source},
                                                    {"target_branch", "main"},
                                                    {"source_branch", "f"},
                                                    {"state", "merged"},
                                                    {"last_commit", Json::object({{"id", std::string(40, 'a')}})}})}})
        .dump();
  };
  const auto at = [&](const std::string& path, const std::string& body) {
    return std::string(post(body, {{"x-gitlab-token", token_of(path)}}, path).json().string_or("event", ""));
  };
  EXPECT_EQ(at("/hooks/gitlab/projects/4300", merged(42, 42, 4300)), "out_of_scope");
  EXPECT_EQ(at("/hooks/gitlab/projects/4300", merged(4300, 42, 4300)), "malformed");
  EXPECT_EQ(gate_.facts().size(), 0u);
  EXPECT_EQ(at("/hooks/gitlab/projects/42", merged(42, 42, 4300)), "applied");
}

TEST_F(Hooks, AGroupsHookSpeaksForWhatGitlabSaysIsTheGroups) {
  const std::string path = "/hooks/gitlab/groups/7";
  const http::Headers own{{"x-gitlab-token", token_of(path)}};
  // The path beside the id is the sender's to choose.
  auto forged = *parse_json(job_event("success", 43));
  forged.set("project", Json::object({{"id", 43}, {"path_with_namespace", "acme/billing"}}));
  for (const auto& body : {forged.dump(), job_event("success", 99)}) {
    EXPECT_EQ(post(body, own, path).body, R"({"event":"out_of_scope"})");
    EXPECT_EQ(gate_.log().back().find("detail")->string_or("hook", ""), "group 7");
  }
  EXPECT_EQ(gate_.facts().size(), 0u);
  const auto unknown = post(job_event("success", 500), own, path);
  EXPECT_EQ(unknown.status, 503);
  EXPECT_EQ(unknown.json().string_or("reason", ""), "ci_unavailable");
  EXPECT_EQ(post(job_event("success"), own, path).body, R"({"event":"applied"})");
  EXPECT_TRUE(job_over());

  const std::string lone = "/hooks/lone/groups/7";  // whose GitLab cannot be asked
  EXPECT_EQ(post(job_event("success"), {{"x-gitlab-token", token_of(lone)}}, lone).body, R"({"event":"out_of_scope"})");
}

TEST_F(Hooks, ASignatureIsOfItsScopeToo) {
  const std::string path = "/hooks/both/projects/42", body = job_event("success");
  const auto own = secrets_at(path);
  const auto elsewhere = signed_as(body, "msg-1", {}, secrets_at("/hooks/both/projects/43").signing.front());
  EXPECT_EQ(watched(body, elsewhere, true, path).first.status, 401);
  const auto here = signed_as(body, "msg-1", {}, own.signing.front());
  EXPECT_EQ(watched(body, here, true, "/hooks/both/projects/43").first.status, 401);
  EXPECT_EQ(watched(body, here, true, "/hooks/both/groups/42").first.status, 401);
  EXPECT_EQ(watched(body, here, true, path).first.body, R"({"event":"applied"})");
  EXPECT_EQ(watched(body, here, true, path).first.body, R"({"event":"duplicate"})");
}

// Else whoever may speak for one project could make another's event count as known.
TEST_F(Hooks, ADeliverysIdIsItsOwnHooks) {
  for (const char* path : {"/hooks/gitlab/projects/43", "/hooks/gitlab/groups/70"})
    EXPECT_EQ(
        post(job_event("running", 43), {{"x-gitlab-token", token_of(path)}, {"idempotency-key", "one"}}, path).body,
        R"({"event":"applied"})");
  const std::string path = "/hooks/gitlab/projects/42";
  const http::Headers own{{"x-gitlab-token", token_of(path)}, {"idempotency-key", "one"}};
  EXPECT_EQ(post(job_event("success", 43), own, path).body, R"({"event":"out_of_scope"})");  // uses up none
  EXPECT_EQ(post(job_event("success"), own, path).body, R"({"event":"applied"})");
  EXPECT_EQ(post(job_event("success"), own, path).body, R"({"event":"duplicate"})");
}

TEST_F(Hooks, NoOtherSpellingOfAPathLeadsToAHook) {
  const http::Headers own{{"x-gitlab-token", token_of("/hooks/gitlab/projects/42")}, kSystem};
  for (const char* at : {"/hooks/gitlab/", "/hooks/gitlab/projects/42/", "/hooks/gitlab/projects/042",
                         "/hooks/gitlab/projects/4%32", "/hooks/gitlab/projects/42%2F", "/hooks/gitlab//projects/42",
                         "/hooks/gitlab/projects/acme%2Fbilling", "/hooks/gitlab/groups/acme", "/hooks/gitlab/projects",
                         "/hooks/gitlab/../gitlab/projects/42", "/hooks//projects/42", "/hooks/gitlab%2Fprojects/42"})
    EXPECT_EQ(post(job_event("success"), own, at).status, 404) << at;
  EXPECT_FALSE(job_over());
  EXPECT_EQ(testing::call(router_, {.method = "GET", .target = "/hooks/gitlab/projects/42"}).status, 405);
  EXPECT_EQ(post(job_event("success"), own, "/hooks/gitlab/projects/42?project=43").body, R"({"event":"applied"})");
}

TEST_F(Hooks, RefusalsQuoteNoSecret) {
  const auto reply = post(job_event("success"), {{"x-gitlab-token", "a-mistyped-secret-of-acme"}});
  EXPECT_THAT(reply.body, Not(HasSubstr("mistyped")));
  EXPECT_THAT(gate_.log().back().dump(), Not(HasSubstr("mistyped")));
}

}  // namespace
}  // namespace watchword::api
