// Recursive descent over CEL's grammar: one function per level of precedence.
#include "policy/cel/parser.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <limits>

#include "base/encoding.h"
#include "policy/cel/calls.h"
#include "policy/cel/lexer.h"

namespace watchword::policy::cel {
namespace {

using Type = Token::Type;

struct Operator {
  std::string_view symbol;
  Op op;
};
constexpr std::array<Operator, 7> kRelations{{{"==", Op::equal},
                                              {"!=", Op::not_equal},
                                              {"<", Op::less},
                                              {"<=", Op::less_equal},
                                              {">", Op::greater},
                                              {">=", Op::greater_equal},
                                              {"in", Op::in}}};
constexpr std::array<Operator, 2> kSums{{{"+", Op::add}, {"-", Op::subtract}}};
constexpr std::array<Operator, 3> kProducts{{{"*", Op::multiply}, {"/", Op::divide}, {"%", Op::remainder}}};

constexpr std::array<std::string_view, 17> kReserved{"as",        "break",  "const",  "continue", "else", "for",
                                                     "function",  "if",     "import", "let",      "loop", "package",
                                                     "namespace", "return", "var",    "void",     "while"};

std::string show(const Token& token) {
  return token.type == Type::end ? "the end of the expression" : fmt::format("'{}'", token.text);
}

class Parser {
 public:
  Parser(Program& program, std::vector<Token> tokens) : program_(program), tokens_(std::move(tokens)) {}

  Status run() {
    WW_TRY(program_.root, expression());
    if (peek().type == Type::end) return {};
    return bad(peek(), show(peek()), "an operator or the end of the expression", operator_hint());
  }

 private:
  const Token& peek(std::size_t ahead = 0) const { return tokens_[std::min(at_ + ahead, tokens_.size() - 1)]; }
  const Token& take() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool is(std::string_view symbol, std::size_t ahead = 0) const {
    const Token& token = peek(ahead);
    return token.type != Type::string && token.text == symbol;
  }
  bool accept(std::string_view symbol) {
    if (!is(symbol)) return false;
    take();
    return true;
  }
  Status expect(std::string_view symbol) {
    if (accept(symbol)) return {};
    return bad(peek(), show(peek()), fmt::format("'{}'", symbol), operator_hint());
  }
  std::unexpected<Error> bad(const Token& at, std::string found, std::string expected, std::string fix = {}) const {
    return invalid(program_.text, at.begin, std::move(found), std::move(expected), std::move(fix));
  }
  std::string operator_hint() const {
    if (is("and")) return "write && for 'and'";
    if (is("or")) return "write || for 'or'";
    if (is("=")) return "write == to compare";
    if (at_ > 0 && tokens_[at_ - 1].text == "not") return "write ! for 'not'";
    return is("{") ? "messages (Name{...}) are not part of conditions" : "";
  }

  // A node over what was read since the token at `begin`.
  Result<NodeId> add(Op op, std::uint32_t begin, std::initializer_list<NodeId> operands, std::string_view name = {}) {
    return add(op, begin, std::span(operands.begin(), operands.size()), name);
  }
  Result<NodeId> add(Op op, std::uint32_t begin, std::span<const NodeId> operands, std::string_view name = {}) {
    Node node;
    node.op = op;
    node.begin = begin;
    node.end = tokens_[at_ - 1].end;
    node.name = name;
    node.first = static_cast<std::uint32_t>(program_.operands.size());
    node.count = static_cast<std::uint32_t>(operands.size());
    for (NodeId operand : operands)
      node.depth = std::max(node.depth, static_cast<std::uint8_t>(program_.nodes[operand].depth + 1));
    if (node.depth > kMaxDepth)
      return invalid(program_.text, begin, fmt::format("more than {} operations on one another", kMaxDepth),
                     "a simpler expression");
    if (program_.nodes.size() >= kMaxNodes)
      return invalid(program_.text, begin, fmt::format("more than {} parts", kMaxNodes), "a shorter expression");
    program_.operands.insert(program_.operands.end(), operands.begin(), operands.end());
    program_.nodes.push_back(node);
    return static_cast<NodeId>(program_.nodes.size() - 1);
  }

  Result<NodeId> literal(std::uint32_t begin, Value value) {
    WW_TRY(const NodeId id, add(Op::literal, begin, {}));
    program_.nodes[id].literal = value;
    return id;
  }

