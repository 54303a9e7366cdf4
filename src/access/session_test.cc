// Sessions in memory and in the store: what is found, and what stays the same.
#include "access/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

#include "access/decide.h"
#include "context/facts.h"
#include "issuer/profile.h"

namespace watchword::access {
namespace {

const Time kNow = from_unix(1'790'000'000);

std::shared_ptr<const policy::Policy> policy_of(const std::string& text) {
  auto policy = policy::Policy::parse({{"p.yaml", text}});
  if (policy) return *policy;
  for (const Error& error : policy.error()) ADD_FAILURE() << to_string(error);
  return *policy::Policy::parse({});
}

constexpr std::string_view kClaims = R"({"sub":"s","project_id":"42","project_path":"acme/billing","namespace_id":"7",
  "namespace_path":"acme","pipeline_id":"1","job_id":"2","ref":"größe/\"x\"\\\n","ref_type":"branch","sha":"9f3c2d1",
  "ref_protected":"true","environment":"production","big":9007199254740993,"one":1.0,"small":-0.0,"null_one":null,
  "nested":{"list":[1,[2.5,{"deep":"\u0001 \ud83d\ude00"}],"x"],"":{}},"iat":1790000000,"exp":1790003600})";

issuer::Principal job(const Json& claims) {
  auto principal = issuer::imagine_principal(claims, "gitlab", {issuer::ProfileName::gitlab, {}});
  if (principal) return *std::move(principal);
  ADD_FAILURE() << to_string(principal.error());
  return {};
}

std::shared_ptr<Session> session_of(issuer::Principal principal, std::string id = "01JD0000000000000000000000") {
  return std::make_shared<Session>(
      Session::Opening{std::move(id), std::move(principal), {}, "", kNow, kNow + std::chrono::hours(1)});
}

std::shared_ptr<Session> restored(const Session& session) { return Session::from_row(session.to_row()).value(); }

TEST(Session, ARestoredOneHasItsClaimsExactly) {
  const Json claims = parse_json(kClaims).value();
  const auto before = session_of(job(claims));
  const auto after = restored(*before);
  auto expected = claims;
  EXPECT_EQ(after->principal().claims.view().json(), expected.set("ref_protected", true));
  EXPECT_EQ(after->principal().claims.dump(), expected.dump());
  EXPECT_THAT(after->to_row().document, ::testing::HasSubstr(R"("big":9007199254740993,)"));
  EXPECT_THAT(after->to_row().document, ::testing::HasSubstr(R"("one":1.0,)"));
  EXPECT_EQ(after->to_row(), before->to_row());
  EXPECT_EQ(after->who(), before->who());
  EXPECT_EQ(after->job(), "2");
}

std::shared_ptr<Session> limited(const policy::Quota& quota) {
  policy::SessionLimits limits;
  limits.quota = quota;
  return std::make_shared<Session>(Session::Opening{"01JD0000000000000000000000", job(parse_json(kClaims).value()),
                                                    limits, "", kNow, kNow + std::chrono::hours(1)});
}

TEST(Session, ARestoredOneHasTheLimitsItWasOpenedWith) {
  const policy::Quota quota{
      .rate = {3000, 100, std::chrono::minutes(1)}, .concurrent = 20, .bytes = policy::Quota::kMostBytes};
  for (const auto& one :
       {quota, policy::Quota{.rate = quota.rate}, policy::Quota{.concurrent = 1}, policy::Quota{.bytes = 1}}) {
    const auto before = limited(one);
    const auto after = restored(*before);
    EXPECT_EQ(after->limits().quota, one);
    EXPECT_EQ(after->to_row(), before->to_row());
  }
}

TEST(Session, LimitsAreAskedOfTheSessionAndARestartBeginsThemAnew) {
  const auto session = limited({.concurrent = 1});
  const auto held = session->lease(kNow);
  EXPECT_TRUE(held);
  EXPECT_FALSE(session->lease(kNow));
  EXPECT_EQ(session->retry_after(kNow), std::chrono::seconds(1));
  EXPECT_TRUE(restored(*session)->lease(kNow));
}

TEST(Session, OneWithoutLimitsHasNoneInItsRowAndRefusesNothing) {
  const auto session = session_of(job(parse_json(kClaims).value()));
  EXPECT_THAT(session->to_row().document, ::testing::Not(::testing::HasSubstr("\"limits\"")));
  const auto after = restored(*session);
  EXPECT_EQ(after->limits().quota, policy::Quota());
  const auto one = after->lease(kNow), other = after->lease(kNow);
  EXPECT_TRUE(one && other);
  EXPECT_EQ(after->retry_after(kNow), std::nullopt);
}

TEST(Session, LimitsThatCannotBeReadAreNoSession) {
  const auto row = limited({.rate = {5, 5, std::chrono::seconds(1)}, .concurrent = 3, .bytes = 9})->to_row();
  ASSERT_TRUE(Session::from_row(row));
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"rate\":5", "\"rate\":-1"},
                                                        {"\"rate\":5", "\"rate\":4294967297"},
                                                        {"\"rate\":5", "\"rates\":5"},
                                                        {"\"rate_burst\":5", "\"rate_burst\":0"},
                                                        {"\"rate_per\":1000000", "\"rate_per\":0"},
                                                        {"\"concurrent\":3", "\"concurrent\":\"3\""},
                                                        {"\"bytes\":9", "\"bytes\":9223372036854775807"}}) {
    auto changed = row;
    const auto at = changed.document.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    changed.document.replace(at, from.size(), to);
    const auto session = Session::from_row(changed);
    ASSERT_FALSE(session) << to;
    EXPECT_EQ(session.error().reason, Reason::store_unavailable);
  }
}

