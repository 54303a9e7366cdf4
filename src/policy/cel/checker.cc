// The checker: one pass from the leaves to the root.
#include "policy/cel/checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "policy/cel/context_functions.h"
#include "policy/cel/evaluate.h"
#include "policy/cel/functions.h"
#include "policy/cel/operator_types.h"
#include "policy/cel/regex.h"
#include "policy/cel/time.h"

namespace watchword::policy::cel {
namespace {

struct Local {
  std::string_view name;
  Type type;
};

class Checker {
 public:
  Checker(Program& program, std::span<const Variable> variables) : program_(program), variables_(variables) {}

  Result<Type> run() { return check(program_.root); }

 private:
  Node& node(NodeId id) { return program_.nodes[id]; }
  NodeId operand_id(const Node& of, std::size_t at) const { return program_.operands[of.first + at]; }
  Result<Type> check_operand(const Node& of, std::size_t at) { return check(operand_id(of, at)); }

  std::unexpected<Error> bad(const Node& at, std::string found, std::string expected, std::string fix = {}) const {
    return invalid(program_.text, at.begin, std::move(found), std::move(expected), std::move(fix));
  }
  std::unexpected<Error> bad_name(const Node& at, std::string found, std::string expected, std::string fix = {}) const {
    const auto begin = static_cast<std::size_t>(at.name.data() - program_.text.data());
    return invalid(program_.text, begin, std::move(found), std::move(expected), std::move(fix));
  }
  static std::string did_you_mean(std::string_view word, const std::vector<std::string>& words) {
    const auto near = nearest(word, words);
    return near ? fmt::format("did you mean '{}'?", *near) : "";
  }

  Result<Type> check(NodeId id) {
    Node& at = node(id);  // stays valid: nodes are not added here
    switch (at.op) {
      case Op::literal:
        return Type{at.literal.kind(), Kind::dyn, {}};
      case Op::variable:
      case Op::local:
        return variable(at);
      case Op::field:
        return field(at);
      case Op::has:
        WW_CHECK(field(at));
        return Type{Kind::boolean, Kind::dyn, {}};
      case Op::index:
        return index(at);
      case Op::call:
        return at.name == "matches" ? matches(at) : call(at);
      case Op::matches:
        return Type{Kind::boolean, Kind::dyn, {}};
      case Op::calendar:
        return Type{Kind::integer, Kind::dyn, {}};
      case Op::context_call:
        return context_call(at);
      case Op::list:
        return list(at);
      case Op::map:
        return map(at);
      case Op::negate:
        return negate(at);
      case Op::logical_not:
      case Op::logical_and:
      case Op::logical_or:
        return logical(at);
      case Op::conditional:
        return conditional(at);
      case Op::all:
      case Op::exists:
      case Op::exists_one:
      case Op::filter:
      case Op::transform:
        return macro(at);
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
        return binary(at);
    }
    return bad(at, "an unknown operation", "an expression");
  }

  Result<Type> variable(Node& at) {
    for (std::size_t slot = locals_.size(); slot-- > 0;)
      if (locals_[slot].name == at.name) {
        at.op = Op::local;
        at.index = static_cast<std::uint32_t>(slot);
        return locals_[slot].type;
      }
    const auto found = std::ranges::find(variables_, at.name, &Variable::name);
    if (found != variables_.end()) {
      at.index = static_cast<std::uint32_t>(found - variables_.begin());
      return found->type;
    }
    std::vector<std::string> names{"context"};
    for (const auto& known : variables_) names.emplace_back(known.name);
    for (const auto& local : locals_) names.emplace_back(local.name);
    return bad(at, fmt::format("the unknown name '{}'", at.name), fmt::format("one of {}", fmt::join(names, ", ")),
               did_you_mean(at.name, names));
  }

  Result<Type> field(const Node& at) {
    WW_TRY(const Type of, check_operand(at, 0));
    if (of.kind != Kind::dyn && of.kind != Kind::map)
      return bad_name(at, fmt::format("the field '{}' of {}", at.name, with_article(of.kind)), "a field of a map");
    if (!of.fields.empty() && std::ranges::find(of.fields, at.name) == of.fields.end()) {
      const std::vector<std::string> names(of.fields.begin(), of.fields.end());
      return bad_name(at, fmt::format("the unknown field '{}'", at.name),
                      fmt::format("one of {}", fmt::join(names, ", ")), did_you_mean(at.name, names));
    }
    return Type{of.element, Kind::dyn, {}};
  }

  Result<Type> index(const Node& at) {
    WW_TRY(const Type of, check_operand(at, 0));
    WW_TRY(const Type key, check_operand(at, 1));
    const bool by_number = key.kind == Kind::integer || key.kind == Kind::dyn;
    const bool by_key = by_number || key.kind == Kind::string || key.kind == Kind::boolean || key.kind == Kind::number;
    if (of.kind == Kind::list ? by_number : (of.kind == Kind::map || of.kind == Kind::dyn) && by_key)
      return Type{of.element, Kind::dyn, {}};
    return bad(at, fmt::format("{}[{}]", name(of.kind), name(key.kind)), "list[int] or map[key]");
  }