  Result<NodeId> expression() {
    if (++nesting_ > kMaxNesting + 1)
      return bad(peek(), fmt::format("more than {} levels of brackets", kMaxNesting), "a flatter expression");
    const std::uint32_t begin = peek().begin;
    WW_TRY(const NodeId test, chain("||", Op::logical_or));
    if (!accept("?")) {
      --nesting_;
      return test;
    }
    WW_TRY(const NodeId then, chain("||", Op::logical_or));
    WW_CHECK(expect(":"));
    WW_TRY(const NodeId otherwise, expression());
    --nesting_;
    return add(Op::conditional, begin, {test, then, otherwise});
  }

  // a || b || c as one node with three operands, each a chain of &&.
  Result<NodeId> chain(std::string_view symbol, Op op) {
    const std::uint32_t begin = peek().begin;
    const auto part = [&] { return op == Op::logical_or ? chain("&&", Op::logical_and) : relation(); };
    WW_TRY(const NodeId first, part());
    std::vector<NodeId> operands{first};
    while (accept(symbol)) {
      WW_TRY(const NodeId next, part());
      operands.push_back(next);
    }
    if (operands.size() == 1) return first;
    return add(op, begin, operands);
  }

  Result<NodeId> relation() {
    return binary(kRelations, [this] { return sum(); });
  }
  Result<NodeId> sum() {
    return binary(kSums, [this] { return product(); });
  }
  Result<NodeId> product() {
    return binary(kProducts, [this] { return unary(); });
  }

  // Left-associative: a - b - c is (a - b) - c.
  Result<NodeId> binary(std::span<const Operator> operators, const auto& part) {
    const std::uint32_t begin = peek().begin;
    WW_TRY(NodeId left, part());
    for (;;) {
      const auto found =
          std::ranges::find_if(operators, [&](const Operator& candidate) { return is(candidate.symbol); });
      if (found == operators.end()) return left;
      take();
      WW_TRY(const NodeId right, part());
      WW_TRY(left, add(found->op, begin, {left, right}));
    }
  }

  Result<NodeId> unary() {
    const std::string_view symbol = is("!") ? "!" : "-";
    std::vector<std::uint32_t> begins;
    while (is(symbol)) begins.push_back(take().begin);
    const bool negative_literal =
        !begins.empty() && symbol == "-" && (peek().type == Type::integer || peek().type == Type::number);
    Result<NodeId> made = negative_literal ? number(begins.back(), true) : member();
    if (negative_literal) begins.pop_back();
    for (; made && !begins.empty(); begins.pop_back())
      made = add(symbol == "!" ? Op::logical_not : Op::negate, begins.back(), {*made});
    return made;
  }

  Result<NodeId> member() {
    const std::uint32_t begin = peek().begin;
    WW_TRY(NodeId made, primary());
    for (;;) {
      if (accept("[")) {
        WW_TRY(const NodeId key, expression());
        WW_CHECK(expect("]"));
        WW_TRY(made, add(Op::index, begin, {made, key}));
      } else if (accept(".")) {
        WW_TRY(made, selected(begin, made));
      } else {
        return made;
      }
    }
  }

  // What follows a dot: a field, a call or a macro.
  Result<NodeId> selected(std::uint32_t begin, NodeId of) {
    const Token name = peek();
    if (name.type != Type::identifier || is("true") || is("false") || is("null") || is("in"))
      return bad(name, show(name), "the name of a field or function", "write a[\"name\"] for other names");
    take();
    if (!accept("(")) return add(Op::field, begin, {of}, name.text);
    if (const Macro* macro = find_macro(name.text)) return expand(begin, of, *macro);
    std::vector<NodeId> operands{of};
    WW_CHECK(items(")", operands));
    WW_TRY(const NodeId id, add(Op::call, begin, operands, name.text));
    program_.nodes[id].receiver = true;
    return id;
  }

  Result<NodeId> expand(std::uint32_t begin, NodeId range, const Macro& macro) {
    const Token variable = peek();
    if (variable.type != Type::identifier || !is(",", 1))
      return bad(variable, show(variable), fmt::format("a variable: {}", macro.usage));
    WW_CHECK(usable_name(variable));
    take();
    take();
    std::vector<NodeId> operands{range};
    WW_CHECK(items(")", operands));
    if (operands.size() < 2 || operands.size() > macro.most_operands)
      return bad(variable, fmt::format("{} expressions after the variable", operands.size() - 1), macro.usage);
    return add(macro.op, begin, operands, variable.text);
  }

  // Expressions with commas between them, up to and with the closing bracket.
  Status items(std::string_view close, std::vector<NodeId>& out) {
    if (accept(close)) return {};
    do {
      WW_TRY(const NodeId item, expression());
      out.push_back(item);
    } while (accept(","));
    return expect(close);
  }

