#include "context/facts.h"

#include <gmock/gmock.h>

namespace watchword::context {
namespace {

constexpr Time kAt{std::chrono::seconds(1'790'000'000)};

Result<TableFacts> facts(std::string_view json) { return TableFacts::from_json(parse_json(json).value(), kAt); }

constexpr std::string_view kDocument = R"([
  {"fact": "merged", "project": "acme/billing", "arguments": {"into": "main", "sha": "9f3c"}, "value": true},
  {"fact": "merged", "project": "acme/billing", "value": false},
  {"fact": "context.frozen", "issuer": "gitlab", "arguments": {"environment": "production"}, "value": {"until": 5}},
  {"fact": "pipeline_status", "value": "running"}])";

struct Case {
  const char *issuer, *project, *name, *arguments, *value;  // value: JSON; null: not known
};

TEST(TableFacts, AnswersWhatItsEntriesSayAndNothingElse) {
  const auto table = facts(kDocument);
  ASSERT_TRUE(table.has_value());
  const Case cases[] = {
      {"gitlab", "acme/billing", "merged", R"({"sha": "9f3c", "into": "main"})", "true"},
      {"gitlab", "acme/billing", "merged", R"({"sha": "0000", "into": "main"})", "false"},
      {"gitlab", "acme/other", "merged", R"({"sha": "9f3c", "into": "main"})", nullptr},
      {"gitlab", "acme/billing2", "merged", "{}", nullptr},
      {"gitlab", "", "merged", "{}", nullptr},
      {"gitlab", "acme/billing", "Merged", "{}", nullptr},
      {"gitlab", "acme/x", "frozen", R"({"environment": "production"})", R"({"until":5})"},
      {"github", "acme/x", "frozen", R"({"environment": "production"})", "false"},
      {"gitlab", "acme/x", "frozen", R"({"environment": "staging"})", "false"},
      {"", "", "pipeline_status", R"({"any": "thing"})", "\"running\""},
  };
  for (const Case& c : cases) {
    const auto fact = table->find({c.issuer, c.project}, c.name, parse_json(c.arguments).value());
    EXPECT_EQ(fact ? fact->value.dump() : "unknown", c.value == nullptr ? "unknown" : c.value)
        << c.project << " " << c.name << c.arguments;
    if (fact) EXPECT_EQ(fact->source, "test");
    if (fact) EXPECT_EQ(fact->at, kAt);
  }
}

TEST(TableFacts, OfWhatIsNotListedOnlyFrozenIsKnown) {
  const auto table = facts("[]");
  const auto environment = parse_json(R"({"environment": "production"})").value();
  const auto frozen = table->find({"gitlab", "acme/billing"}, "frozen", environment);
  ASSERT_TRUE(frozen.has_value());
  EXPECT_EQ(frozen->value.dump(), "false");
  EXPECT_EQ(frozen->at, kAt);
  EXPECT_FALSE(table->find({"gitlab", "acme/billing"}, "deployment", environment).has_value());
}

TEST(TableFacts, WithoutADocumentNothingIsKnown) {
  EXPECT_FALSE(TableFacts().find({"gitlab", "acme/billing"}, "merged", Json::object()).has_value());
}

TEST(TableFacts, RefusesEntriesThatSayNothingOrSomethingElse) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"fact": "merged"})", "list of facts"},
      {R"([{"fact": "mergd", "value": true}])", "a fact that conditions can ask for"},
      {R"([1])", "an object"},
      {R"([{"value": true}])", "the fact's name"},
      {R"([{"fact": "", "value": true}])", "not empty"},
      {R"([{"fact": 1, "value": true}])", "a string"},
      {R"([{"fact": "merged"}])", "what is true"},
      {R"([{"fact": "merged", "value": true, "project": ""}])", "not empty"},
      {R"([{"fact": "merged", "value": true, "arguments": ["main"]}])", "object by parameter name"},
      {R"([{"fact": "merged", "value": true, "projekt": "x"}])", "project"},
  };
  for (const auto& [document, expected] : cases) {
    const auto table = facts(document);
    ASSERT_FALSE(table.has_value()) << document;
    EXPECT_EQ(table.error().reason, Reason::config_invalid) << document;
    EXPECT_THAT(table.error().expected, ::testing::HasSubstr(expected)) << document;
  }
  const auto second =
      facts(R"([{"fact": "merged", "value": true}, {"fact": "merged", "value": true, "projekt": "x"}])");
  EXPECT_EQ(second.error().where, "facts[1]");
  EXPECT_EQ(second.error().fix, "write 'project'");
  EXPECT_EQ(facts(R"([{"fact": "context.mergd", "value": true}])").error().fix, "write 'merged'");
}

}  // namespace
}  // namespace watchword::context
