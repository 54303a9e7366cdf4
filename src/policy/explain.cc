// Explain: every rule that bears on a question, and which part of it held.
#include <fmt/format.h>

#include <algorithm>

#include "policy/compiled_policy.h"

namespace watchword::policy {
namespace {

std::string_view word_of(Truth truth) {
  switch (truth) {
    case Truth::yes:
      return "holds";
    case Truth::no:
      return "does not hold";
    case Truth::unknown:
      return "is not known";
    case Truth::error:
      break;
  }
  return "cannot be evaluated";
}

// Each boolean part of a condition goes to the parts that held or that did not.
void note_parts(std::string_view key, const std::optional<Condition>& condition, const ConditionInput& input,
                Considered& out) {
  if (!condition) return;
  for (const Part& part : condition->explain(input)) {
    std::string line = fmt::format("{}: {} {}", key, part.text, word_of(part.truth));
    if (!part.note.empty()) line += fmt::format(" ({})", part.note);
    (part.truth == Truth::yes ? out.held : out.failed).push_back(std::move(line));
  }
}

bool concerns(const Role& role, std::uint32_t action) {
  return std::ranges::any_of(role.by_action, [&](const auto& one) { return one.first == action; });
}

}  // namespace

// Bindings of the role, then its permissions for the action where it holds the role or could.
void CompiledPolicy::explain_role(const Question& question, const Role& role, std::uint32_t action,
                                  std::vector<Considered>& out) const {
  const issuer::Machine* machine = question.principal.machine();
  for (const Matcher& matcher : role.bindings) {
    Considered line{matcher.place.rule, role.name, "binding", false, {}, {}};
    policy::explain(matcher, question.principal, line.held, line.failed);
    if (machine != nullptr && machine->fork && !matcher.forks)
      line.failed.emplace_back("the job is a fork's, wanted 'forks: true'");
    line.matched = line.failed.empty();
    out.push_back(std::move(line));
  }
  bool any = false;
  for (const auto& [number, permission] : role.by_action) {
    if (number != action) continue;
    any = true;
    Considered line{permission->place.rule, role.name, "permission", true, {}, {}};
    const auto input = input_of(question, permission->accept);
    line.matched = !permission->when || permission->when->evaluate(input).truth == Truth::yes;
    note_parts("when", permission->when, input, line);
    if (!permission->when) line.held.push_back(fmt::format("{}/{} is allowed", question.resource, question.action));
    out.push_back(std::move(line));
  }
  if (!any)
    out.push_back({role.place.rule,
                   role.name,
                   "permission",
                   false,
                   {},
                   {fmt::format("{}/{} is not in 'allow'", question.resource, question.action)}});
}

void CompiledPolicy::explain_fence(const Question& question, const DenyRule& rule, std::vector<Considered>& out) const {
  Considered line{rule.place.rule, "", "deny", rule.to.empty(), {}, {}};
  if (!rule.name.empty()) line.held.push_back(rule.name);
  for (const Matcher& matcher : rule.to) {
    policy::explain(matcher, question.principal, line.held, line.failed);
    line.matched |= policy::matches(matcher, question.principal);
  }
  if (rule.to.empty()) line.held.emplace_back("the rule is for everyone");
  const auto input = input_of(question);
  line.matched = line.matched && conditions_of(rule, input).truth != Truth::no;
  note_parts("when", rule.when, input, line);
  note_parts("unless", rule.unless, input, line);
  out.push_back(std::move(line));
}

std::vector<Considered> CompiledPolicy::explain(const Question& question) const {
  std::vector<Considered> out;
  const ResourceEntry* entry = find(question.resource);
  if (entry == nullptr) return out;
  const auto action = entry->actions.find(question.action);
  if (action == entry->actions.end()) return out;
  std::vector<std::uint32_t> rules;
  for (const std::uint32_t extent : extents_of_[action->second])
    rules.insert(rules.end(), extents_[extent].all.begin(), extents_[extent].all.end());
  std::ranges::sort(rules);
  const PolicyFacts facts(freezes_, question.facts, question.now);
  const Question asked = with_facts(question, facts);
  for (const std::uint32_t rule : rules) explain_fence(asked, deny_[rule], out);
  Roles own;
  const Roles& roles = roles_for(question, own);
  for (const Role& role : roles_)
    if (concerns(role, action->second) || std::ranges::find(roles.all, &role) != roles.all.end())
      explain_role(asked, role, action->second, out);
  return out;
}

}  // namespace watchword::policy
