// Typed values out of a YAML tree.
#include "policy/yaml/decode.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"

namespace watchword::yaml {
namespace {

std::string shown(const Node& node) {
  const bool scalar = node.type != Type::list && node.type != Type::object && node.type != Type::null;
  constexpr std::size_t kLongest = 80;  // of a quoted value in a message
  return scalar && node.text.size() <= kLongest ? fmt::format("'{}'", node.text) : std::string(name(node.type));
}

bool is_scalar(const Node& node) { return node.type != Type::list && node.type != Type::object; }

// "3:17", as parsers of embedded text give it.
std::optional<Position> position_within(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto number = [](std::string_view digits) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} && end == digits.data() + digits.size() ? value : 0;
  };
  const Position at{number(text.substr(0, colon)), number(text.substr(colon + 1))};
  if (at.line == 0 || at.column == 0) return std::nullopt;
  return at;
}

}  // namespace

void Decoder::refuse(Position at, std::string found, std::string expected, std::string fix) {
  errors_.push_back({reason_, std::move(found), std::move(expected), where(at), std::move(fix)});
}

void Decoder::refuse(const Node& node, Error error) {
  Position at = node.at;
  if (const auto inner = position_within(error.where)) {
    if (node.verbatim && inner->line == 1)
      at.column = node.text_column + inner->column - 1;
    else if (inner->line != 1 || inner->column != 1)
      error.found += fmt::format(" (line {}, column {} of the text)", inner->line, inner->column);
  }
  error.where = where(at);
  errors_.push_back(std::move(error));
}

void Decoder::refuse_word(Position at, std::string_view kind, std::string_view found,
                          std::span<const std::string> words) {
  std::string fix;
  if (const auto near = nearest(found, words)) fix = fmt::format("did you mean '{}'?", *near);
  constexpr std::size_t kMostListed = 24;
  const bool more = words.size() > kMostListed;
  const auto listed = words.first(std::min(words.size(), kMostListed));
  const std::string expected = words.empty() ? "nothing here"
                                             : fmt::format("{}{}{}", words.size() > 1 ? "one of " : "",
                                                           fmt::join(listed, ", "), more ? ", ..." : "");
  refuse(at, fmt::format("{}{}'{}'", kind, kind.empty() ? "" : " ", found), expected, std::move(fix));
}

std::nullopt_t Decoder::refuse_type(const Node& node, std::string expected, std::string fix) {
  refuse(node.at, shown(node), std::move(expected), std::move(fix));
  return std::nullopt;
}

std::optional<std::string> Decoder::string(const Node& node) {
  if (node.type == Type::string && !node.text.empty()) return node.text;
  if (node.type == Type::string) return refuse_type(node, "a string that is not empty");
  return refuse_type(node, "a string", is_scalar(node) && node.type != Type::null ? "put quotes around it" : "");
}

std::optional<bool> Decoder::boolean(const Node& node) {
  if (node.type == Type::boolean && (node.text == "true" || node.text == "false")) return node.text == "true";
  const std::string word = is_scalar(node) ? ascii_lower(node.text) : "";
  std::string fix;
  if (word == "true" || word == "yes" || word == "on" || word == "y") fix = "write true";
  if (word == "false" || word == "no" || word == "off" || word == "n") fix = "write false";
  return refuse_type(node, "true or false", fix.empty() || node.verbatim ? fix : fix + ", without quotes");
}

std::optional<std::int64_t> Decoder::integer(const Node& node, std::int64_t min, std::int64_t max) {
  const auto value = node.type == Type::integer ? to_integer(node.text) : std::nullopt;
  if (value && *value >= min && *value <= max) return value;
  if (max == std::numeric_limits<std::int64_t>::max())
    return refuse_type(node, fmt::format("an integer, {} or more", min));
  return refuse_type(node, fmt::format("an integer from {} to {}", min, max));
}

std::optional<Duration> Decoder::duration(const Node& node, Duration min, Duration max) {
  const auto value = is_scalar(node) ? parse_duration(node.text) : std::nullopt;
  if (value && *value >= min && *value <= max) return value;
  return refuse_type(
      node, fmt::format("a duration such as 90s, 15m or 1h30m, from {} to {}", to_string(min), to_string(max)));
}

std::optional<Time> Decoder::time(const Node& node) {
  const auto value = is_scalar(node) ? from_rfc3339(node.text) : std::nullopt;
  if (value) return value;
  return refuse_type(node, "a time such as 2026-11-21T09:00:00Z");
}

const std::vector<Node>* Decoder::list(const Node& node) {
  if (node.type == Type::list && !node.items.empty()) return &node.items;
  if (node.type == Type::list)
    refuse(node.at, "an empty list", "a list with entries");
  else
    refuse_type(node, "a list");
  return nullptr;
}

const std::vector<Node::Entry>* Decoder::object(const Node& node) {
  if (node.type == Type::object) return &node.entries;
  refuse_type(node, "an object");
  return nullptr;
}

std::optional<std::vector<std::string>> Decoder::strings(const Node& node) {
  std::vector<std::string> out;
  if (node.type == Type::string) {
    if (auto one = string(node)) return std::vector{*std::move(one)};
    return std::nullopt;
  }
  const auto* items = list(node);
  if (items == nullptr) return std::nullopt;
  for (const Node& item : *items)
    if (auto one = string(item)) out.push_back(*std::move(one));
  if (out.size() != items->size()) return std::nullopt;
  return out;
}

Object::Object(Decoder& decoder, const Node& node, std::string_view kind, std::initializer_list<std::string_view> known)
    : decoder_(decoder), node_(node), kind_(kind), known_(known.begin(), known.end()) {
  const auto* entries = decoder_.object(node);
  if (entries == nullptr) return;
  for (const auto& [key, value] : *entries)
    if (std::ranges::find(known_, key.text) == known_.end())
      decoder_.refuse_word(key.at, "the " + kind_ + " key", key.text, known_);
}

const Node* Object::find(std::string_view key) const { return node_.find(key); }

const Node* Object::require(std::string_view key) {
  const Node* node = find(key);
  if (node == nullptr && node_.type == Type::object)
    decoder_.refuse(node_.at, fmt::format("no '{}'", key), fmt::format("a {} with '{}'", kind_, key));
  return node;
}

void Object::read(std::string_view key, std::string& out) {
  if (const Node* node = find(key); node != nullptr)
    if (auto value = decoder_.string(*node)) out = *std::move(value);
}
void Object::read(std::string_view key, bool& out) {
  if (const Node* node = find(key); node != nullptr)
    if (const auto value = decoder_.boolean(*node)) out = *value;
}
void Object::read(std::string_view key, std::vector<std::string>& out) {
  if (const Node* node = find(key); node != nullptr)
    if (auto value = decoder_.strings(*node)) out = *std::move(value);
}
void Object::read(std::string_view key, std::int64_t& out, std::int64_t min, std::int64_t max) {
  if (const Node* node = find(key); node != nullptr)
    if (const auto value = decoder_.integer(*node, min, max)) out = *value;
}
void Object::read(std::string_view key, Duration& out, Duration min, Duration max) {
  if (const Node* node = find(key); node != nullptr)
    if (const auto value = decoder_.duration(*node, min, max)) out = *value;
}

}  // namespace watchword::yaml
