// Walks a checked program. Pure: looks only at the bindings.
#pragma once

#include <array>
#include <forward_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "context/facts.h"
#include "policy/cel/ast.h"

namespace watchword::policy::cel {

struct Bindings {
  std::span<const Value> variables;  // by slot, as given to the checker; a failure where a variable has no value
  const context::Facts* facts = nullptr;
  context::Scope scope;
};

// A question that the expression asked of the facts, for explain.
struct Asked {
  const Node* call;
  std::vector<Value> arguments;
  std::optional<context::Fact> fact;
};

// One thread. Values that it returns live as long as the workspace, the evaluator and what the bindings refer to.
class Evaluator {
 public:
  Evaluator(const Program& program, const Bindings& bindings, Workspace& workspace)
      : program_(program), bindings_(bindings), workspace_(workspace) {}

  Value evaluate(const Node& node);
  Value evaluate() { return evaluate(program_.nodes[program_.root]); }
  const std::forward_list<Asked>& asked() const { return asked_; }  // the last question first

 private:
  Value operand(const Node& node, std::size_t at) { return evaluate(program_.operand(node, at)); }
  std::optional<Value> operands(const Node& node, std::span<Value> out);  // a value: the failure among them
  Value field(const Node& node);
  Value has(const Node& node);
  Value index(const Node& node);
  Value logical(const Node& node);
  Value logical_not(const Node& node);
  Value conditional(const Node& node);
  Value negate(const Node& node);
  Value binary(const Node& node);
  Value call(const Node& node);
  Value matches(const Node& node);
  Value calendar(const Node& node);
  Value context_call(const Node& node);
  Value list(const Node& node);
  Value map(const Node& node);
  Value quantifier(const Node& node);
  Value exists_one(const Node& node);
  Value filter(const Node& node);
  Value transform(const Node& node);
  Value no_overload(const Node& node, std::span<const Value> operands);
  Value missing(const Node& node, const Map& in, std::string_view name);

  const Program& program_;
  const Bindings& bindings_;
  Workspace& workspace_;
  std::array<Value, kMaxMacroNesting> locals_;
  std::forward_list<Asked> asked_;
};

// Of two failures the one to report: the first, but an unknown before an error. `kept` may not be a failure yet.
void merge_failure(Value& kept, const Value& next);

// operators.cc: the operators on values that are no failures. Nothing when the operator does not take these kinds.
std::optional<Value> apply(Op op, const Value& a, const Value& b, Workspace& workspace);
std::string_view symbol(Op op);  // "+"; the name of a macro

}  // namespace watchword::policy::cel
