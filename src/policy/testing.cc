// Running policy tests.
#include "policy/testing.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/files.h"
#include "policy/target.h"
#include "policy/test_case.h"

namespace watchword::policy {
namespace {

std::string_view word_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::allow:
      return "allow";
    case Outcome::deny:
      return "deny";
    case Outcome::error:
      break;
  }
  return "error";
}

Verdict refused(Reason reason) {
  Verdict out;
  out.reason = reason;
  return out;
}

// The way of a proxied request to its question, as the gateway goes it.
Verdict decide(const Policy& policy, const TestCase& test) {
  const Roles roles = policy.roles_of(test.principal);
  if (test.method.empty())
    return policy.evaluate({test.principal, roles, test.resource, test.action, {}, {}, {}, test.facts, test.at});
  const auto target = find_target(policy, {test.host, test.method, test.path, test.protocol});
  if (!target) return refused(target.error().reason);
  if (target->action == nullptr) return refused(Reason::action_unknown);
  return policy.evaluate({test.principal, roles, target->resource->name(), *target->action, test.method, target->path,
                          test.host, test.facts, test.at});
}

std::string shown(Outcome outcome, std::optional<Reason> reason, std::string_view role, std::string_view rule) {
  std::string out(word_of(outcome));
  if (reason) out += fmt::format(" {}", name(*reason));
  if (!role.empty()) out += fmt::format(" by role {}", role);
  if (!rule.empty()) out += fmt::format(" ({})", rule);
  return out;
}

TestOutcome run(const Policy& policy, const TestCase& test) {
  const Verdict verdict = decide(policy, test);
  const std::optional<Reason> reason = verdict.outcome == Outcome::allow ? std::nullopt : std::optional(verdict.reason);
  const bool passed = verdict.outcome == test.expect && (!test.reason || reason == test.reason) &&
                      (test.role.empty() || verdict.role == test.role);
  if (passed) return {test.name, test.where, std::nullopt};
  std::string found = shown(verdict.outcome, reason, verdict.role, verdict.rule);
  if (!verdict.found.empty()) found += ": " + verdict.found;
  return {test.name, test.where,
          Error{Reason::test_failed, std::move(found), shown(test.expect, test.reason, test.role, {}), test.where, {}}};
}

}  // namespace

std::expected<std::vector<TestOutcome>, std::vector<Error>> run_tests(const Policy& policy, std::string_view file,
                                                                      std::string_view content) {
  const auto root = yaml::read(file, content, Reason::policy_invalid);
  if (!root) return std::unexpected(root.error());
  yaml::Decoder decoder(std::string(file), Reason::policy_invalid);
  const auto tests = decode_tests(decoder, *root);
  if (!decoder.ok()) return std::unexpected(decoder.take_errors());
  std::vector<TestOutcome> out;
  for (const TestCase& test : tests) out.push_back(run(policy, test));
  return out;
}

std::expected<std::vector<TestOutcome>, std::vector<Error>> run_tests(const std::string& directory) {
  const auto policy = Policy::load(directory);
  if (!policy) return std::unexpected(policy.error());
  const auto files = read_policy_files(directory, true);
  if (!files) return std::unexpected(files.error());
  std::vector<TestOutcome> out;
  std::vector<Error> errors;
  for (const PolicyFile& file : *files) {
    auto outcomes = run_tests(**policy, file.path, file.content);
    if (outcomes)
      std::ranges::move(*outcomes, std::back_inserter(out));
    else
      std::ranges::move(outcomes.error(), std::back_inserter(errors));
  }
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return out;
}

}  // namespace watchword::policy
