// The decision: deny rules first, then permissions. Costs a few hash look-ups, whatever the size of the policy.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "policy/compiled_policy.h"

namespace watchword::policy {
namespace {

Verdict refusal(Outcome outcome, Reason reason, std::string found, std::string expected) {
  Verdict out;
  out.outcome = outcome;
  out.reason = reason;
  out.found = std::move(found);
  out.expected = std::move(expected);
  return out;
}

Reason reason_of(Truth truth) {
  switch (truth) {
    case Truth::unknown:
      return Reason::context_unknown;
    case Truth::error:
      return Reason::condition_failed;
    case Truth::yes:
    case Truth::no:
      break;
  }
  return Reason::context_not_met;
}

// Which of several unmet permissions to report: a failure must be mended, a missing fact may still arrive.
int weight(Truth truth) { return truth == Truth::error ? 2 : (truth == Truth::unknown ? 1 : 0); }

}  // namespace

Question with_facts(const Question& question, const context::Facts& facts) {
  return {question.principal, question.roles, question.resource, question.action, question.method, question.path,
          question.host,      facts,          question.now};
}

ConditionInput input_of(const Question& question, Duration accept) {
  const issuer::Machine* machine = question.principal.machine();
  ConditionInput input;
  input.claims = &question.principal.claims;
  input.person = question.principal.person() != nullptr;
  input.issuer = question.principal.issuer;
  input.project = machine == nullptr ? std::string_view() : machine->project;
  input.method = question.method;
  input.path = question.path;
  input.host = question.host;
  input.now = question.now;
  input.facts = &question.facts;
  input.accept = accept;
  return input;
}

Denial conditions_of(const DenyRule& rule, const ConditionInput& input) {
  Denial out;
  if (rule.when) {
    ConditionResult when = rule.when->evaluate(input);
    if (when.truth == Truth::no) return {Truth::no, {}, {}, {}};
    out = {when.truth, std::move(when.because), fmt::format("not: {}", rule.when->text()), std::move(when.fix)};
  }
  if (!rule.unless) return out;
  ConditionResult unless = rule.unless->evaluate(input);
  if (unless.truth == Truth::yes) return {Truth::no, {}, {}, {}};
  const Truth denies = unless.truth == Truth::no ? Truth::yes : unless.truth;
  // Both must be certain for a certain denial.
  if (weight(denies) >= weight(out.truth))
    out = {denies, std::move(unless.because), rule.unless->text(), std::move(unless.fix)};
  return out;
}

const Roles& CompiledPolicy::roles_for(const Question& question, Roles& own) const {
  if (question.roles.policy.get() == this) return question.roles;
  own = roles_of(question.principal);
  return own;
}

std::vector<std::uint32_t> CompiledPolicy::fences_for(const Roles& roles, std::uint32_t action) const {
  std::vector<std::uint32_t> out;
  for (const std::uint32_t extent : extents_of_[action]) {
    const auto& everyone = extents_[extent].everyone;
    out.insert(out.end(), everyone.begin(), everyone.end());
    for (const auto& fence : std::ranges::equal_range(roles.fences, extent, {}, &Roles::Fence::extent))
      out.push_back(fence.rule);
  }
  std::ranges::sort(out);
  return out;
}

std::optional<Verdict> CompiledPolicy::denied(const Question& question, const Roles& roles,
                                              std::uint32_t action) const {
  std::optional<Verdict> unsure;
  int worst = -1;
  for (const std::uint32_t number : fences_for(roles, action)) {
    const DenyRule& rule = deny_[number];
    Denial denial = conditions_of(rule, input_of(question));
    if (denial.truth == Truth::no) continue;
    const bool sure = denial.truth == Truth::yes;
    if (!sure && weight(denial.truth) <= worst) continue;
    const std::string& why = rule.why.empty() ? rule.name : rule.why;
    std::string found = why;
    if (!denial.found.empty()) found += (why.empty() ? "" : ": ") + denial.found;
    Verdict verdict =
        refusal(denial.truth == Truth::error ? Outcome::error : Outcome::deny,
                sure ? Reason::denied_by_rule : reason_of(denial.truth), std::move(found), std::move(denial.expected));
    verdict.fix = std::move(denial.fix);
    verdict.rule = rule.place.rule;
    if (sure) return verdict;
    worst = weight(denial.truth);
    unsure = std::move(verdict);
  }
  return unsure;
}

Verdict CompiledPolicy::permitted(const Question& question, const Roles& roles, std::uint32_t action) const {
  std::optional<Verdict> best;
  int best_weight = -1;
  for (const Role* role : roles.all) {
    for (const auto& [number, permission] :
         std::ranges::equal_range(role->by_action, action, {}, &std::pair<std::uint32_t, const Permission*>::first)) {
      ConditionResult result;
      result.truth = Truth::yes;
      if (permission->when) result = permission->when->evaluate(input_of(question, permission->accept));
      if (result.truth != Truth::yes && weight(result.truth) <= best_weight) continue;
      Verdict verdict;
      verdict.role = role->name;
      verdict.rule = permission->place.rule;
      if (result.truth == Truth::yes) {
        verdict.outcome = Outcome::allow;
        return verdict;
      }
      verdict.outcome = result.truth == Truth::error ? Outcome::error : Outcome::deny;
      verdict.reason = reason_of(result.truth);
      verdict.found = std::move(result.because);
      verdict.expected = permission->when->text();
      verdict.fix = std::move(result.fix);
      best_weight = weight(result.truth);
      best = std::move(verdict);
    }
  }
  if (best) return *std::move(best);
  std::vector<std::string_view> names;
  for (const Role* role : roles.all) names.push_back(role->name);
  Verdict verdict = refusal(Outcome::deny, Reason::not_permitted, fmt::format("role {}", fmt::join(names, ", ")),
                            fmt::format("a role that allows {}/{}", question.resource, question.action));
  verdict.role = roles.all.front()->name;
  verdict.rule = roles.all.front()->place.rule;
  return verdict;
}

Verdict CompiledPolicy::evaluate(const Question& question) const {
  const ResourceEntry* entry = find(question.resource);
  if (entry == nullptr)
    return refusal(Outcome::deny, Reason::resource_unknown, fmt::format("'{}'", question.resource), "a known resource");
  const auto action = entry->actions.find(question.action);
  if (action == entry->actions.end())
    return refusal(Outcome::deny, Reason::action_unknown, fmt::format("'{}/{}'", question.resource, question.action),
                   fmt::format("{}/{}", question.resource, fmt::join(entry->resource->actions(), " or ")));
  Roles own;
  const Roles& roles = roles_for(question, own);
  const PolicyFacts facts(freezes_, question.facts, question.now);
  const Question asked = with_facts(question, facts);
  if (auto verdict = denied(asked, roles, action->second)) return *std::move(verdict);
  if (!roles.all.empty()) return permitted(asked, roles, action->second);
  if (roles.fork_refused)
    return refusal(Outcome::deny, Reason::fork_not_admitted, issuer::you_are(question.principal),
                   "a binding with 'forks: true'");
  return refusal(Outcome::deny, Reason::no_binding, issuer::you_are(question.principal),
                 "a role granted to this principal");
}

}  // namespace watchword::policy
