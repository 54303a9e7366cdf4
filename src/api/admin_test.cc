// The admin API: for root and the gate's own user, over a Unix socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "api/endpoints.h"
#include "support/gate_fixture.h"
#include "support/http_call.h"

namespace watchword::api {
namespace {

using ::testing::HasSubstr;

net::Peer unix_peer(std::uint32_t uid) { return {.address = "", .port = 0, .uid = uid, .loopback = true}; }

class Admin : public ::testing::Test {
 protected:
  Admin() {
    auto reload = [this]() -> std::vector<Error> {
      ++reloads_;
      if (!policy_is_bad_) return {};
      return {{Reason::policy_invalid, "'alow'", "'allow'", "policy/billing.yaml:14:3", "did you mean 'allow'?"},
              {Reason::condition_invalid, "'job.reff'", "'job.ref'", "policy/billing.yaml:20:9", {}}};
    };
    auto readiness = [] { return std::vector<Readiness>{{"store", true, "log of 7 entries"}}; };
    add_admin(router_, {gate_.service(), gate_.facts(), gate_.store(), reload, readiness, "1.2.3"});
  }
  testing::Reply call(std::string method, std::string target, std::string body = {}, net::Peer peer = unix_peer(0)) {
    return testing::call(
        router_,
        {.method = std::move(method), .target = std::move(target), .body = std::move(body), .peer = std::move(peer)});
  }
  std::string open_session(std::string_view job, std::string_view project = "acme/billing") {
    return gate_.exchange(gate_.id_token(job, project)).value().session;
  }
  std::vector<std::string> ids(const std::string& query) {
    std::vector<std::string> all;
    auto reply = call("GET", "/api/v1/sessions" + query);
    EXPECT_EQ(reply.status, 200) << reply.body;
    auto body = reply.json();
    for (const auto& session : *body.find("sessions")->array_items()) all.emplace_back(session.string_or("id", ""));
    return all;
  }
  testing::TestGate gate_;
  Router router_;
  int reloads_ = 0;
  bool policy_is_bad_ = false;
};

TEST_F(Admin, IsForRootAndTheGatesOwnUserOnly) {
  const std::pair<net::Peer, int> rows[] = {
      {unix_peer(0), 200},
      {unix_peer(::geteuid()), 200},
      {unix_peer(::geteuid() + 1), 403},
      {{.address = "127.0.0.1", .port = 1, .uid = {}, .loopback = true}, 403},
      {{.address = "192.0.2.7", .port = 1, .uid = {}, .loopback = false}, 403},
      {{.address = "", .port = 0, .uid = {}, .loopback = true}, 403},
  };
  auto id = open_session("1");
  for (const auto& [peer, status] : rows) {
    for (const auto* path : {"/api/v1/sessions", "/api/v1/keys", "/api/v1/status"})
      EXPECT_EQ(call("GET", path, "", peer).status, status) << path;
    if (status == 403) {
      for (const auto& path : {"/api/v1/sessions/" + id + "/end", std::string("/api/v1/keys/rotate"),
                               std::string("/api/v1/policy/reload")})
        EXPECT_EQ(call("POST", path, "", peer).json().string_or("reason", ""), "admin_refused") << path;
    }
  }
  EXPECT_FALSE(gate_.session(id)->ended().has_value());
  EXPECT_EQ(reloads_, 0);
}

TEST_F(Admin, ListsSessionsNewestFirstByFilterAndPage) {
  auto one = open_session("1");
  gate_.clock.advance(std::chrono::seconds(1));
  auto two = open_session("2");
  gate_.clock.advance(std::chrono::seconds(1));
  auto once = open_session("3", "acme/once");
  using V = std::vector<std::string>;
  EXPECT_EQ(ids(""), (V{once, two, one}));
  EXPECT_EQ(ids("?project=acme%2Fbilling"), (V{two, one}));
  EXPECT_EQ(ids("?job=2&issuer=gitlab"), V{two});
  EXPECT_EQ(ids("?job=2&issuer=ci"), V{});
  EXPECT_EQ(ids("?user=jane&environment=production&pipeline=815").size(), 3u);
  EXPECT_EQ(ids("?limit=2"), (V{once, two}));
  auto page = call("GET", "/api/v1/sessions?limit=2").json();
  EXPECT_EQ(page.string_or("next", ""), two);
  EXPECT_EQ(ids("?limit=2&before=" + two), V{one});
  EXPECT_EQ(call("GET", "/api/v1/sessions?limit=2&before=" + two).json().find("next"), nullptr);
  for (const auto* query : {"?limit=0", "?limit=1001", "?limit=x", "?limit=-1", "?limit=1&limit=2", "?colour=red",
                            "?ended=yes", "?job=%zz"})
    EXPECT_EQ(call("GET", std::string("/api/v1/sessions") + query).status, 400) << query;
}

TEST_F(Admin, ShowsASession) {
  auto id = open_session("1");
  auto body = call("GET", "/api/v1/sessions/" + id).json();
  EXPECT_EQ(body.string_or("id", ""), id);
  EXPECT_EQ(body.string_or("state", ""), "open");
  EXPECT_EQ(body.string_or("project", ""), "acme/billing");
  EXPECT_EQ(body.find("identity")->string_or("subject", ""), "project_path:acme/billing:ref_type:branch:ref:main");
  for (const auto* path :
       {"/api/v1/sessions/", "/api/v1/sessions/01JXXXXXXXXXXXXXXXXXXXXXXX", "/api/v1/sessions/%2e%2e"})
    EXPECT_EQ(call("GET", path).status, 404) << path;
}

TEST_F(Admin, EndsASessionAtOnceWithAPersonsWords) {
  auto reply = gate_.exchange(gate_.id_token()).value();
  ASSERT_TRUE(gate_.decide(reply.access_token, "ledger", "read").allowed());
  auto ended = call("POST", "/api/v1/sessions/" + reply.session + "/end", R"({"why":"leaked in a log"})");
  ASSERT_EQ(ended.status, 200) << ended.body;
  EXPECT_EQ(ended.json().string_or("state", ""), "ended");
  EXPECT_EQ(ended.json().string_or("end_reason", ""), "revoked");
  EXPECT_EQ(gate_.decide(reply.access_token, "ledger", "read").refusal->reason, Reason::session_ended);
  auto entry = gate_.log().back();
  EXPECT_EQ(entry.string_or("event", ""), "session_ended");
  EXPECT_EQ(entry.string_or("why", ""), "leaked in a log");
  EXPECT_EQ(entry.string_or("peer", ""), "unix:uid=0");
  auto size = gate_.log().size();
  EXPECT_EQ(call("POST", "/api/v1/sessions/" + reply.session + "/end").status, 200) << "again";
  EXPECT_EQ(gate_.log().size(), size);
  EXPECT_EQ(ids("").size(), 0u);
  EXPECT_EQ(ids("?ended=true").size(), 1u);
}

TEST_F(Admin, RefusesOtherBodies) {
  auto id = open_session("1");
  for (const auto& body :
       {std::string("why"), std::string("[]"), std::string(R"({"why":1})"), std::string(R"({"why":"a","x":1})"),
        std::string(R"({"reason":"a"})"), R"({"why":")" + std::string(501, 'x') + R"("})", std::string(5000, ' ')}) {
    auto status = call("POST", "/api/v1/sessions/" + id + "/end", body).status;
    EXPECT_TRUE(status == 400 || status == 413) << body.substr(0, 40);
  }
  EXPECT_FALSE(gate_.session(id)->ended().has_value());
  EXPECT_EQ(call("POST", "/api/v1/sessions/nobody/end").status, 404);
  EXPECT_EQ(call("POST", "/api/v1/sessions/" + id).status, 404);
}

TEST_F(Admin, SaysThatAnEndIsNotYetOnRecord) {
  auto reply = gate_.exchange(gate_.id_token()).value();
  gate_.store().fail(true);
  EXPECT_EQ(call("POST", "/api/v1/sessions/" + reply.session + "/end").status, 503);
  EXPECT_FALSE(gate_.decide(reply.access_token, "ledger", "read").allowed()) << "but it is refused";
  gate_.store().fail(false);
  EXPECT_EQ(call("POST", "/api/v1/sessions/" + reply.session + "/end").status, 200);
  EXPECT_EQ(gate_.log().back().string_or("event", ""), "session_ended");
}

TEST_F(Admin, EndsTheSessionsThatMatchAllThatIsNamed) {
  const auto one = open_session("1"), two = open_session("2"), once = open_session("3", "acme/once");
  const auto end = [&](const std::string& filters) {
    const auto reply = call("POST", "/api/v1/sessions/end", R"({"why":"drill",)" + filters + "}");
    EXPECT_EQ(reply.status, 200) << filters << reply.body;
    return *reply.json().find_integer("ended");
  };
  EXPECT_EQ(end(R"("project":"acme/none")"), 0);
  EXPECT_EQ(end(R"("project":"acme/billing","job":"3")"), 0) << "both must fit";
  EXPECT_EQ(end(R"("job":"1","issuer":"gitlab","pipeline":"815","user":"jane","environment":"production")"), 1);
  EXPECT_TRUE(gate_.session(one)->ended().has_value());
  EXPECT_FALSE(gate_.session(two)->ended().has_value());
  EXPECT_EQ(end(R"("project":"acme/billing")"), 1) << "the other had ended";
  EXPECT_FALSE(gate_.session(once)->ended().has_value());
  EXPECT_EQ(end(R"("all":true)"), 1);
  EXPECT_EQ(gate_.session(once)->ended(), access::SessionEnd::revoked);
  EXPECT_EQ(gate_.log().back().string_or("why", ""), "drill");
  EXPECT_EQ(gate_.log().back().string_or("session", ""), once);
}

TEST_F(Admin, ASlipOfThePenEndsNothing) {
  const auto id = open_session("1");
  for (const auto* body : {R"({"why":"x"})", R"({})", "", R"([])", R"({"all":false})", R"({"all":"true"})",
                           R"({"all":true,"job":"1"})", R"({"job":""})", R"({"job":1})", R"({"jobs":"1"})",
                           R"({"job":"1","colour":"red"})", R"({"job":"1","all":false})", R"({"job":"1","why":7})"}) {
    const auto reply = call("POST", "/api/v1/sessions/end", body);
    EXPECT_EQ(reply.status, 400) << body;
  }
  EXPECT_FALSE(gate_.session(id)->ended().has_value());
  EXPECT_EQ(call("POST", "/api/v1/sessions/end", R"({"all":true})", unix_peer(::geteuid() + 1)).status, 403);
}

constexpr std::string_view kFrozen =
    R"({"environment":"production","until":"2099-01-01T00:00:00Z","why":"incident 4711"})";

std::size_t freezes(const Json& body) { return body.find("freezes")->array_items()->size(); }

TEST_F(Admin, FreezesAnEnvironmentAndLiftsThat) {
  const context::Scope scope{.issuer = "gitlab", .project = "acme/billing"};
  const auto frozen = [&] {
    const auto arguments = Json::object({{"environment", "production"}});
    return *gate_.facts().find(scope, "frozen", arguments)->value.boolean();
  };
  EXPECT_FALSE(frozen());
  const auto reply = call("POST", "/api/v1/freezes", std::string(kFrozen));
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.json().string_or("by", ""), "uid 0");
  EXPECT_TRUE(frozen());
  const auto entry = gate_.log().back();
  EXPECT_EQ(entry.string_or("event", ""), "freeze_changed");
  EXPECT_EQ(entry.string_or("why", ""), "incident 4711");
  EXPECT_EQ(entry.find("detail")->string_or("change", ""), "frozen");
  EXPECT_EQ(freezes(call("GET", "/api/v1/freezes").json()), 1u);

