#include "issuer/principal.h"

#include <gmock/gmock.h>

#include "base/text.h"

namespace watchword::issuer {
namespace {

Principal job() {
  Principal principal;
  principal.kind = Kind::job;
  principal.issuer = "gitlab";
  principal.issuer_url = "https://gitlab.example.com";
  principal.subject = "project_path:acme/billing:ref_type:branch:ref:feature/x";
  Machine machine;
  machine.job = "4711";
  machine.project = "acme/billing";
  machine.project_id = "42";
  machine.pipeline = "815";
  machine.ref = "feature/x";
  machine.sha = "9f3c2d1e4b5a69788796a5b4c3d2e1f009182736";
  machine.environment = "production";
  machine.user = "jane";
  principal.identity = machine;
  return principal;
}

Principal person(std::string name, std::string email) {
  Principal principal;
  principal.kind = Kind::person;
  principal.issuer = "okta";
  principal.subject = "00u1";
  principal.identity = Person{std::move(name), std::move(email), {"acme/release-managers"}};
  return principal;
}

TEST(YouAre, IsTheLineOfADenial) {
  EXPECT_EQ(you_are(job()), "gitlab acme/billing job 4711, ref feature/x @ 9f3c2d1, environment production");
  Principal fork = job();
  std::get<Machine>(fork.identity).fork = true;
  EXPECT_THAT(you_are(fork), ::testing::EndsWith("environment production, on behalf of a fork"));
  Principal service = job();
  service.kind = Kind::service;
  service.issuer = "auth0";
  Machine account;
  account.job = "abc@clients";
  service.identity = account;
  EXPECT_EQ(you_are(service), "auth0 service abc@clients");
  EXPECT_EQ(you_are(person("Jane", "jane@example.com")), "okta person jane@example.com");
  EXPECT_EQ(you_are(person("Jane", "")), "okta person Jane");
  EXPECT_EQ(you_are(person("", "")), "okta person 00u1");
}

TEST(YouAre, CannotBeMadeToForgeALine) {
  for (const std::string hostile : {"x\nallowed: all", "\x1b[2J", "\r",
                                    "\xe2\x80\xae"
                                    "drawkcab",
                                    "\xff", "a\tb"}) {
    Principal principal = job();
    auto& machine = std::get<Machine>(principal.identity);
    machine.job = machine.project = machine.ref = machine.sha = machine.environment = hostile;
    const std::string line = you_are(principal);
    EXPECT_EQ(line, printable(line));
    EXPECT_EQ(line.find('\n'), std::string::npos);
  }
}

TEST(YouAre, StaysShortAndWholeCharacters) {
  Principal principal = job();
  std::string ref = "x";  // so that the cut falls into a character
  while (ref.size() < 10'000) ref += "ü";
  std::get<Machine>(principal.identity).ref = ref;
  const std::string line = you_are(principal);
  EXPECT_LT(line.size(), 400U);
  EXPECT_EQ(line.find("\\x"), std::string::npos) << line;
}

TEST(WhoOf, IsCanonicalAndLeavesOutWhatIsEmpty) {
  EXPECT_EQ(who_of(job()),
            R"({"environment":"production","issuer":"gitlab","job":"4711","kind":"job","pipeline":"815",)"
            R"("project":"acme/billing","project_id":"42","ref":"feature/x","ref_protected":false,)"
            R"("sha":"9f3c2d1e4b5a69788796a5b4c3d2e1f009182736",)"
            R"("subject":"project_path:acme/billing:ref_type:branch:ref:feature/x","user":"jane"})");
  EXPECT_EQ(who_of(person("Jane", "jane@example.com")),
            R"({"issuer":"okta","kind":"person","subject":"00u1","user":"jane@example.com"})");
  EXPECT_EQ(who_of(person("", "")), R"({"issuer":"okta","kind":"person","subject":"00u1"})");
}

TEST(WhoOf, KeepsHostileValuesInsideTheirStrings) {
  Principal principal = job();
  std::get<Machine>(principal.identity).ref = "x\",\"user\":\"root\n";
  const auto who = parse_json(who_of(principal));
  ASSERT_TRUE(who.has_value());
  EXPECT_EQ(who->string_or("user", ""), "jane");
  EXPECT_EQ(who->string_or("ref", ""), "x\",\"user\":\"root\n");
}

}  // namespace
}  // namespace watchword::issuer
