// A decision does not slow down with the number of rules. The times are printed, not asserted (./dev bench measures
// them in a release build); what is asserted is that large policies decide as small ones do.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "policy/policy_test_util.h"

namespace watchword::policy::testing {
namespace {

// Each role bound to a project of its own, and a deny rule for another one.
std::vector<std::pair<std::string, std::string>> files_with(int roles) {
  constexpr int kPerFile = 1'000;
  std::vector<std::pair<std::string, std::string>> files;
  files.emplace_back(
      "api.yaml",
      "resources: { api: { http: { upstream: https://api.internal, host: api.acme.dev }, actions: { read: { "
      "methods: [GET] }, write: { methods: [POST] } } } }");
  for (int first = 0; first < roles; first += kPerFile) {
    std::string all = "roles:\n", deny = "deny:\n";
    for (int i = first; i < std::min(roles, first + kPerFile); ++i) {
      all += fmt::format(
          "  role-{0}: {{ granted_to: [{{ job: {{ issuer: gitlab, project_path: acme/p{0}, ref: main, ref_protected: "
          "true }} "
          "}}], allow: [{{ permission: api/write, when: job.environment == \"production\" }}] }}\n",
          i);
      deny += fmt::format("  - {{ permission: \"*/write\", to: {{ job: {{ project_path: acme/q{0} }} }} }}\n", i);
    }
    files.emplace_back(fmt::format("p{:03}.yaml", files.size()), all + deny);
  }
  return files;
}

template <class F>
double nanoseconds(int times, F&& f) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) f();
  return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - start).count() / times;
}

TEST(Scale, ADecisionIsTheSameInLargePolicies) {
  for (const int roles : {10, 1'000, 10'000}) {
    const auto start = std::chrono::steady_clock::now();
    const auto policy = Policy::parse(files_with(roles));
    ASSERT_TRUE(policy) << to_string(policy.error()[0]);
    const std::chrono::duration<double, std::milli> load = std::chrono::steady_clock::now() - start;
    const std::string number = std::to_string(roles - 1), resource = "api";
    const auto who = job({{"project_path", "acme/p" + number}});
    const Roles held = (*policy)->roles_of(who);
    ASSERT_EQ(held.all.size(), 1U);
    EXPECT_EQ(shown(ask(**policy, who, resource, "write")).substr(0, 10), "allow role");
    EXPECT_EQ(shown(ask(**policy, who, "api", "read")).substr(0, 18), "deny not_permitted");
    EXPECT_EQ(shown(ask(**policy, job({{"project_path", "acme/q" + number}}), resource, "write")).substr(0, 19),
              "deny denied_by_rule");
    const Question question{who, held, resource, "write", "POST", "/", "", no_facts(), from_unix(0)};
    constexpr int kTimes = 2'000;
    const double roles_of = nanoseconds(kTimes, [&] { EXPECT_EQ((*policy)->roles_of(who).all.size(), 1U); });
    const double evaluate =
        nanoseconds(kTimes, [&] { EXPECT_EQ((*policy)->evaluate(question).outcome, Outcome::allow); });
    std::printf("%6d roles, %6zu rules: load %.0f ms, roles_of %.0f ns, evaluate %.0f ns\n", roles,
                (*policy)->rule_count(), load.count(), roles_of, evaluate);
  }
}

}  // namespace
}  // namespace watchword::policy::testing
