#include "audit/entry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::audit {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Entry full_entry() {
  Entry e;
  e.id = "01JABC";
  e.time = from_rfc3339("2026-11-21T09:00:00.123Z").value();
  e.event = Event::request;
  e.outcome = Outcome::deny;
  e.reason = Reason::not_permitted;
  e.who = R"({"issuer":"gitlab","job":"4711","kind":"job"})";
  e.session = "01JSES", e.resource = "billing-api", e.action = "write", e.role = "deployer";
  e.rule = "policy/billing.yaml:12", e.policy = "sha256:aa";
  e.method = "POST", e.path = "/v1/invoices";
  e.request_id = "r1", e.trace = "4bf92f3577b34da6", e.peer = "192.0.2.7:4711";
  e.token = "aa11", e.subject_token = "bb22", e.why = "leak";
  e.detail = Json::object({{"b", 1}, {"a", "x"}});
  return e;
}

void expect_canonical(const std::string& text) {
  EXPECT_LE(text.size(), 65535u);
  for (const char c : text) ASSERT_GE(static_cast<unsigned char>(c), 0x20) << "a control character";
  const auto parsed = parse_json(text);
  ASSERT_TRUE(parsed.has_value()) << to_string(parsed.error());
  EXPECT_EQ(parsed->dump(), text);
}

TEST(Entry, IsOneLineOfCanonicalJson) {
  const std::string text = to_canonical(full_entry());
  EXPECT_EQ(text, R"({"action":"write","decision":"deny","detail":{"a":"x","b":1},"event":"request","id":"01JABC",)"
                  R"("method":"POST","path":"/v1/invoices","peer":"192.0.2.7:4711","policy":"sha256:aa",)"
                  R"("reason":"not_permitted","request_id":"r1","resource":"billing-api","role":"deployer",)"
                  R"("rule":"policy/billing.yaml:12","session":"01JSES","subject_token_sha256":"bb22",)"
                  R"("time":"2026-11-21T09:00:00.123Z","token_sha256":"aa11","trace":"4bf92f3577b34da6",)"
                  R"("who":{"issuer":"gitlab","job":"4711","kind":"job"},"why":"leak"})");
  expect_canonical(text);
}

TEST(Entry, LeavesOutWhatIsEmpty) {
  Entry e;
  e.event = Event::gate_started;
  e.time = from_unix(0);
  EXPECT_EQ(to_canonical(e), R"({"decision":"allow","event":"gate_started","time":"1970-01-01T00:00:00.000Z"})");
}

TEST(Entry, CannotBeForgedThroughAField) {
  for (const std::string& hostile : {std::string("a\"}\n{\"decision\":\"allow\""), std::string("a\r\nb"),
                                     std::string("\0\x1b[2J", 5), std::string("\\"), std::string("\xff\xfe\xc0\xaf"),
                                     std::string("\xed\xa0\x80"), std::string("\x7f"), std::string("\u2028\u202e")}) {
    Entry e = full_entry();
    for (std::string* field : {&e.id, &e.session, &e.resource, &e.action, &e.role, &e.rule, &e.policy, &e.method,
                               &e.path, &e.request_id, &e.trace, &e.peer, &e.token, &e.subject_token, &e.why})
      *field = hostile;
    const std::string text = to_canonical(e);
    expect_canonical(text);
    EXPECT_EQ(parse_json(text)->members()->size(), 21u) << "no member more or less";
    EXPECT_EQ(parse_json(text)->string_or("decision", ""), "deny");
  }
}

TEST(Entry, CutsThePathFirstAndSaysSo) {
  Entry e = full_entry();
  e.path = "/" + std::string(70'000, 'x');
  const std::string text = to_canonical(e);
  expect_canonical(text);
  EXPECT_THAT(text, HasSubstr(R"("truncated":["path"])"));
  EXPECT_THAT(text, HasSubstr(R"("detail":{"a":"x","b":1})"));
  EXPECT_EQ(parse_json(text)->string_or("path", "").size(), 256u);
}

TEST(Entry, CutsNoCharacterInHalf) {
  Entry e = full_entry();
  e.path = std::string(255, 'x');
  for (int i = 0; i < 30'000; ++i) e.path += "\u20ac";
  EXPECT_EQ(parse_json(to_canonical(e))->string_or("path", ""), std::string(255, 'x'));
}

TEST(Entry, AlwaysFitsAndNobodyHidesBehindALongClaim) {
  Entry e = full_entry();
  const std::string worst(20'000, '\x01');  // six bytes each when escaped
  for (std::string* field : {&e.id, &e.session, &e.resource, &e.action, &e.role, &e.rule, &e.policy, &e.method, &e.path,
                             &e.request_id, &e.trace, &e.peer, &e.token, &e.subject_token, &e.why})
    *field = worst;
  e.detail = Json::object({{"x", worst}});
  Json who = Json::object({{"job", "4711"}, {"user", "ada"}, {"claim", worst}, {"project", std::string(300, 'p')}});
  e.who = who.dump();
  const std::string text = to_canonical(e);
  expect_canonical(text);
  const Json out = *parse_json(text);
  EXPECT_EQ(out.find("who")->string_or("user", ""), "ada");
  EXPECT_EQ(out.find("who")->string_or("project", ""), std::string(256, 'p'));
  EXPECT_EQ(out.find("truncated")->array_items()->size(), 17u);
  EXPECT_THAT(text, Not(HasSubstr("\"detail\":{")));

  Json many = Json::object();
  for (int i = 0; i < 400; ++i) many.set("claim" + std::to_string(i), std::string(200, 'x'));
  e.who = many.dump();
  expect_canonical(to_canonical(e));
}

TEST(Entry, NamesOfEventsAndOutcomesAreStable) {
  EXPECT_EQ(name(Event::session_ended), "session_ended");
  EXPECT_EQ(name(Event::introspection), "introspection");
  EXPECT_EQ(name(Outcome::error), "error");
}

}  // namespace
}  // namespace watchword::audit