  Result<Type> call(Node& at) {
    std::vector<Type> given;
    for (std::size_t i = 0; i < at.count; ++i) {
      WW_TRY(given.emplace_back(), check_operand(at, i));
    }
    const auto [first, last] = overloads(at.name);
    if (first == last)
      return bad_name(at, fmt::format("the unknown function '{}'", at.name), "a function of docs/conditions.md",
                      did_you_mean(at.name, function_names()));
    std::vector<std::string> usages;
    Type result{Kind::failure, Kind::dyn, {}};  // none fits so far
    CalendarPart part = nullptr;
    for (const Function& row : functions().subspan(first, last - first)) {
      usages.push_back(usage(row));
      if (!fits(row, at, given)) continue;
      result.kind = result.kind == Kind::failure || result.kind == row.result ? row.result : Kind::dyn;
      part = row.part;
    }
    if (result.kind == Kind::failure)
      return bad_name(at, fmt::format("{}({})", at.name, kinds_of(given)),
                      fmt::format("{}", fmt::join(usages, " or ")));
    at.index = static_cast<std::uint32_t>(first);
    if (part != nullptr) WW_CHECK(bind_zone(at, part));
    WW_CHECK(fold(at));
    return result;
  }

  static bool fits(const Function& row, const Node& at, std::span<const Type> given) {
    if (row.arity != given.size() || (row.style == Style::receiver) > at.receiver ||
        (row.style == Style::global) > !at.receiver)
      return false;
    for (std::size_t i = 0; i < given.size(); ++i)
      if (!compatible(given[i].kind, row.parameters[i])) return false;
    return true;
  }

  static std::string kinds_of(std::span<const Type> types) {
    std::string out;
    for (const Type& type : types) out += (out.empty() ? "" : ", ") + std::string(name(type.kind));
    return out;
  }

  // timestamp.getHours("Europe/Berlin"): a zone that is written out is found here, not when it runs.
  Status bind_zone(Node& at, CalendarPart part) {
    const Node& written = program_.operand(at, 1);
    const auto* text = written.op == Op::literal ? written.literal.as<std::string_view>() : nullptr;
    if (text == nullptr) return {};
    auto zone = parse_zone(*text);
    if (!zone)
      return bad(written, fmt::format("the unknown time zone {}", show(written.literal)), std::string(kZones),
                 nearest_zone(*text));
    at.op = Op::calendar;
    at.count = 1;
    at.index = static_cast<std::uint32_t>(program_.zoned_parts.size());
    program_.zoned_parts.push_back({part, *std::move(zone)});
    return {};
  }

  // string.matches(pattern): the pattern is a literal, compiled here.
  Result<Type> matches(Node& at) {
    for (std::size_t i = 0; i < at.count; ++i) {
      WW_TRY(const Type given, check_operand(at, i));
      if (!compatible(given.kind, Kind::string))
        return bad_name(at, fmt::format("matches() of {}", with_article(given.kind)), "string.matches(string)");
    }
    if (at.count != 2) return bad_name(at, fmt::format("matches() of {} values", at.count), "string.matches(string)");
    const Node& pattern = program_.operand(at, 1);
    const auto* text = pattern.op == Op::literal ? pattern.literal.as<std::string_view>() : nullptr;
    if (text == nullptr)
      return bad(pattern, "a pattern that is computed", "a string literal", "no claim ever becomes a pattern");
    auto regex = std::make_shared<const Regex>(*text);
    if (!regex->compiled.ok())
      return bad(pattern, fmt::format("the pattern {}: {}", show(pattern.literal), regex->compiled.error()),
                 "a regular expression in RE2's syntax");
    at.op = Op::matches;
    at.count = 1;
    at.index = static_cast<std::uint32_t>(program_.regexes.size());
    program_.regexes.push_back(std::move(regex));
    return Type{Kind::boolean, Kind::dyn, {}};
  }

  Result<Type> context_call(const Node& at) {
    const ContextFunction& function = context_functions()[at.index];
    for (std::size_t i = 0; i < at.count; ++i) {
      WW_TRY(const Type given, check_operand(at, i));
      if (!compatible(given.kind, function.parameters[i].kind))
        return bad(program_.operand(at, i),
                   fmt::format("{} for '{}'", with_article(given.kind), function.parameters[i].name),
                   signature(function));
    }
    return Type{function.result, Kind::dyn, {}};
  }

  Result<Type> list(Node& at) {
    Type out{Kind::list, Kind::dyn, {}};
    for (std::size_t i = 0; i < at.count; ++i) {
      WW_TRY(const Type item, check_operand(at, i));
      if (i == 0) out.element = item.kind;
      if (out.element != item.kind) out.element = Kind::dyn;
    }
    WW_CHECK(fold(at));
    return out;
  }