  const std::string lift = R"({"environment":"production","why":"over")";
  EXPECT_EQ(call("POST", "/api/v1/freezes/lift", lift + R"(,"issuer":"gitlab","project":"acme/billing"})").status, 404)
      << "it is everywhere, not of a project";
  EXPECT_TRUE(frozen());
  EXPECT_EQ(call("POST", "/api/v1/freezes/lift", lift + "}").status, 200);
  EXPECT_FALSE(frozen());
  EXPECT_EQ(gate_.log().back().find("detail")->string_or("change", ""), "lifted");
  EXPECT_EQ(call("POST", "/api/v1/freezes/lift", lift + "}").status, 404) << "again";
  EXPECT_EQ(freezes(call("GET", "/api/v1/freezes").json()), 0u);
}

TEST_F(Admin, AFreezeHoldsAtOnceAndALiftOnlyOnceItIsOnRecord) {
  gate_.store().fail(true);
  EXPECT_EQ(call("POST", "/api/v1/freezes", std::string(kFrozen)).status, 503);
  EXPECT_EQ(gate_.facts().freezes().size(), 1u);
  EXPECT_EQ(call("POST", "/api/v1/freezes/lift", R"({"environment":"production","why":"over"})").status, 503);
  EXPECT_EQ(gate_.facts().freezes().size(), 1u);
}

TEST_F(Admin, RefusesFreezesThatSayTooLittleOrTooMuch) {
  for (const auto* body :
       {"", "[]", R"({"environment":"production","until":"2099-01-01T00:00:00Z"})",
        R"({"until":"2099-01-01T00:00:00Z","why":"x"})", R"({"environment":"production","why":"x"})",
        R"({"environment":"production","until":"tomorrow","why":"x"})",
        R"({"environment":"production","until":"2001-01-01T00:00:00Z","why":"x"})",
        R"({"environment":"production","until":"2099-01-01T00:00:00Z","why":"x","project":"acme/billing"})",
        R"({"environment":7,"until":"2099-01-01T00:00:00Z","why":"x"})",
        R"({"environment":"production","until":"2099-01-01T00:00:00Z","why":"x","colour":"red"})"})
    EXPECT_EQ(call("POST", "/api/v1/freezes", body).status, 400) << body;
  EXPECT_EQ(call("POST", "/api/v1/freezes", std::string(kFrozen), unix_peer(::geteuid() + 1)).status, 403);
  EXPECT_TRUE(gate_.facts().freezes().empty());
}

TEST_F(Admin, RotatesAndRetiresKeys) {
  auto before = call("GET", "/api/v1/keys").json();
  ASSERT_EQ(before.find("keys")->array_items()->size(), 1u);
  auto old_kid = std::string((*before.find("keys")->array_items())[0].string_or("kid", ""));
  auto token = gate_.access_token(gate_.id_token());
  EXPECT_EQ(call("POST", "/api/v1/keys/" + old_kid + "/retire").status, 400) << "the active key signs";

  auto rotated = call("POST", "/api/v1/keys/rotate", R"({"why":"drill"})");
  ASSERT_EQ(rotated.status, 200) << rotated.body;
  EXPECT_EQ(rotated.json().find("keys")->array_items()->size(), 2u);
  EXPECT_EQ(gate_.log().back().string_or("why", ""), "drill");
  EXPECT_TRUE(gate_.decide(token, "ledger", "read").allowed()) << "old tokens live on";

  EXPECT_EQ(call("POST", "/api/v1/keys/" + old_kid + "/retire").status, 200);
  EXPECT_EQ(gate_.decide(token, "ledger", "read").refusal->reason, Reason::key_unknown)
      << "also one that was seen before";
  EXPECT_EQ(call("POST", "/api/v1/keys/" + old_kid + "/retire").status, 404);
  EXPECT_EQ(call("POST", "/api/v1/keys/" + old_kid).status, 404);
}

TEST_F(Admin, ReloadsThePolicyAndSaysWhatIsWrongWithIt) {
  EXPECT_EQ(call("POST", "/api/v1/policy/reload").status, 200);
  EXPECT_EQ(reloads_, 1);
  policy_is_bad_ = true;
  auto reply = call("POST", "/api/v1/policy/reload");
  EXPECT_EQ(reply.status, 409);
  EXPECT_EQ(reply.json().string_or("reason", ""), "policy_invalid");
  auto body = reply.json();
  EXPECT_EQ(body.string_or("where", ""), "policy/billing.yaml:14:3");
  EXPECT_EQ(body.string_or("found", ""), "'alow'");
  EXPECT_EQ(body.string_or("expected", ""), "'allow'");
  const auto& errors = *body.find("errors")->array_items();
  ASSERT_EQ(errors.size(), 2u) << "all of them, not the first only";
  EXPECT_EQ(errors[0].string_or("fix", ""), "did you mean 'allow'?");
  EXPECT_EQ(errors[1].string_or("reason", ""), "condition_invalid");
  EXPECT_EQ(errors[1].string_or("where", ""), "policy/billing.yaml:20:9");
}

TEST_F(Admin, ShowsTheState) {
  open_session("1");
  auto body = call("GET", "/api/v1/status").json();
  EXPECT_EQ(body.string_or("version", ""), "1.2.3");
  EXPECT_EQ(*body.find_integer("sessions"), 1);
  EXPECT_GT(*body.find_integer("log_size"), 0);
  EXPECT_EQ(body.string_or("policy", ""), gate_.service().snapshot().policy->digest());
  EXPECT_EQ(body.find("parts")->dump(), R"([{"detail":"log of 7 entries","name":"store","ready":true}])");
}

}  // namespace
}  // namespace watchword::api
