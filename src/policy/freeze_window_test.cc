// Freeze windows: what they refuse to be, when they hold, and how a decision names them.
#include "policy/freeze_window.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gmock/gmock.h>

#include "context/fact_table.h"
#include "context/witness.h"
#include "policy/policy_test_util.h"
#include "policy/testing.h"

namespace watchword::policy::testing {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kRules = R"(
resources:
  api:
    http: { upstream: https://api.internal, host: api.gate.acme.dev }
    actions: { read: { methods: [GET] } }
roles:
  reader:
    granted_to: [{ job: { issuer: gitlab, project_path: acme/* } }]
    allow: [{ permission: api/read, when: '!context.frozen(environment = job.environment)' }]
)";
const std::string kYearEnd = R"(freezes:
  - environment: production
    from: 2026-12-20T18:00:00
    until: 2027-01-04T08:00
    zone: Europe/Berlin
    why: end of year
)";
const std::string kWeekend = R"(freezes:
  - { environment: production, every: friday 16:00 - monday 08:00, zone: Europe/Berlin }
)";

Time utc(std::string_view text) { return from_rfc3339(text).value(); }

// A policy in two files, asked at different times with a person's freezes.
struct Gate {
  explicit Gate(const std::string& freezes, const std::string& rules = kRules) {
    auto loaded = Policy::parse({{"f.yaml", freezes}, {"r.yaml", rules}});
    if (!loaded) ADD_FAILURE() << to_string(loaded.error()[0]);
    policy = loaded ? *loaded : *Policy::parse({});
  }
  Verdict ask(std::string_view time, const issuer::Principal& who = job()) {
    clock.set(utc(time));
    seen.emplace(people, context::Scope{.issuer = who.issuer, .project = who.machine()->project});
    const Roles roles = policy->roles_of(who);
    return policy->evaluate({who, roles, "api", "read", "GET", "/", "", *seen, utc(time)});
  }
  bool allows(std::string_view time, const issuer::Principal& who = job()) {
    return ask(time, who).outcome == Outcome::allow;
  }
  std::shared_ptr<const Policy> policy;
  ManualClock clock{Time{}};
  context::FactTable people{{}, clock};
  std::optional<context::Witness> seen;
};

TEST(FreezeWindow, HoldsBetweenItsTimesOnTheWallClock) {
  Gate gate(kYearEnd);
  EXPECT_TRUE(gate.allows("2026-12-20T16:59:59Z"));
  EXPECT_FALSE(gate.allows("2026-12-20T17:00:00Z"));
  EXPECT_FALSE(gate.allows("2027-01-04T06:59:59Z"));
  EXPECT_TRUE(gate.allows("2027-01-04T07:00:00Z"));
}

TEST(FreezeWindow, OfTheWeekComesBackEachWeekAndFollowsSummerTime) {
  Gate gate(kWeekend);
  EXPECT_TRUE(gate.allows("2026-10-23T13:59:59Z"));
  EXPECT_FALSE(gate.allows("2026-10-23T14:00:00Z")) << "Friday, 16:00 in summer";
  EXPECT_FALSE(gate.allows("2026-10-25T01:00:00Z"));
  EXPECT_FALSE(gate.allows("2026-10-26T06:59:59Z"));
  EXPECT_TRUE(gate.allows("2026-10-26T07:00:00Z")) << "Monday, 8:00 in winter";
  EXPECT_TRUE(gate.allows("2026-10-30T14:59:59Z"));
  EXPECT_FALSE(gate.allows("2026-10-30T15:00:00Z")) << "the next one";
}

TEST(FreezeWindow, OfTheWeekMayLieWithinADayOrLastNearlyAWeek) {
  Gate lunch("freezes: [{ environment: production, every: monday 12:00 - monday 13:00, zone: UTC }]");
  EXPECT_TRUE(lunch.allows("2026-11-23T11:59:59Z"));
  EXPECT_FALSE(lunch.allows("2026-11-23T12:00:00Z"));
  EXPECT_TRUE(lunch.allows("2026-11-23T13:00:00Z"));
  EXPECT_TRUE(lunch.allows("2026-11-24T12:30:00Z"));
  Gate most("freezes: [{ environment: production, every: monday 13:00 - monday 12:00, zone: UTC }]");
  EXPECT_FALSE(most.allows("2026-11-23T11:59:59Z"));
  EXPECT_TRUE(most.allows("2026-11-23T12:00:00Z"));
  EXPECT_FALSE(most.allows("2026-11-23T13:00:00Z"));
  EXPECT_FALSE(most.allows("2026-11-29T23:59:59Z"));
}

TEST(FreezeWindow, CoversAnHourThatComesTwiceAsAWhole) {
  Gate ends("freezes: [{ environment: '*', from: 2026-10-25T01:00, until: 2026-10-25T02:30, zone: Europe/Berlin }]");
  EXPECT_FALSE(ends.allows("2026-10-25T00:45:00Z")) << "2:45 in summer time: it is 2:15 again later";
  EXPECT_FALSE(ends.allows("2026-10-25T01:29:59Z"));
  EXPECT_TRUE(ends.allows("2026-10-25T01:30:00Z"));
  Gate begins("freezes: [{ environment: '*', from: 2026-10-25T02:30, until: 2026-10-25T04:00, zone: Europe/Berlin }]");
  EXPECT_TRUE(begins.allows("2026-10-25T00:29:59Z"));
  EXPECT_FALSE(begins.allows("2026-10-25T00:30:00Z"));
  EXPECT_FALSE(begins.allows("2026-10-25T01:10:00Z")) << "2:10, the second time";
}

TEST(FreezeWindow, BeginsAndEndsWithTheChangeWhereItsTimeIsSkipped) {
  Gate begins("freezes: [{ environment: '*', from: 2026-03-29T02:30, until: 2026-03-29T04:00, zone: Europe/Berlin }]");
  EXPECT_TRUE(begins.allows("2026-03-29T00:59:59Z"));
  EXPECT_FALSE(begins.allows("2026-03-29T01:00:00Z"));
  Gate ends("freezes: [{ environment: '*', from: 2026-03-29T01:30, until: 2026-03-29T02:30, zone: Europe/Berlin }]");
  EXPECT_FALSE(ends.allows("2026-03-29T00:59:59Z"));
  EXPECT_TRUE(ends.allows("2026-03-29T01:00:00Z"));
}

TEST(FreezeWindow, IsForItsEnvironmentsAndProjects) {
  Gate gate(R"(freezes:
  - { environment: [production, production/*], projects: [acme/billing, acme/pay*], every: friday 16:00 - monday 08:00,
      zone: UTC })");
  const std::string saturday = "2026-11-21T09:00:00Z";
  EXPECT_FALSE(gate.allows(saturday));
  EXPECT_FALSE(gate.allows(saturday, job({{"environment", "production/eu"}})));
  EXPECT_TRUE(gate.allows(saturday, job({{"environment", "staging"}})));
  EXPECT_FALSE(gate.allows(saturday, job({{"project_path", "acme/payments"}})));
  EXPECT_TRUE(gate.allows(saturday, job({{"project_path", "acme/shop"}})));
}

TEST(FreezeWindow, APersonsFreezeHoldsBesideIt) {
  Gate gate(kWeekend);
  EXPECT_TRUE(gate.allows("2026-11-24T09:00:00Z"));
  gate.people.freeze({"", "", "production", utc("2026-11-24T10:00:00Z"), "incident 12", "ada"});
  const Verdict verdict = gate.ask("2026-11-24T09:00:00Z");
  EXPECT_EQ(shown(verdict), "deny context_not_met r.yaml:9");
  EXPECT_THAT(verdict.found,
              AllOf(HasSubstr("production is frozen"), HasSubstr("(freeze, "), HasSubstr("incident 12")));
  EXPECT_TRUE(gate.allows("2026-11-24T10:00:00Z"));
}

TEST(FreezeWindow, DecisionsAndRecordsNameItsLine) {
  Gate gate(kYearEnd);
  const Verdict verdict = gate.ask("2026-12-24T12:00:00Z");
  EXPECT_THAT(verdict.found, HasSubstr("production is frozen"));
  EXPECT_THAT(verdict.found, HasSubstr("(f.yaml:2, 2026-12-20T17:00:00.000Z, end of year)"));
  EXPECT_THAT(verdict.fix, HasSubstr("wait until the freeze of production ends"));
  const auto seen = gate.seen->take();
  ASSERT_EQ(seen.size(), 1U);
  EXPECT_EQ(seen[0].to_text(), "frozen(environment=production)");
  ASSERT_TRUE(seen[0].fact);
  EXPECT_EQ(seen[0].fact->value, Json(true));
  EXPECT_EQ(seen[0].fact->source, "f.yaml:2");
  EXPECT_EQ(seen[0].fact->at, utc("2026-12-20T17:00:00Z"));
}

TEST(FreezeWindow, IsNamedByExplain) {
  const Gate gate(kYearEnd);
  const auto who = job();
  const Roles roles = gate.policy->roles_of(who);
  const auto considered =
      gate.policy->explain({who, roles, "api", "read", "GET", "/", "", no_facts(), utc("2026-12-24T12:00:00Z")});
  ASSERT_EQ(considered.size(), 2U);
  EXPECT_THAT(considered[1].failed,
              ElementsAre("when: !context.frozen(environment = job.environment) does not hold "
                          "(context.frozen(environment = job.environment) is true (f.yaml:2, "
                          "2026-12-20T17:00:00.000Z, end of year); job.environment is \"production\")"));
}

TEST(FreezeWindow, HoldsInPolicyTests) {
  const Gate gate(kYearEnd);
  std::string base = "base:\n  claims: " + gitlab_claims().dump() + "\ntests:\n";
  const auto outcomes = run_tests(*gate.policy, "t.test.yaml", base + R"(
  - name: frozen over new year, whatever else is known
    at: 2026-12-31T23:59:59Z
    facts: [{ fact: frozen, value: false }]
    request: { resource: api, action: read }
    expect: deny
    reason: context_not_met
  - name: not before
    at: 2026-12-20T16:59:59Z
    facts: [{ fact: frozen, value: false }]
    request: { resource: api, action: read }
    expect: allow
)");
  ASSERT_TRUE(outcomes) << to_string(outcomes.error()[0]);
  ASSERT_EQ(outcomes->size(), 2U);
  for (const auto& outcome : *outcomes) EXPECT_FALSE(outcome.failure) << to_string(*outcome.failure);
}

struct Bad {
  std::string fields, error;
};

TEST(FreezeWindow, IsRefusedWithPlaceAndNearestWord) {
  const std::string end = ", zone: UTC";
  const Bad rows[] = {
      {"environment: a, every: friday 16:00 - monday 08:00", "p.yaml:2:5 no 'zone'"},
      {"every: friday 16:00 - monday 08:00" + end, "p.yaml:2:5 no 'environment'"},
      {"environment: a" + end, "p.yaml:2:5 another set of fields"},
      {"environment: a, from: 2026-12-20T18:00" + end, "p.yaml:2:5 another set of fields"},
      {"environment: a, every: friday 16:00 - monday 08:00, until: 2026-12-20T18:00" + end,
       "p.yaml:2:5 another set of fields"},
      {"environment: a, evry: friday 16:00 - monday 08:00" + end,
       "p.yaml:2:23 the freeze key 'evry' | did you mean 'every'?; p.yaml:2:5 another set of fields"},
      {"environment: a, every: friday 16:00 - monday 08:00, zone: Europe/Berln",
       "p.yaml:2:65 the unknown time zone 'Europe/Berln' | did you mean 'Europe/Berlin'?"},
      {"environment: a, every: fryday 16:00 - monday 08:00" + end,
       "p.yaml:2:30 the day 'fryday' | did you mean 'friday'?"},
      {"environment: a, every: friday 24:00 - monday 08:00" + end,
       "p.yaml:2:30 'friday 24:00' | times are 00:00 to 23:59"},
      {"environment: a, every: friday - monday" + end,
       "p.yaml:2:30 'friday' | times are 00:00 to 23:59; p.yaml:2:30 'monday' | times are 00:00 to 23:59"},
      {"environment: a, every: friday 16:00" + end, "p.yaml:2:30 'friday 16:00'"},
      {"environment: a, every: friday 16:00 - friday 16:00" + end,
       "p.yaml:2:30 'friday 16:00 - friday 16:00', which ends where it begins"},
      {"environment: a, from: 2026-12-20T18:00:00Z, until: 2026-12-21T18:00" + end,
       "p.yaml:2:29 '2026-12-20T18:00:00Z' | leave the offset out: 'zone' says it"},
      {"environment: a, from: 2026-12-20, until: 2026-12-21T18:00" + end, "p.yaml:2:29 '2026-12-20'"},
      {"environment: a, from: 2026-02-30T18:00, until: 2026-12-21T18:00" + end, "p.yaml:2:29 '2026-02-30T18:00'"},
      {"environment: a, from: 2026-12-21T18:00, until: 2026-12-21T18:00" + end,
       "p.yaml:2:54 '2026-12-21T18:00', which is not after 'from'"},
      {"environment: a, from: 2026-03-29T02:10, until: 2026-03-29T02:50, zone: Europe/Berlin",
       "p.yaml:2:54 '2026-03-29T02:50', which is not after 'from'"},
      {"environment: a, projects: [], every: friday 16:00 - monday 08:00" + end, "p.yaml:2:33 an empty list"},
      {"environment: [a, 're:('], every: friday 16:00 - monday 08:00" + end, "p.yaml:2:24 "},
  };
  for (const Bad& row : rows) {
    const auto policy = Policy::parse({{"p.yaml", "freezes:\n  - { " + row.fields + " }\n"}});
    ASSERT_FALSE(policy) << row.fields;
    std::vector<std::string> errors;
    for (const Error& error : policy.error()) {
      errors.push_back(error.where + " " + error.found + (error.fix.empty() ? "" : " | " + error.fix));
      EXPECT_EQ(error.reason, Reason::policy_invalid);
      EXPECT_FALSE(error.expected.empty());
    }
    EXPECT_THAT(fmt::format("{}", fmt::join(errors, "; ")), ::testing::StartsWith(row.error)) << row.fields;
  }
}

}  // namespace
}  // namespace watchword::policy::testing
