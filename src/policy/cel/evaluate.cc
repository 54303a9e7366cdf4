// Evaluation of every kind of node but the macros (macros.cc).
#include "policy/cel/evaluate.h"

#include <fmt/format.h>

#include <cmath>

#include "base/text.h"
#include "policy/cel/context_functions.h"
#include "policy/cel/functions.h"
#include "policy/cel/lexer.h"
#include "policy/cel/regex.h"

namespace watchword::policy::cel {

void merge_failure(Value& kept, const Value& next) {
  const Failure *old = kept.failure(), *young = next.failure();
  if (young != nullptr && (old == nullptr || (young->unknown && !old->unknown))) kept = next;
}

Value Evaluator::evaluate(const Node& node) {
  if (!workspace_.spend(1)) return workspace_.over_budget();
  switch (node.op) {
    case Op::literal:
      return node.literal;
    case Op::variable:
      return bindings_.variables[node.index];
    case Op::local:
      return locals_[node.index];
    case Op::field:
      return field(node);
    case Op::index:
      return index(node);
    case Op::has:
      return has(node);
    case Op::call:
      return call(node);
    case Op::matches:
      return matches(node);
    case Op::calendar:
      return calendar(node);
    case Op::context_call:
      return context_call(node);
    case Op::list:
      return list(node);
    case Op::map:
      return map(node);
    case Op::negate:
      return negate(node);
    case Op::logical_not:
      return logical_not(node);
    case Op::logical_and:
    case Op::logical_or:
      return logical(node);
    case Op::conditional:
      return conditional(node);
    case Op::all:
    case Op::exists:
      return quantifier(node);
    case Op::exists_one:
      return exists_one(node);
    case Op::filter:
      return filter(node);
    case Op::transform:
      return transform(node);
    case Op::add:
    case Op::subtract:
    case Op::multiply:
    case Op::divide:
    case Op::remainder:
    case Op::equal:
    case Op::not_equal:
    case Op::less:
    case Op::less_equal:
    case Op::greater:
    case Op::greater_equal:
    case Op::in:
      return binary(node);
  }
  return workspace_.error("not an operation");
}

std::optional<Value> Evaluator::operands(const Node& node, std::span<Value> out) {
  Value failed;
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = operand(node, i);
    merge_failure(failed, out[i]);
  }
  return failed.failure() == nullptr ? std::nullopt : std::optional(failed);
}

Value Evaluator::no_overload(const Node& node, std::span<const Value> operands) {
  std::string kinds;
  for (const Value& operand : operands) kinds += (kinds.empty() ? "" : ", ") + std::string(name(operand.kind()));
  const std::string_view operation = symbol(node.op);
  return workspace_.error(fmt::format("'{}' does not take ({})", operation.empty() ? node.name : operation, kinds));
}

Value Evaluator::missing(const Node& node, const Map& in, std::string_view wanted) {
  const std::string whole = on_one_line(program_.text_of(program_.operand(node, 0)));
  std::vector<std::string> names;
  for (std::size_t i = 0; i < in.size() && i < 200; ++i)
    if (const Value key = in.key(i); key.kind() == Kind::string) names.emplace_back(*key.as<std::string_view>());
  const auto near = nearest(wanted, names);
  const std::string test = node.op == Op::field ? fmt::format("has({}.{})", whole, wanted)
                                                : fmt::format("\"{}\" in {}", printable(wanted), whole);
  return workspace_.error(fmt::format("{} has no '{}'", whole, printable(wanted)),
                          near ? fmt::format("did you mean '{}'?", printable(*near))
                               : fmt::format("test for it first, as in {} && ...", test));
}

Value Evaluator::field(const Node& node) {
  const Value of = operand(node, 0);
  if (of.failure() != nullptr) return of;
  const auto* map = of.as<Map>();
  if (map == nullptr) return workspace_.error(fmt::format("{} has no field '{}'", with_article(of.kind()), node.name));
  Value found;
  if (!workspace_.spend(1 + map->size() / 8)) return workspace_.over_budget();
  return map->find({node.name}, found) ? found : missing(node, *map, node.name);
}

Value Evaluator::has(const Node& node) {
  const Value of = operand(node, 0);
  if (of.failure() != nullptr) return of;
  const auto* map = of.as<Map>();
  if (map == nullptr) return workspace_.error(fmt::format("has() of a field of {}", with_article(of.kind())));
  Value found;
  if (!workspace_.spend(1 + map->size() / 8)) return workspace_.over_budget();
  return {map->find({node.name}, found)};
}

Value Evaluator::index(const Node& node) {
  std::array<Value, 2> values;
  if (const auto failed = operands(node, values)) return *failed;
  const Value& key = values[1];
  if (const auto* map = values[0].as<Map>()) {
    Value found;
    if (!workspace_.spend(1 + map->size() / 8)) return workspace_.over_budget();
    if (map->find(key, found)) return found;
    if (const auto* text = key.as<std::string_view>()) return missing(node, *map, *text);
    return workspace_.error(fmt::format("no entry for the key {}", show(key)));
  }
  const auto* list = values[0].as<List>();
  const auto* number = key.as<double>();
  if (list == nullptr || (key.kind() != Kind::integer && number == nullptr)) return no_overload(node, values);
  if (number != nullptr && (std::trunc(*number) != *number || std::abs(*number) > 1e9))
    return workspace_.error(fmt::format("{} is no index", show(key)));
  const std::int64_t at = number != nullptr ? static_cast<std::int64_t>(*number) : *key.as<std::int64_t>();
  if (at < 0 || static_cast<std::uint64_t>(at) >= list->size())
    return workspace_.error(fmt::format("there is no item {} in a list of {}", at, list->size()));
  return list->at(static_cast<std::size_t>(at));
}