  Result<NodeId> primary() {
    const Token token = peek();
    if (token.type == Type::integer || token.type == Type::number) return number(token.begin, false);
    if (token.type == Type::string) {
      take();
      return literal(token.begin, {token.string});
    }
    if (token.type == Type::identifier) return name();
    if (accept("(")) {
      WW_TRY(const NodeId inside, expression());
      WW_CHECK(expect(")"));
      return inside;
    }
    if (accept("[")) return list(token.begin);
    if (accept("{")) return map(token.begin);
    return bad(token, show(token), "a value", is("=") ? "write == to compare" : "");
  }

  Result<NodeId> number(std::uint32_t begin, bool negative) {
    const Token token = take();
    if (token.type == Type::number) return literal(begin, {negative ? -token.number : token.number});
    if (negative) return literal(begin, {static_cast<std::int64_t>(~token.magnitude + 1)});
    if (token.magnitude > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      return bad(token, "an integer beyond 64 bits", "at most 9223372036854775807");
    return literal(begin, {static_cast<std::int64_t>(token.magnitude)});
  }

  Result<NodeId> name() {
    const Token token = take();
    if (token.text == "true" || token.text == "false") return literal(token.begin, {token.text == "true"});
    if (token.text == "null") return literal(token.begin, {});
    if (token.text == "context") return context(token);
    WW_CHECK(usable_name(token));
    if (!accept("(")) return add(Op::variable, token.begin, {}, token.text);
    std::vector<NodeId> operands;
    WW_CHECK(items(")", operands));
    if (token.text == "has") return presence(token, operands);
    return add(Op::call, token.begin, operands, token.text);
  }

  Status usable_name(const Token& token) const {
    const bool keyword = token.text == "in" || token.text == "true" || token.text == "false" || token.text == "null" ||
                         token.text == "context";
    if (keyword || std::ranges::find(kReserved, token.text) != kReserved.end())
      return bad(token, fmt::format("the reserved word '{}'", token.text), "a value or a name");
    return {};
  }

  Result<NodeId> presence(const Token& token, std::span<const NodeId> operands) {
    if (operands.size() != 1 || program_.nodes[operands[0]].op != Op::field)
      return bad(token, "has() of something else than a field", "has(a.b)", "write \"name\" in a for other keys");
    const Node field = program_.nodes[operands[0]];
    return add(Op::has, token.begin, {program_.operands[field.first]}, field.name);
  }

  Result<NodeId> context(const Token& token) {
    if (!is(".") || peek(1).type != Type::identifier || !is("(", 2))
      return bad(token, "'context' by itself", "a call of one of its functions", "for example " + context_example());
    take();
    const Token function = take();
    take();
    std::vector<ContextArgument> arguments;
    if (!accept(")")) {
      do {
        ContextArgument argument;
        argument.at = peek().begin;
        if (peek().type == Type::identifier && is("=", 1)) {
          argument.name = take().text;
          take();
        }
        WW_TRY(argument.value, expression());
        arguments.push_back(argument);
      } while (accept(","));
      WW_CHECK(expect(")"));
    }
    WW_TRY(const ArrangedCall call, arrange(program_.text, function.begin, function.text, arguments));
    WW_TRY(const NodeId id, add(Op::context_call, token.begin, call.operands, function.text));
    program_.nodes[id].index = call.function;
    return id;
  }

  Result<NodeId> list(std::uint32_t begin) {
    std::vector<NodeId> operands;
    while (!accept("]")) {
      WW_TRY(const NodeId item, expression());
      operands.push_back(item);
      if (!is("]")) WW_CHECK(expect(","));
    }
    return add(Op::list, begin, operands);
  }

  Result<NodeId> map(std::uint32_t begin) {
    std::vector<NodeId> operands;
    while (!accept("}")) {
      WW_TRY(const NodeId key, expression());
      WW_CHECK(expect(":"));
      WW_TRY(const NodeId value, expression());
      operands.insert(operands.end(), {key, value});
      if (!is("}")) WW_CHECK(expect(","));
    }
    return add(Op::map, begin, operands);
  }

  Program& program_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  std::size_t nesting_ = 0;
};

}  // namespace

Status parse(Program& program) {
  if (program.text.size() > kMaxText)
    return invalid(program.text, 0, fmt::format("{} bytes", program.text.size()), fmt::format("at most {}", kMaxText));
  if (!is_utf8(program.text)) return invalid(program.text, 0, "bytes that are not UTF-8", "UTF-8");
  WW_TRY(std::vector<Token> tokens, tokenize(program.text, program.constants));
  return Parser(program, std::move(tokens)).run();
}

}  // namespace watchword::policy::cel
