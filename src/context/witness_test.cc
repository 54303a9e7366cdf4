#include "context/witness.h"

#include <gmock/gmock.h>

#include "context/fact_test_util.h"

namespace watchword::context {
namespace {

using ::testing::IsEmpty;

// Says how often it was asked, and for whom.
class Counting final : public Facts {
 public:
  std::optional<Fact> find(const Scope& scope, std::string_view name, const Json&) const override {
    ++asked;
    if (name == "unheard") return std::nullopt;
    return Fact{Json(std::string(scope.project)), "webhook", at(asked)};
  }
  bool job_over(const Scope&) const override { return true; }
  mutable int asked = 0;
};

TEST(Witness, OneDecisionSeesOneWorld) {
  const Counting facts;
  const Witness witness(facts, kScope);
  const auto first = witness.find(kScope, "merged", merged("a").arguments);
  const auto second = witness.find(kScope, "merged", merged("a").arguments);
  EXPECT_EQ(first->at, second->at);
  EXPECT_EQ(facts.asked, 1);
  EXPECT_NE(witness.find(kScope, "merged", merged("b").arguments)->at, first->at);
  EXPECT_EQ(facts.asked, 2);
}

TEST(Witness, AnswersForTheScopeItWasMadeFor) {
  const Counting facts;
  const Witness witness(facts, kScope);
  const Scope other{.issuer = "gitlab", .project = "acme/other"};
  EXPECT_EQ(*witness.find(other, "merged", {})->value.string(), "acme/billing");
}

TEST(Witness, RemembersWhatItWasAskedInOrderAlsoWhatIsNotKnown) {
  const Counting facts;
  Witness witness(facts, kScope);
  EXPECT_FALSE(witness.find(kScope, "unheard", Json::object({{"environment", "production"}})));
  EXPECT_FALSE(witness.find(kScope, "unheard", Json::object({{"environment", "production"}})));
  EXPECT_TRUE(witness.find(kScope, "merged", merged("a").arguments));
  EXPECT_EQ(facts.asked, 2);
  const auto seen = witness.take();
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].to_text(), "unheard(environment=production)");
  EXPECT_FALSE(seen[0].fact);
  EXPECT_EQ(seen[1].to_text(), "merged(into=main, sha=a)");
  EXPECT_TRUE(seen[1].fact);
  EXPECT_THAT(witness.take(), IsEmpty());
}

// Knows what was shown 30 minutes ago.
class Old final : public Facts {
 public:
  std::optional<Fact> find(const Scope& scope, std::string_view, const Json&) const override {
    if (scope.accept < std::chrono::minutes(30)) return std::nullopt;
    return Fact{Json(std::string(scope.project)), "webhook", at(0), {}, true};
  }
};

TEST(Witness, PassesOnHowOldAFactMayBeAndKeepsTheAnswersApart) {
  const Old facts;
  Witness witness(facts, kScope);
  const Scope patient{.issuer = {}, .project = {}, .accept = std::chrono::hours(1)};
  EXPECT_FALSE(witness.find(Scope{}, "merged", merged("a").arguments));
  const auto old = witness.find(patient, "merged", merged("a").arguments);
  ASSERT_TRUE(old);
  EXPECT_EQ(*old->value.string(), "acme/billing") << "the witness's own scope otherwise";
  EXPECT_FALSE(witness.find(Scope{}, "merged", merged("a").arguments));
  EXPECT_EQ(witness.take().size(), 2u);
}

TEST(Witness, AFreshAnswerIsOneForAllAges) {
  const Counting facts;
  Witness witness(facts, kScope);
  EXPECT_TRUE(
      witness.find({.issuer = {}, .project = {}, .accept = std::chrono::hours(1)}, "merged", merged("a").arguments));
  EXPECT_TRUE(witness.find(Scope{}, "merged", merged("a").arguments));
  EXPECT_EQ(facts.asked, 1);
}

TEST(Witness, KeepsWhatThePolicyAnsweredItself) {
  const Counting facts;
  Witness witness(facts, kScope);
  const auto production = Json::object({{"environment", "production"}});
  witness.answered("frozen", production, {true, "p.yaml:2", at(5)});
  witness.answered("frozen", production, {true, "p.yaml:2", at(5)});
  const auto seen = witness.take();
  ASSERT_EQ(seen.size(), 1u);
  EXPECT_EQ(seen[0].to_text(), "frozen(environment=production)");
  EXPECT_EQ(seen[0].fact->source, "p.yaml:2");
  EXPECT_EQ(facts.asked, 0);
}

TEST(Seen, ShowsArgumentsThatAreNoText) {
  EXPECT_EQ((Seen{"mr", Json::object({{"number", 7}, {"target", "main"}}), {}}.to_text()), "mr(number=7, target=main)");
  EXPECT_EQ((Seen{"job_running", Json::object(), {}}.to_text()), "job_running()");
}

}  // namespace
}  // namespace watchword::context
