// Finds the parts of an expression that decided.
#include "policy/cel/explain.h"

#include <optional>

#include "policy/cel/lexer.h"
#include "policy/cel/note.h"

namespace watchword::policy::cel {
namespace {

// Each part is evaluated anew, with a budget of its own.
struct Evaluated {
  Evaluated(const Program& program, const Bindings& bindings, const Node& node)
      : part(node), evaluator(program, bindings, workspace), value(evaluator.evaluate(node)) {}

  const Node& part;
  Workspace workspace;
  Evaluator evaluator;
  Value value;
};

Truth truth_of_part(const Program& program, const Bindings& bindings, NodeId id) {
  return truth_of(Evaluated(program, bindings, program.nodes[id]).value);
}

// The branch of ?: that is taken; none when the test fails.
std::optional<NodeId> branch(const Program& program, const Bindings& bindings, const Node& conditional) {
  const auto operands = program.operands_of(conditional);
  const Truth test = truth_of_part(program, bindings, operands[0]);
  if (test == Truth::yes) return operands[1];
  return test == Truth::no ? std::optional(operands[2]) : std::nullopt;
}

// Goes down to the smallest part that alone explains the truth of the node.
NodeId deciding(const Program& program, const Bindings& bindings, NodeId id) {
  const Node& node = program.nodes[id];
  const auto operands = program.operands_of(node);
  const Truth wanted = truth_of_part(program, bindings, id);
  if (node.op == Op::logical_and || (node.op == Op::logical_or && wanted != Truth::no)) {
    for (NodeId part : operands)
      if (truth_of_part(program, bindings, part) == wanted) return deciding(program, bindings, part);
  }
  if (node.op == Op::conditional)
    return deciding(program, bindings, branch(program, bindings, node).value_or(operands[0]));
  return id;
}

std::string because(const Program& program, const Evaluated& decided, const Note& note) {
  const std::string text = on_one_line(program.text_of(decided.part));
  std::string out = note.sentence.empty() ? text : note.sentence + ": " + text;
  if (note.found.starts_with(text + " is not known")) return note.found;
  if (note.found.starts_with("is ")) return out + " " + note.found;
  return note.found.empty() ? out : out + " (" + note.found + ")";
}

// Put together of parts. The negation of a single part is a part itself: it is what the condition asks for.
bool is_junction(const Program& program, const Node& node) {
  if (node.op == Op::logical_not) return is_junction(program, program.operand(node, 0));
  return node.op == Op::logical_and || node.op == Op::logical_or || node.op == Op::conditional;
}

void add_parts(const Program& program, const Bindings& bindings, const Node& node, std::vector<Part>& out) {
  if (node.op == Op::conditional) {
    add_parts(program, bindings, program.operand(node, 0), out);
    if (const auto taken = branch(program, bindings, node)) add_parts(program, bindings, program.nodes[*taken], out);
    return;
  }
  if (is_junction(program, node)) {
    for (NodeId id : program.operands_of(node)) add_parts(program, bindings, program.nodes[id], out);
    return;
  }
  Evaluated evaluated(program, bindings, node);
  Note note = note_on(program, node, evaluated.value, evaluated.evaluator);
  out.push_back({on_one_line(program.text_of(node)), truth_of(evaluated.value), std::move(note.found)});
}

}  // namespace

Truth truth_of(const Value& value) {
  if (const auto* flag = value.as<bool>()) return *flag ? Truth::yes : Truth::no;
  const Failure* failure = value.failure();
  return failure != nullptr && failure->unknown ? Truth::unknown : Truth::error;
}

ConditionResult decide(const Program& program, const Bindings& bindings) {
  Workspace workspace;
  Evaluator evaluator(program, bindings, workspace);
  ConditionResult result;
  result.truth = truth_of(evaluator.evaluate());
  if (result.truth == Truth::yes) return result;
  Evaluated decided(program, bindings, program.nodes[deciding(program, bindings, program.root)]);
  Note note = note_on(program, decided.part, decided.value, decided.evaluator);
  result.because = because(program, decided, note);
  result.fix = std::move(note.fix);
  return result;
}

std::vector<Part> explain(const Program& program, const Bindings& bindings) {
  std::vector<Part> out;
  add_parts(program, bindings, program.nodes[program.root], out);
  return out;
}

}  // namespace watchword::policy::cel
