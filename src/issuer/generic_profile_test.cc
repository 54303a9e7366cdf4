#include <gmock/gmock.h>

#include "issuer/issuer_test_util.h"
#include "issuer/profile.h"

namespace watchword::issuer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

ClaimPath path(std::string_view text) { return ClaimPath::parse(text).value(); }

Result<Principal> map_as(const MachineMapping& mapping, std::string_view claims) {
  return map(verified(parse_json(claims).value()), "idp", Profile{ProfileName::generic, mapping});
}
Result<Principal> map_as(const PersonMapping& mapping, std::string_view claims) {
  return map(verified(parse_json(claims).value()), "idp", Profile{ProfileName::generic, mapping});
}

constexpr std::string_view kGitHubActions = R"({
  "iss": "https://token.actions.githubusercontent.com", "jti": "example-id",
  "sub": "repo:acme/billing:environment:prod", "environment": "prod", "ref": "refs/heads/main", "ref_type": "branch",
  "ref_protected": "true", "sha": "9f3c2d1e4b5a69788796a5b4c3d2e1f009182736", "repository": "acme/billing",
  "repository_id": "74", "repository_owner": "acme", "run_id": "1907302", "run_number": "10", "run_attempt": "2",
  "actor": "jane", "actor_id": "12", "workflow": "deploy", "event_name": "push", "runner_environment": "github-hosted",
  "job_workflow_ref": "acme/ci/.github/workflows/deploy.yml@refs/heads/main"})";

MachineMapping github() {
  return {.kind = Kind::job,
          .job = path("run_id"),
          .project = path("repository"),
          .project_id = path("repository_id"),
          .pipeline = path("run_id"),
          .ref = path("ref"),
          .sha = path("sha"),
          .environment = path("environment"),
          .user = path("actor"),
          .ref_protected = path("ref_protected")};
}

TEST(Generic, MapsAGitHubActionsJob) {
  const auto principal = map_as(github(), kGitHubActions);
  ASSERT_TRUE(principal.has_value()) << to_string(principal.error());
  EXPECT_EQ(principal->kind, Kind::job);
  EXPECT_EQ(principal->issuer_url, "https://token.actions.githubusercontent.com");
  const Machine& job = *principal->machine();
  EXPECT_EQ(job.job, "1907302");
  EXPECT_EQ(job.project, "acme/billing");
  EXPECT_EQ(job.project_id, "74");
  EXPECT_EQ(job.ref, "refs/heads/main");
  EXPECT_EQ(job.environment, "prod");
  EXPECT_EQ(job.user, "jane");
  EXPECT_TRUE(job.ref_protected);
  EXPECT_FALSE(job.fork);
  EXPECT_EQ(*principal->claims.find("ref_protected"), Json("true")) << "claims stay as they are";
}

TEST(Generic, MapsServicesOfOtherProviders) {
  struct Case {
    const char* name;
    MachineMapping mapping;
    const char* claims;
    const char *job, *project, *user;
  };
  const Case table[] = {
      {"Auth0 machine to machine, the subject stands in for the job",
       {.project = path("https://acme.example/project")},
       R"({"iss": "https://acme.eu.auth0.example/", "sub": "abc@clients", "azp": "abc", "gty": "client-credentials",
           "scope": "read write", "https://acme.example/project": "billing"})",
       "abc@clients",
       "billing",
       ""},
      {"Okta service, scp is a list",
       {.project = path("scp[0]"), .user = path("cid")},
       R"({"iss": "https://acme.okta.example/oauth2/aus1", "sub": "0oa1", "cid": "0oa1", "scp": ["deploy", "read"]})",
       "0oa1",
       "deploy",
       "0oa1"},
      {"Entra ID v2 application with roles",
       {.job = path("oid"), .project = path("roles[0]"), .user = path("azp")},
       R"({"iss": "https://login.microsoftonline.example/t/v2.0", "sub": "s", "oid": "o-1", "azp": "a-1", "ver": "2.0",
           "roles": ["Deploy.All"]})",
       "o-1",
       "Deploy.All",
       "a-1"},
      {"an integer id",
       {.job = path("build.id")},
       R"({"sub": "s", "build": {"id": 9007199254740993}})",
       "9007199254740993",
       "",
       ""},
      {"null is nothing", {.project = path("p")}, R"({"sub": "s", "p": null})", "s", "", ""},
  };
  for (const Case& c : table) {
    const auto principal = map_as(c.mapping, c.claims);
    ASSERT_TRUE(principal.has_value()) << c.name << ": " << to_string(principal.error());
    EXPECT_EQ(principal->kind, Kind::service) << c.name;
    EXPECT_EQ(principal->machine()->job, c.job) << c.name;
    EXPECT_EQ(principal->machine()->project, c.project) << c.name;
    EXPECT_EQ(principal->machine()->user, c.user) << c.name;
    EXPECT_FALSE(principal->machine()->ref_protected) << c.name;
  }
}

