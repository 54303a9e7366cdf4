// Collects the claims, variables and facts that a part of an expression uses, with their values.
#include "policy/cel/note.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "policy/cel/context_functions.h"
#include "policy/cel/lexer.h"

namespace watchword::policy::cel {
namespace {

constexpr std::size_t kMostFindings = 4;

bool is_path(const Program& program, const Node& node) {
  if (node.op == Op::variable) return true;
  if (node.op != Op::field && node.op != Op::index) return false;
  if (node.op == Op::index && program.operand(node, 1).op != Op::literal) return false;
  return is_path(program, program.operand(node, 0));
}

std::string source_of(const Asked& asked) {
  if (!asked.fact) return "";
  const context::Fact& fact = *asked.fact;
  std::string out = fmt::format(" ({}, {}", printable(fact.source), to_rfc3339(fact.at));
  if (fact.past_limit) out += ", older than the normal limit";
  if (!fact.why.empty()) out += fmt::format(", {}", printable(fact.why));
  return out + ")";
}

class Collector {
 public:
  Collector(const Program& program, const Node& part, Evaluator& evaluator)
      : program_(program), part_(part), evaluator_(evaluator) {}

  void collect(const Node& node) {
    if (findings_.size() >= kMostFindings) return;
    if (is_path(program_, node)) return add(node, show_found(evaluator_.evaluate(node)));
    if (node.op == Op::has) return add_presence(node);
    if (node.op == Op::context_call) add_fact(node);
    for (NodeId id : program_.operands_of(node)) collect(program_.nodes[id]);
  }

  std::string text() const { return fmt::format("{}", fmt::join(findings_, "; ")); }

 private:
  // Failures are whole sentences already.
  std::string show_found(const Value& value) const {
    return value.failure() != nullptr ? value.failure()->text : "is " + show(value);
  }

  // has(a.b): what a.b is.
  void add_presence(const Node& node) {
    Node selected = node;
    selected.op = Op::field;
    const std::string of = on_one_line(program_.text_of(program_.operand(node, 0)));
    const Value value = evaluator_.evaluate(selected);
    push(value.failure() != nullptr ? value.failure()->text : fmt::format("{}.{} is {}", of, node.name, show(value)));
  }

  void add_fact(const Node& node) {
    const auto& all = evaluator_.asked();
    const auto asked = std::ranges::find(all, &node, &Asked::call);
    if (asked == all.end() || !asked->fact) return;
    add(node, fmt::format("is {}{}", show(value_of(asked->fact->value)), source_of(*asked)));
  }

  void add(const Node& node, const std::string& what) {
    const bool whole = &node == &part_ || !what.starts_with("is ");
    push(whole ? what : on_one_line(program_.text_of(node)) + " " + what);
  }

  void push(std::string finding) {
    if (std::ranges::find(findings_, finding) == findings_.end()) findings_.push_back(std::move(finding));
  }

  const Program& program_;
  const Node& part_;
  Evaluator& evaluator_;
  std::vector<std::string> findings_;
};

// The context function that is the part, or its negation; it then decides by itself.
const Node* bare_call(const Program& program, const Node& part) {
  if (part.op == Op::context_call) return &part;
  return part.op == Op::logical_not ? bare_call(program, program.operand(part, 0)) : nullptr;
}

void add_meaning(const Program& program, const Node& part, const Evaluator& evaluator, Note& note) {
  const Node* bare = bare_call(program, part);
  for (const Asked& asked : evaluator.asked()) {
    if (!asked.fact) continue;
    const ContextFunction& function = context_functions()[asked.call->index];
    const bool* flag = asked.fact->value.boolean();
    const bool is_true = flag != nullptr && *flag;
    note.fix = fill(is_true ? function.fix_true : function.fix_false, function, asked.arguments);
    if (asked.call == bare)
      note.sentence = fill(is_true ? function.when_true : function.when_false, function, asked.arguments);
  }
}

}  // namespace

Note note_on(const Program& program, const Node& part, const Value& value, Evaluator& evaluator) {
  Note note;
  add_meaning(program, part, evaluator, note);
  Collector collector(program, part, evaluator);
  collector.collect(part);
  note.found = collector.text();
  const Failure* failure = value.failure();
  if (failure == nullptr && value.kind() == Kind::boolean) return note;
  if (failure != nullptr) note.fix = failure->fix;
  const std::string problem =
      failure != nullptr ? failure->text : fmt::format("{} where a bool belongs", with_article(value.kind()));
  if (note.found.find(problem) == std::string::npos) note.found += (note.found.empty() ? "" : "; ") + problem;
  return note;
}

}  // namespace watchword::policy::cel