// One condition for each kind of look at a claim, and deny rules with and without `to`.
constexpr std::string_view kConditions[] = {"job.big == 9007199254740993",
                                            "job.big == 9007199254740992",
                                            "job.one == 1.0 && 1.0 / job.small < 0.0",
                                            "job.one + 1 == 2",
                                            "job.ref == 'größe/\"x\"\\\\\\n'",
                                            "job.nested.list[1][1].deep.endsWith('😀')",
                                            "job.nested == {'': {}, 'list': [1, [2.5, {'deep': '\\x01 😀'}], 'x']}",
                                            "size(job.nested.list) == 3 && 'x' in job.nested.list",
                                            "job.nested.list.exists(i, i == 1)",
                                            "job.all(k, k != 'sub')",
                                            "size(job) > 10",
                                            "has(job.absent)",
                                            "job.absent == 1",
                                            "job.null_one == null",
                                            "job.ref_protected",
                                            "job.environment",
                                            "job.sha.matches('^9f3c')"};

std::string policy_text() {
  std::string actions, allow, deny;
  int number = 0;
  for (const std::string_view condition : kConditions) {
    const std::string quoted = Json(condition).dump(), action = "a" + std::to_string(number++);
    actions += action + ": { methods: [GET], paths: [/" + action + "] }, d" + action +
               ": { methods: [GET], paths: [/d" + action + "] }, ";
    allow += "{ permission: api/" + action + ", when: " + quoted + " }, api/d" + action + ", ";
    deny += "  - { permission: api/d" + action + ", unless: " + quoted + " }\n  - { permission: api/d" + action +
            ", to: { job: { nested.list: x, big: 9007199254740993 } }, when: " + quoted + " }\n";
  }
  return "resources: { api: { http: { upstream: https://api.internal, host: api.acme.dev }, actions: { " + actions +
         "} } }\nroles: { r: { granted_to: [{ job: { issuer: gitlab, project_path: acme/*, one: '**' } }, "
         "{ job: { issuer: gitlab, ref: 're:größe/.*\\s', ref_protected: true } }], allow: [ " +
         allow + "] } }\ndeny:\n" + deny;
}

TEST(Session, ARestoredOneAnswersEveryQuestionAsBefore) {
  const Snapshot snapshot{policy_of(policy_text()), std::make_shared<const context::TableFacts>()};
  const auto before = session_of(job(parse_json(kClaims).value()));
  const auto after = restored(*before);
  const auto tell = [&](const Session& session, const std::string& action) {
    const auto decision =
        decide(snapshot, session.principal(), *session.roles(snapshot.policy), {"api", action, "GET", "/x", "h"}, kNow);
    return std::to_string(static_cast<int>(decision.outcome)) + decision.role + decision.rule +
           (decision.refusal ? to_string(*decision.refusal) : "");
  };
  std::map<char, int> outcomes;
  const auto* api = snapshot.policy->resource("api");
  ASSERT_NE(api, nullptr);
  for (const auto& action : api->actions()) {
    const auto answer = tell(*before, action);
    EXPECT_EQ(tell(*after, action), answer) << action;
    ++outcomes[answer.front()];
  }
  EXPECT_EQ(outcomes.size(), 3U) << "allow, deny and error all occur";
  EXPECT_EQ(before->roles(snapshot.policy), after->roles(snapshot.policy)) << "one object for both";
}

TEST(Session, FindsItsRolesAnewUnderAnotherPolicy) {
  const std::string head =
      "resources: { api: { http: { upstream: https://api.internal, host: api.acme.dev }, actions: { read: { methods: "
      "[GET] } } } }\nroles: { r: { granted_to: [{ job: { issuer: gitlab, project_path: ";
  const std::string tail = " } }], allow: [api/read] } }\n";
  const auto session = session_of(job(parse_json(kClaims).value()));
  const auto first = policy_of(head + "acme/billing" + tail), second = policy_of(head + "acme/other" + tail);
  EXPECT_EQ(session->roles(first)->all.size(), 1U);
  EXPECT_EQ(session->roles(second)->all.size(), 0U);
  EXPECT_EQ(session->roles(first)->all.size(), 1U);
  EXPECT_EQ(session->roles(first), session->roles(first));
}

// Sessions come and go at random; the table finds what a map holds, by id and by job, and nothing else.
TEST(SessionTable, FindsWhatIsInIt) {
  std::mt19937 random(1);
  SessionTable table;
  std::map<std::string, std::shared_ptr<Session>> there;
  for (int step = 0; step < 20'000; ++step) {
    const std::string number = std::to_string(random() % 600);
    const auto found = table.find("session-" + number);
    const auto at = there.find(number);
    ASSERT_EQ(found, at == there.end() ? nullptr : at->second) << step;
    ASSERT_EQ(table.find_job("gitlab", "job-" + number), found) << step;
    ASSERT_EQ(table.find_job("other", "job-" + number), nullptr) << step;
    if (found && random() % 3 != 0) {
      table.remove(*found);
      there.erase(at);
    } else if (!found && random() % 2 == 0) {
      auto principal = issuer::Principal();
      principal.issuer = "gitlab";
      principal.identity.emplace<issuer::Machine>().job = "job-" + number;
      auto session = session_of(std::move(principal), "session-" + number);
      session->set_durable();
      table.insert(session);
      there.emplace(number, std::move(session));
    }
  }
  EXPECT_EQ(table.size(), there.size());
  std::size_t seen = 0;
  table.each([&](const auto& session) { seen += there.at(session->id().substr(8)) == session ? 1 : 0; });
  EXPECT_EQ(seen, there.size());
}

}  // namespace
}  // namespace watchword::access