TEST(Generic, RefusesClaimsThatCannotBeWhatTheyAreMappedTo) {
  struct Case {
    MachineMapping mapping;
    const char *claims, *reason, *found;
  };
  const Case table[] = {
      {{}, R"({"project": "x"})", "claim_missing", "no sub"},
      {{}, R"({"sub": ""})", "claim_missing", "no sub"},
      {{.job = path("run_id")}, R"({"sub": "s"})", "claim_missing", "no run_id"},
      {{.job = path("run_id")}, R"({"sub": "s", "run_id": ""})", "claim_missing", "no run_id"},
      {{.job = path("run_id")}, R"({"sub": "s", "run_id": null})", "claim_missing", "no run_id"},
      {{.job = path("run_id")}, R"({"sub": "s", "run_id": 1.5})", "claim_invalid", "number"},
      {{.project = path("p")}, R"({"sub": "s", "p": ["acme/billing"]})", "claim_invalid", "array"},
      {{.project = path("p")}, R"({"sub": "s", "p": {"a": 1}})", "claim_invalid", "object"},
      {{.ref = path("r")}, R"({"sub": "s", "r": true})", "claim_invalid", "boolean"},
      {{.ref_protected = path("r")}, R"({"sub": "s", "r": "yes"})", "claim_invalid", "another string"},
      {{.ref_protected = path("r")}, R"({"sub": "s", "r": 1})", "claim_invalid", "integer"},
      {{.kind = Kind::person}, R"({"sub": "s"})", "config_invalid", "person"},
      {{.kind = Kind::agent}, R"({"sub": "s"})", "config_invalid", "agent"},
  };
  for (const Case& c : table) {
    const auto principal = map_as(c.mapping, c.claims);
    EXPECT_EQ(outcome(principal), c.reason) << c.claims;
    if (!principal) EXPECT_THAT(principal.error().found, HasSubstr(c.found)) << c.claims;
  }
}

TEST(Generic, APersonIsNeverAMachineNorTheOtherWayRound) {
  const PersonMapping persons{.name = path("name"), .email = path("email"), .groups = path("groups")};
  const auto person = map_as(persons, kGitHubActions);
  ASSERT_TRUE(person.has_value());
  EXPECT_EQ(person->kind, Kind::person);
  EXPECT_EQ(person->machine(), nullptr);
  const auto machine =
      map_as(github(), R"({"sub": "00u1", "run_id": "1", "name": "Jane", "email": "jane@example.com"})");
  ASSERT_TRUE(machine.has_value());
  EXPECT_EQ(machine->person(), nullptr);
}

TEST(Generic, MapsPersonsAndTheirGroups) {
  const PersonMapping mapping{
      .name = path("name"), .email = path("email"), .groups = path("https://acme.example/groups")};
  const auto jane = map_as(mapping, R"({"sub": "00u1", "name": "Jane", "email": "jane@example.com",
                                        "https://acme.example/groups": ["ops", "release"]})");
  ASSERT_TRUE(jane.has_value());
  EXPECT_EQ(jane->person()->name, "Jane");
  EXPECT_EQ(jane->person()->email, "jane@example.com");
  EXPECT_THAT(jane->person()->groups, ElementsAre("ops", "release"));
  EXPECT_THAT(map_as(mapping, R"({"sub": "s", "https://acme.example/groups": "ops"})")->person()->groups,
              ElementsAre("ops"));
  EXPECT_THAT(map_as(mapping, R"({"sub": "s"})")->person()->groups, IsEmpty());
  EXPECT_EQ(outcome(map_as(mapping, R"({"sub": "s", "https://acme.example/groups": ["ops", 1]})")), "claim_invalid");
  EXPECT_EQ(outcome(map_as(mapping, R"({"sub": "s", "https://acme.example/groups": {"ops": true}})")), "claim_invalid");
}

// Entra ID: more than 200 groups are not in the token. That is not the same as no groups.
TEST(Generic, DoesNotTakeGroupsThatAreKeptElsewhereForNoGroups) {
  const PersonMapping mapping{.groups = path("groups")};
  EXPECT_EQ(outcome(map_as(mapping, R"({"sub": "s", "_claim_names": {"groups": "src1"},
      "_claim_sources": {"src1": {"endpoint": "https://graph.example.com/users/1/getMemberObjects"}}})")),
            "claim_missing");
  EXPECT_EQ(outcome(map_as(mapping, R"({"sub": "s", "hasgroups": true})")), "claim_missing");
  EXPECT_EQ(outcome(map_as(mapping, R"({"sub": "s", "_claim_names": {"address": "src1"}})")), "ok");
}

}  // namespace
}  // namespace watchword::issuer
