// The tree of an expression: a flat array of nodes, built by the parser, resolved by the checker, then immutable.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/cel/time.h"
#include "policy/cel/workspace.h"

namespace watchword::policy::cel {

// What an expression may be.
inline constexpr std::size_t kMaxText = 4096;  // bytes
inline constexpr std::size_t kMaxNodes = 500;
inline constexpr std::size_t kMaxNesting = 32;  // brackets, arguments and ?: within each other
inline constexpr std::size_t kMaxDepth = 64;    // of the tree, which also counts chains such as a + b + c
inline constexpr std::size_t kMaxMacroNesting = 2;

enum class Op : std::uint8_t {
  literal,
  variable,      // name; index: slot of the binding
  local,         // name; index: slot of the macro's variable
  field,         // [of], name
  index,         // [of, key]
  has,           // [of], name
  call,          // operands; index: first row in functions()
  matches,       // [string]; index: the compiled regular expression
  calendar,      // [timestamp]; index: the part asked for and its time zone
  context_call,  // operands in the order of the parameters; index: row in context_functions()
  list,          // items
  map,           // key, value, key, value, ...
  negate,
  logical_not,
  logical_and,  // two or more operands
  logical_or,
  conditional,  // [test, then, otherwise]
  add,
  subtract,
  multiply,
  divide,
  remainder,
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  in,
  all,  // macros: [range, body] and name, the variable; index: its slot
  exists,
  exists_one,
  filter,
  transform,  // map(x, t) or map(x, p, t): [range, t] or [range, p, t]
};

using NodeId = std::uint32_t;

struct Node {
  Op op = Op::literal;
  bool receiver = false;    // call: written as a.f(b)
  std::uint8_t depth = 1;   // of the tree below, this included
  std::uint32_t begin = 0;  // in the text, with its brackets
  std::uint32_t end = 0;
  std::uint32_t first = 0;  // operands: a range of Program::operands
  std::uint32_t count = 0;
  std::uint32_t index = 0;
  std::string_view name;  // into Program::text
  Value literal;
};

struct Regex;  // a compiled RE2 (regex.h)

// getHours("Europe/Berlin") and its kin, of a zone that is written out.
struct ZonedPart {
  CalendarPart part;
  TimeZone zone;
};

// Owns all that its nodes refer to. Neither copied nor moved.
struct Program {
  explicit Program(std::string_view from) : text(from) {}
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;

  std::span<const NodeId> operands_of(const Node& node) const { return {operands.data() + node.first, node.count}; }
  const Node& operand(const Node& node, std::size_t at) const { return nodes[operands[node.first + at]]; }
  std::string_view text_of(const Node& node) const {
    return std::string_view(text).substr(node.begin, node.end - node.begin);
  }

  const std::string text;
  std::vector<Node> nodes;
  std::vector<NodeId> operands;
  NodeId root = 0;
  Workspace constants;
  std::vector<std::shared_ptr<const Regex>> regexes;
  std::vector<ZonedPart> zoned_parts;
};

// condition_invalid at byte `at` of `text`: `where` is "line:column", both from 1, columns in characters.
std::unexpected<Error> invalid(std::string_view text, std::size_t at, std::string found, std::string expected,
                               std::string fix = {});

}  // namespace watchword::policy::cel
