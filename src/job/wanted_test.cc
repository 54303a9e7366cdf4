// A command finds each resource under a name of its own.
#include "job/wanted.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace watchword::job {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<Wanted> wanted(const std::vector<std::string>& words) { return *parse_wanted(words); }

std::string url_of(const std::string& resource) { return name_variables(wanted({resource}), {}).value()[0].at(0).url; }

Error refused(const std::vector<std::string>& words, const std::vector<std::string>& renames) {
  auto names = name_variables(wanted(words), renames);
  EXPECT_FALSE(names);
  return names ? Error() : names.error();
}

TEST(Wanted, MergesTheActionsOfOneResource) {
  const auto all = wanted({"billing-api/read", "ledger-db", "billing-api/write", "billing-api/read"});
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].resource, "billing-api");
  EXPECT_THAT(all[0].actions, ElementsAre("read", "write"));
  EXPECT_EQ(all[1].resource, "ledger-db");
  EXPECT_THAT(all[1].actions, IsEmpty());
}

TEST(Wanted, ResourceWithoutAnActionIsWantedWhole) {
  EXPECT_THAT(wanted({"billing-api/read", "billing-api"})[0].actions, IsEmpty());
  EXPECT_THAT(wanted({"billing-api", "billing-api/read"})[0].actions, IsEmpty());
}

TEST(Wanted, WordsThatNoPolicyNamesAreRefused) {
  for (const auto* word :
       {"", "/", "/read", "api/", "a/b/c", "-v", "--gate", "a b", "api/-", "a\n", "https://x", "ä"}) {
    const auto parsed = parse_wanted({word});
    ASSERT_FALSE(parsed) << word;
    EXPECT_EQ(parsed.error().reason, Reason::usage_invalid);
  }
  EXPECT_FALSE(parse_wanted({std::string(101, 'a')}));
}

TEST(VariableNames, AreTheResourcesInUpperCase) {
  EXPECT_EQ(url_of("billing-api"), "BILLING_API_URL");
  EXPECT_EQ(url_of("Billing.api_v2"), "BILLING_API_V2_URL");
  EXPECT_EQ(url_of("3scale"), "_3SCALE_URL");
  EXPECT_EQ(url_of("a--b"), "A__B_URL");
}

TEST(VariableNames, AreWhatEnvSays) {
  const auto names = *name_variables(wanted({"billing-api", "ledger-db"}),
                                     {"BASE_URL=billing-api", "endpoint=billing-api", "DATABASE=ledger-db"});
  ASSERT_EQ(names[0].size(), 2u);
  EXPECT_EQ(names[0][0].url, "BASE_URL");
  EXPECT_EQ(names[0][0].stem, "BASE");
  EXPECT_EQ(names[0][1].url, "endpoint");
  EXPECT_EQ(names[0][1].stem, "endpoint");
  ASSERT_EQ(names[1].size(), 1u);
  EXPECT_EQ(names[1][0].url, "DATABASE");
}

TEST(VariableNames, OfTwoResourcesAreNeverOne) {
  const auto error = refused({"billing-api", "billing.api"}, {});
  EXPECT_EQ(error.reason, Reason::usage_invalid);
  EXPECT_THAT(error.found, HasSubstr("BILLING_API_URL for both billing-api and billing.api"));
  EXPECT_THAT(error.fix, HasSubstr("--env NAME=billing.api"));
  EXPECT_TRUE(name_variables(wanted({"billing-api", "billing.api"}), {"OTHER_URL=billing.api"}));
  EXPECT_THAT(refused({"a", "b"}, {"X_URL=a", "X_URL=b"}).found, HasSubstr("X_URL for both a and b"));
  EXPECT_THAT(refused({"a", "b"}, {"B_HOST=a"}).found, HasSubstr("B_HOST for both a and b"));
}

TEST(VariableNames, LeaveThoseOfOthersAlone) {
  for (const auto* resource : {"watchword", "watchword-run", "ci-api-v4", "ci"}) {
    const auto error = refused({resource}, {});
    EXPECT_THAT(error.fix, HasSubstr("--env NAME=")) << resource;
    EXPECT_TRUE(name_variables(wanted({resource}), {std::string("SERVICE_URL=") + resource}));
  }
  EXPECT_EQ(refused({"api"}, {"WATCHWORD_RUN=api"}).reason, Reason::usage_invalid);
}

TEST(VariableNames, RenamesThatCannotBeMeantAreRefused) {
  for (const auto* text : {"", "=api", "X", "1X=api", "X-Y=api", "X Y=api", "X=other", "X="})
    EXPECT_EQ(refused({"api"}, {text}).reason, Reason::usage_invalid) << text;
}

}  // namespace
}  // namespace watchword::job
