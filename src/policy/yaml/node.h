// A YAML document as a tree, read strictly: the form of policy files, policy tests and watchword.yaml.
// (A folder of policy/ because that is the lowest module that reads YAML; cli/ uses it for its configuration.)
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace watchword::yaml {

// Plain scalars have the types of YAML 1.2's core schema; quoted ones and block scalars are strings. `yes`, `on` and
// the like are strings. The decoder takes only `true` and `false` for a boolean, though `True` is one in the core
// schema.
enum class Type : std::uint8_t { null, boolean, integer, number, string, list, object };
std::string_view name(Type type);  // "nothing", "a boolean", "an integer", ... as it stands in messages
Type type_of_plain(std::string_view text);

// Where something begins; from 1, columns in characters.
struct Position {
  std::uint32_t line = 1, column = 1;
};

struct Key {
  std::string text;
  Position at;
};

struct Node {
  struct Entry;

  Type type = Type::null;
  Position at;
  bool verbatim = false;  // a scalar that stands in the file as it is in `text`, so that columns can be added up
  std::uint32_t text_column = 1;  // of a verbatim scalar: the column of its first character, behind a quote
  std::string text;               // of a scalar
  std::vector<Node> items;        // of a list
  std::vector<Entry> entries;     // of an object, in the order written; no key twice

  const Node* find(std::string_view key) const;
};
struct Node::Entry {
  Key key;
  Node value;
};

struct Limits {
  std::size_t max_bytes = 1 << 20;
  std::size_t max_depth = 16;
};

// Errors have reason `reason` and where file:line:column. Refused: anchors, aliases, tags, merge keys, directives,
// several documents, no document, duplicate keys, keys that are not strings, tabs, control and invisible characters,
// invalid UTF-8, and documents beyond the limits. All that can be found is given; a syntax error ends the reading.
std::expected<Node, std::vector<Error>> read(std::string_view file, std::string_view text, Reason reason,
                                             const Limits& limits = {});

std::string place(std::string_view file, Position at);  // file:line:column

// Decimal, 0x or 0o, of 64 bits. None with leading zeros: YAML 1.1 reads them as octal.
std::optional<std::int64_t> to_integer(std::string_view text);
// The same value as JSON. json_invalid for what has none: integers that to_integer does not take, and .inf or .nan.
Result<Json> to_json(const Node& node);

}  // namespace watchword::yaml
