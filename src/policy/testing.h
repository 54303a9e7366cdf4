// Table tests that users keep beside their policies (docs/policy.md, "Testing"): *.test.yaml in the policy directory.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "policy/policy.h"

namespace watchword::policy {

struct TestOutcome {
  std::string name, where;
  std::optional<Error> failure;  // test_failed: found and expected decisions
};

// Runs every test of the directory's *.test.yaml files against its policy. An unreadable test file is an error, and so
// is a policy that does not load. Nothing is verified and no clock is read: claims and time are the test's.
std::expected<std::vector<TestOutcome>, std::vector<Error>> run_tests(const std::string& directory);
// The tests of one file's text against a policy in hand.
std::expected<std::vector<TestOutcome>, std::vector<Error>> run_tests(const Policy& policy, std::string_view file,
                                                                      std::string_view content);

}  // namespace watchword::policy