  Result<Type> map(Node& at) {
    Type out{Kind::map, Kind::dyn, {}};
    for (std::size_t i = 0; i < at.count; i += 2) {
      WW_TRY(const Type key, check_operand(at, i));
      WW_TRY(const Type value, check_operand(at, i + 1));
      if (!compatible(key.kind, Kind::string) && key.kind != Kind::integer && key.kind != Kind::boolean)
        return bad(program_.operand(at, i), fmt::format("{} as the key of a map", with_article(key.kind)),
                   "a string, an int or a bool");
      if (i == 0) out.element = value.kind;
      if (out.element != value.kind) out.element = Kind::dyn;
    }
    WW_CHECK(fold(at));
    return out;
  }

  Result<Type> negate(const Node& at) {
    WW_TRY(const Type of, check_operand(at, 0));
    if (of.kind == Kind::dyn || of.kind == Kind::integer || of.kind == Kind::number) return of;
    return bad(at, fmt::format("- of {}", with_article(of.kind)), "an int or a double");
  }

  Status check_bool(const Node& of, std::size_t at, std::string_view where) {
    WW_TRY(const Type given, check_operand(of, at));
    if (compatible(given.kind, Kind::boolean)) return {};
    return bad(program_.operand(of, at), fmt::format("{} {}", with_article(given.kind), where), "a bool",
               given.kind == Kind::string ? "compare it, as in x == \"true\"" : "");
  }

  Result<Type> logical(const Node& at) {
    for (std::size_t i = 0; i < at.count; ++i) WW_CHECK(check_bool(at, i, fmt::format("under '{}'", symbol(at.op))));
    return Type{Kind::boolean, Kind::dyn, {}};
  }

  Result<Type> conditional(const Node& at) {
    WW_CHECK(check_bool(at, 0, "before '?'"));
    WW_TRY(const Type then, check_operand(at, 1));
    WW_TRY(const Type otherwise, check_operand(at, 2));
    if (!compatible(then.kind, otherwise.kind))
      return bad(at, fmt::format("? {} : {}", name(then.kind), name(otherwise.kind)), "two values of the same type");
    return then.kind == otherwise.kind && then.element == otherwise.element ? then : Type{};
  }

  Result<Type> macro(Node& at) {
    WW_TRY(const Type range, check_operand(at, 0));
    const std::string_view called = symbol(at.op);
    if (range.kind != Kind::dyn && range.kind != Kind::list && range.kind != Kind::map)
      return bad(at, fmt::format("{}() over {}", called, with_article(range.kind)), "a list or a map");
    if (locals_.size() == kMaxMacroNesting)
      return bad(at, fmt::format("more than {} macros within each other", kMaxMacroNesting), "a flatter expression");
    at.index = static_cast<std::uint32_t>(locals_.size());
    locals_.push_back({at.name, Type{range.kind == Kind::list ? range.element : Kind::dyn, Kind::dyn, {}}});
    const std::size_t last = at.count - 1;
    const bool transforms = at.op == Op::transform;
    if (!transforms || at.count == 3) WW_CHECK(check_bool(at, 1, fmt::format("as the condition of {}()", called)));
    Type out{Kind::boolean, Kind::dyn, {}};
    if (at.op == Op::filter) out = {Kind::list, locals_.back().type.kind, {}};
    if (transforms) {
      WW_TRY(const Type item, check_operand(at, last));
      out = {Kind::list, item.kind, {}};
    }
    locals_.pop_back();
    return out;
  }

  Result<Type> binary(const Node& at) {
    WW_TRY(const Type a, check_operand(at, 0));
    WW_TRY(const Type b, check_operand(at, 1));
    const auto result = type_of(at.op, a, b);
    if (result) return *result;
    const bool numbers =
        (a.kind == Kind::integer && b.kind == Kind::number) || (a.kind == Kind::number && b.kind == Kind::integer);
    return bad(at, fmt::format("{} {} {}", name(a.kind), symbol(at.op), name(b.kind)), std::string(expected_of(at.op)),
               numbers ? "convert one of them, as in double(1), or write 1.0" : "");
  }

  // Calls, lists and maps of constants are computed once. One that always fails is a mistake of whoever wrote it;
  // dyn() says that it is meant.
  Status fold(Node& at) {
    if (at.name == "dyn") return {};
    for (NodeId id : program_.operands_of(at))
      if (node(id).op != Op::literal) return {};
    const Value value = Evaluator(program_, Bindings{}, program_.constants).evaluate(at);
    if (const auto* failure = value.failure())
      return bad(at, failure->text, "a constant that has a value", failure->fix);
    at.op = Op::literal;
    at.literal = value;
    at.count = 0;
    return {};
  }

  Program& program_;
  std::span<const Variable> variables_;
  std::vector<Local> locals_;
};

}  // namespace

Result<Type> check(Program& program, std::span<const Variable> variables) { return Checker(program, variables).run(); }

}  // namespace watchword::policy::cel
