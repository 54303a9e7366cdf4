// Matching of claims, and the index over them.
#include "policy/matcher.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "policy/decode_matcher.h"
#include "policy/matcher_index.h"
#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

Matcher matcher_of(const std::string& yaml) {
  const auto node = yaml::read("m", yaml, Reason::policy_invalid);
  yaml::Decoder decoder("m", Reason::policy_invalid);
  auto matcher = decode_matcher(decoder, "m", *node, MatcherUse::fence);
  for (const Error& error : decoder.take_errors()) ADD_FAILURE() << yaml << ": " << to_string(error);
  return matcher.value_or(Matcher{});
}

TEST(Matcher, ComparesEachClaimByItsType) {
  const Json claims = *parse_json(
      R"({"sub":"x","s":"main","n":42,"ns":"42","t":true,"ts":"true","l":["a","b",7],"e":[],"z":null,"o":{"in":"deep"},)"
      R"("https://acme.example/roles":["deploy"],"star":"*"})");
  const auto who = service(claims);
  const std::vector<std::pair<std::string, bool>> table = {{"s: main", true},
                                                           {"s: mai", false},
                                                           {"s: [x, main]", true},
                                                           {"s: [x, y]", false},
                                                           {"s: m*", true},
                                                           {"s: re:m.*", true},
                                                           {"n: 42", true},
                                                           {"n: '42'", false},
                                                           {"n: 43", false},
                                                           {"ns: 42", true},
                                                           {"ns: '42'", true},
                                                           {"ns: 0x2a", true},
                                                           {"ns: '042'", false},
                                                           {"t: true", true},
                                                           {"t: false", false},
                                                           {"t: 'true'", false},
                                                           {"ts: true", false},
                                                           {"ts: 'true'", true},
                                                           {"l: a", true},
                                                           {"l: c", false},
                                                           {"l: 7", true},
                                                           {"l: [c, b]", true},
                                                           {"l: '**'", true},
                                                           {"e: '**'", false},
                                                           {"z: '**'", false},
                                                           {"absent: '**'", false},
                                                           {"o: '**'", false},
                                                           {"o.in: deep", true},
                                                           {"\"https://acme.example/roles\": deploy", true},
                                                           {"star: main", false},
                                                           {"star: 're:\\*'", true},
                                                           {"s: main, n: 42", true},
                                                           {"s: main, n: 41", false},
                                                           {"issuer: okta, s: main", true},
                                                           {"issuer: okt, s: main", false},
                                                           {"issuer: 'okta*', s: main", false}};
  for (const auto& [fields, expected] : table) {
    const Matcher matcher = matcher_of("service: { " + fields + " }");
    EXPECT_EQ(matches(matcher, who), expected) << fields;
    EXPECT_EQ(MatcherIndex({&matcher}).matching(who).size(), expected ? 1U : 0U) << fields;
  }
  EXPECT_FALSE(matches(matcher_of("job: { s: main }"), who));
  EXPECT_FALSE(matches(matcher_of("person: { s: main }"), who));
}

TEST(Matcher, ExplainsEachPart) {
  std::vector<std::string> held, failed;
  explain(matcher_of("job: { issuer: gitlab, project_path: acme/billing, ref: [main, 're:release/.*'], ref_protected: "
                     "true, user_login: ada }"),
          job({{"ref", "feature/x"}, {"ref_protected", "false"}}), held, failed);
  EXPECT_THAT(held, ::testing::ElementsAre("the principal is job", "issuer is gitlab", "project_path is acme/billing"));
  EXPECT_THAT(failed,
              ::testing::ElementsAre("ref is feature/x, wanted main or re:release/.*",
                                     "ref_protected is false, wanted true", "user_login is absent, wanted ada"));
}

// Random matchers over a few claims and values, so that they often overlap.
class RandomMatchers {
 public:
  explicit RandomMatchers(unsigned seed) : random_(seed) {}

  std::string matcher() {
    std::string out = pick({"job", "job", "job", "service"}) + ": { ";
    if (pick({"y", "n"}) == "y") out += "issuer: " + pick({"gitlab", "okta"}) + ", ";
    bool any = false;
    for (const std::string claim : {"project_path", "ref", "project_id", "groups", "ref_protected"}) {
      if (pick({"y", "n"}) == "n" && (any || claim != "ref_protected")) continue;
      any = true;
      out += claim + ": " +
             (pick({"y", "n", "n"}) == "y" ? "[" + wanted(claim) + ", " + wanted(claim) + "]" : wanted(claim)) + ", ";
    }
    return out + "}";
  }

  issuer::Principal principal() {
    Json claims = Json::object({{"sub", "x"}});
    for (const std::string claim : {"project_path", "ref", "project_id", "groups", "ref_protected"}) {
      const std::string kind = pick({"value", "value", "value", "absent", "list"});
      if (kind == "value") claims.set(claim, value(claim));
      if (kind == "list") claims.set(claim, Json::array().push(value(claim)).push(value(claim)));
    }
    auto out = service(claims, pick({"gitlab", "okta", "other"}));
    out.kind = pick({"job", "service"}) == "job" ? issuer::Kind::job : issuer::Kind::service;
    return out;
  }

 private:
  std::string pick(std::vector<std::string> from) { return from[random_() % from.size()]; }

  std::string wanted(const std::string& claim) {
    if (claim == "ref_protected") return pick({"true", "false"});
    if (claim == "project_id") return pick({"1", "2", "'1'", "'2'", "'*'"});
    if (claim == "ref") return pick({"main", "dev", "'rel*'", "'re:d.*'", "'?ev'", "'**'"});
    return pick(
        {"a/x", "a/y", "b/x", "a/b/c", "'a/*'", "'a/**'", "'a/b/*'", "'*/x'", "'**'", "'re:a/.*'", "'a*'", "'/**'"});
  }
  Json value(const std::string& claim) {
    if (claim == "ref_protected") return pick({"t", "f"}) == "t" ? Json(true) : Json("true");
    if (claim == "project_id")
      return pick({"s", "i"}) == "s" ? Json(pick({"1", "2", "3"})) : Json(pick({"1", "2"}) == "1" ? 1 : 2);
    if (claim == "ref") return pick({"main", "dev", "rel-1", "rel/1", "*", "'rel*'", ""});
    return pick({"a/x", "a/y", "b/x", "a/b/c", "a/b/c/d", "a", "a/", "/a", "/", "", "a/*", "**", "re:a/.*"});
  }

  std::mt19937 random_;
};

TEST(MatcherIndex, FindsExactlyWhatTryingThemAllFinds) {
  std::size_t found = 0;
  for (unsigned seed = 0; seed < 200; ++seed) {
    RandomMatchers random(seed);
    std::vector<Matcher> matchers;
    for (unsigned i = 0; i < 1 + seed % 40; ++i) matchers.push_back(matcher_of(random.matcher()));
    std::vector<const Matcher*> pointers;
    for (const Matcher& matcher : matchers) pointers.push_back(&matcher);
    const MatcherIndex index(pointers);
    for (int i = 0; i < 40; ++i) {
      const auto who = random.principal();
      std::vector<std::uint32_t> naive;
      for (std::uint32_t m = 0; m < matchers.size(); ++m)
        if (matches(matchers[m], who)) naive.push_back(m);
      ASSERT_EQ(index.matching(who), naive) << "seed " << seed << " " << who.claims.dump();
      found += naive.size();
    }
  }
  EXPECT_GT(found, 4'000U);  // the comparison was about something
}

TEST(MatcherIndex, ALongValueCostsABoundedNumberOfLookUps) {
  std::string deep;
  for (int i = 0; i < 40; ++i) deep += "s/";
  const Matcher matcher = matcher_of("service: { path: '" + deep + "*' }"),
                other = matcher_of("service: { path: 's/s/**' }");
  const MatcherIndex index({&matcher, &other});
  EXPECT_THAT(index.matching(service(Json::object({{"sub", "x"}, {"path", deep + "x"}}))),
              ::testing::ElementsAre(0U, 1U));
}

}  // namespace
}  // namespace watchword::policy::testing
