// Conditions as the rest of the policy sees them: the variables, and the way from text to truth.
#include "policy/condition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "policy/cel/checker.h"
#include "policy/cel/context_functions.h"
#include "policy/cel/explain.h"
#include "policy/cel/parser.h"

namespace watchword::policy {
namespace {

using cel::Entry;
using cel::Failure;
using cel::Kind;
using cel::Value;
using cel::Variable;

constexpr std::array<std::string_view, 3> kRequestFields{"method", "path", "host"};
constexpr cel::Type kClaims{Kind::map, Kind::dyn, {}};
constexpr std::array<Variable, 5> kVariables{{{"job", kClaims},
                                              {"person", kClaims},
                                              {"claims", kClaims},
                                              {"request", {Kind::map, Kind::string, kRequestFields}},
                                              {"now", {Kind::timestamp, Kind::dyn, {}}}}};

// What stands in the place of claims that the principal has not.
struct Absent {
  Failure job{false, "there is no 'job': the principal is a person", "use 'claims' for what both have"};
  Failure person{false, "there is no 'person': the principal is a machine", "use 'claims' for what both have"};
  Failure claims{false, "the principal has no claims", ""};
  // Neither met nor failed: what a token says it may do must hold for every request.
  Failure request{true, "there is no request yet", "the gate decides it for each request"};
};
const Absent& absent() {
  static const Absent kAbsent;
  return kAbsent;
}

// The values of kVariables. Not moved: the bindings point into it.
struct Scene {
  explicit Scene(const ConditionInput& input) {
    const bool any = input.claims != nullptr && input.claims->view().is_object();
    const Value claims = any ? Value{cel::Map(input.claims->view())} : Value{&absent().claims};
    request = {{{{kRequestFields[0]}, {input.method}},
                {{kRequestFields[1]}, {input.path}},
                {{kRequestFields[2]}, {input.host}}}};
    values = {input.person ? Value{&absent().job} : claims, input.person ? claims : Value{&absent().person}, claims,
              input.method.empty() ? Value{&absent().request} : Value{cel::Map(std::span<const Entry>(request))},
              Value{input.now}};
    bindings = {values, input.facts, {.issuer = input.issuer, .project = input.project, .accept = input.accept}};
  }
  Scene(const Scene&) = delete;
  Scene& operator=(const Scene&) = delete;

  std::array<Entry, 3> request;
  std::array<Value, 5> values;
  cel::Bindings bindings;
};

Result<cel::Type> build(cel::Program& program, std::span<const Variable> variables) {
  WW_CHECK(cel::parse(program));
  return cel::check(program, variables);
}

Result<Time> time_of(const Json& variables, Time fallback) {
  const Json* now = variables.find("now");
  if (now == nullptr) return fallback;
  const auto time = now->string() == nullptr ? std::nullopt : from_rfc3339(*now->string());
  if (time) return *time;
  return fail(Reason::condition_invalid, now->dump(), "RFC 3339, as in \"2026-11-21T09:00:00Z\"", "now");
}

Result<context::TableFacts> facts_of(const Json& variables, Time now) {
  const Json* table = variables.find("context");
  return context::TableFacts::from_json(table == nullptr ? Json::array() : *table, now);
}

std::string_view project_of(const Json& variables) {
  const Json* job = variables.find("job");
  return variables.string_or("project", job == nullptr ? "" : job->string_or("project_path", ""));
}

}  // namespace

struct Condition::Program : cel::Program {
  using cel::Program::Program;
};

Result<Condition> Condition::compile(std::string_view text) {
  auto program = std::make_shared<Program>(text);
  WW_TRY(const cel::Type type, build(*program, kVariables));
  if (type.kind != Kind::boolean && type.kind != Kind::dyn)
    return cel::invalid(text, 0, fmt::format("an expression that gives {}", cel::with_article(type.kind)),
                        "one that gives a bool");
  Condition out;
  out.text_ = text;
  out.program_ = std::move(program);
  return out;
}

ConditionResult Condition::evaluate(const ConditionInput& input) const {
  const Scene scene(input);
  return cel::decide(*program_, scene.bindings);
}

bool Condition::asks_facts() const {
  return std::ranges::find(program_->nodes, cel::Op::context_call, &cel::Node::op) != program_->nodes.end();
}

std::vector<Part> Condition::explain(const ConditionInput& input) const {
  const Scene scene(input);
  return cel::explain(*program_, scene.bindings);
}

Result<Json> Condition::evaluate_any(std::string_view text, const Json& variables, Time now) {
  if (variables.members() == nullptr)
    return fail(Reason::condition_invalid, std::string(variables.type_name()),
                "an object: its members are the variables");
  WW_TRY(const Time time, time_of(variables, now));
  WW_TRY(const context::TableFacts facts, facts_of(variables, time));
  std::vector<Variable> names{{"now", {Kind::timestamp, Kind::dyn, {}}}};
  std::vector<Value> values{{time}};
  for (const auto& [name, value] : *variables.members()) {
    if (name == "now" || name == "context") continue;
    names.push_back({name, {}});
    values.push_back(cel::value_of(value));
  }
  cel::Program program(text);
  WW_CHECK(build(program, names));
  cel::Workspace workspace;
  const cel::Bindings bindings{values, &facts, {variables.string_or("issuer", ""), project_of(variables)}};
  return cel::to_json(cel::Evaluator(program, bindings, workspace).evaluate());
}

}  // namespace watchword::policy