// Commutative: an operand that decides wins over failures before and after it.
Value Evaluator::logical(const Node& node) {
  const bool decisive = node.op == Op::logical_or;
  Value failed;
  for (std::size_t i = 0; i < node.count; ++i) {
    const Value value = operand(node, i);
    if (const auto* flag = value.as<bool>()) {
      if (*flag == decisive) return value;
      continue;
    }
    merge_failure(failed, value.failure() != nullptr ? value : no_overload(node, {&value, 1}));
  }
  return failed.failure() != nullptr ? failed : Value{!decisive};
}

Value Evaluator::logical_not(const Node& node) {
  const Value value = operand(node, 0);
  if (value.failure() != nullptr) return value;
  const auto* flag = value.as<bool>();
  return flag != nullptr ? Value{!*flag} : no_overload(node, {&value, 1});
}

Value Evaluator::conditional(const Node& node) {
  const Value test = operand(node, 0);
  if (test.failure() != nullptr) return test;
  const auto* flag = test.as<bool>();
  return flag != nullptr ? operand(node, *flag ? 1 : 2) : no_overload(node, {&test, 1});
}

Value Evaluator::negate(const Node& node) {
  const Value value = operand(node, 0);
  if (value.failure() != nullptr) return value;
  if (const auto* number = value.as<double>()) return {-*number};
  const auto* integer = value.as<std::int64_t>();
  if (integer == nullptr) return no_overload(node, {&value, 1});
  std::int64_t out = 0;
  if (__builtin_sub_overflow(std::int64_t{0}, *integer, &out)) return workspace_.error("'-' overflows");
  return {out};
}

Value Evaluator::binary(const Node& node) {
  std::array<Value, 2> values;
  if (const auto failed = operands(node, values)) return *failed;
  if (const auto made = apply(node.op, values[0], values[1], workspace_)) return *made;
  return no_overload(node, values);
}

Value Evaluator::call(const Node& node) {
  std::array<Value, 2> storage;
  const std::span<Value> arguments(storage.data(), node.count);
  if (const auto failed = operands(node, arguments)) return *failed;
  const auto takes = [&](const Function& row) {
    if (row.arity != arguments.size()) return false;
    for (std::size_t i = 0; i < row.arity; ++i)
      if (row.parameters[i] != Kind::dyn && row.parameters[i] != arguments[i].kind()) return false;
    return true;
  };
  for (const Function& row : functions().subspan(node.index)) {
    if (row.name != node.name) break;
    if (takes(row)) return row.call(workspace_, arguments);
  }
  return no_overload(node, arguments);
}

Value Evaluator::matches(const Node& node) {
  const Value value = operand(node, 0);
  if (value.failure() != nullptr) return value;
  const auto* text = value.as<std::string_view>();
  if (text == nullptr) return no_overload(node, {&value, 1});
  if (!workspace_.spend(8 + text->size() / 8)) return workspace_.over_budget();
  return {RE2::PartialMatch(re2::StringPiece(text->data(), text->size()), program_.regexes[node.index]->compiled)};
}

Value Evaluator::calendar(const Node& node) {
  const Value value = operand(node, 0);
  if (value.failure() != nullptr) return value;
  const auto* time = value.as<Time>();
  if (time == nullptr) return no_overload(node, {&value, 1});
  const ZonedPart& asked = program_.zoned_parts[node.index];
  return {asked.part(*time + asked.zone.offset_at(*time))};
}

Value Evaluator::context_call(const Node& node) {
  const ContextFunction& function = context_functions()[node.index];
  Asked asked{&node, std::vector<Value>(node.count), {}};
  if (const auto failed = operands(node, asked.arguments)) return *failed;
  if (!workspace_.spend(20)) return workspace_.over_budget();
  Json arguments = Json::object();
  for (std::size_t i = 0; i < function.arity; ++i) {
    const auto* text = asked.arguments[i].as<std::string_view>();
    if (text == nullptr) return no_overload(node, asked.arguments);
    arguments.set(function.parameters[i].name, *text);
  }
  if (bindings_.facts != nullptr) asked.fact = bindings_.facts->find(bindings_.scope, function.name, arguments);
  const Asked& kept = asked_.emplace_front(std::move(asked));
  if (!kept.fact)
    return workspace_.unknown(fmt::format("{} is not known", on_one_line(program_.text_of(node))),
                              "wait until the fact arrives, or check that events from the CI system reach the gate");
  const Value value = value_of(kept.fact->value);
  if (value.kind() == function.result) return value;
  return workspace_.error(fmt::format("{} is {}, where {} belongs", on_one_line(program_.text_of(node)),
                                      with_article(value.kind()), with_article(function.result)));
}

Value Evaluator::list(const Node& node) {
  std::vector<Value> items(node.count);
  if (const auto failed = operands(node, items)) return *failed;
  return workspace_.list(std::move(items));
}

Value Evaluator::map(const Node& node) {
  std::vector<Entry> entries;
  Value failed;
  for (std::size_t i = 0; i < node.count; i += 2) {
    const Entry entry{operand(node, i), operand(node, i + 1)};
    merge_failure(failed, entry.key);
    merge_failure(failed, entry.value);
    const Kind kind = entry.key.kind();
    if (kind != Kind::string && kind != Kind::integer && kind != Kind::boolean)
      merge_failure(failed, workspace_.error(fmt::format("{} as the key of a map", with_article(kind))));
    for (const Entry& other : entries)
      if (compare(other.key, entry.key) == Order::same)
        merge_failure(failed, workspace_.error(fmt::format("the key {} twice in a map", show(entry.key))));
    entries.push_back(entry);
  }
  return failed.failure() != nullptr ? failed : workspace_.map(std::move(entries));
}

}  // namespace watchword::policy::cel
