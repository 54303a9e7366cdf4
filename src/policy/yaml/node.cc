// The types of plain scalars (YAML 1.2.2, 10.3.2), and the way to JSON.
#include "policy/yaml/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace watchword::yaml {
namespace {

std::optional<double> to_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::unexpected<Error> no_json(const Node& node, std::string expected) {
  return fail(Reason::json_invalid, "'" + node.text + "'", std::move(expected));
}

Result<Json> scalar_to_json(const Node& node) {
  switch (node.type) {
    case Type::null:
      return Json();
    case Type::boolean:
      return Json(node.text[0] == 't' || node.text[0] == 'T');
    case Type::integer:
      if (const auto value = to_integer(node.text)) return Json(*value);
      return no_json(node, "an integer of 64 bits without leading zeros");
    case Type::number:
      if (const auto value = to_number(node.text)) return Json(*value);
      return no_json(node, "a finite number");
    case Type::string:
    case Type::list:
    case Type::object:
      break;
  }
  return Json(node.text);
}

bool all_of(std::string_view text, std::string_view set) {
  return !text.empty() && text.find_first_not_of(set) == std::string_view::npos;
}
constexpr std::string_view kDigits = "0123456789";

// [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?
bool is_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text == ".inf" || text == ".Inf" || text == ".INF") return true;
  if (const auto e = text.find_first_of("eE"); e != std::string_view::npos) {
    std::string_view exponent = text.substr(e + 1);
    if (exponent.starts_with('-') || exponent.starts_with('+')) exponent.remove_prefix(1);
    if (!all_of(exponent, kDigits)) return false;
    text = text.substr(0, e);
  }
  const auto dot = text.find('.');
  if (dot == std::string_view::npos) return all_of(text, kDigits);
  const std::string_view whole = text.substr(0, dot), fraction = text.substr(dot + 1);
  return (whole.empty() || all_of(whole, kDigits)) && (fraction.empty() || all_of(fraction, kDigits)) &&
         whole.size() + fraction.size() > 0;
}

bool is_integer(std::string_view text) {
  if (text.starts_with("0x")) return all_of(text.substr(2), "0123456789abcdefABCDEF");
  if (text.starts_with("0o")) return all_of(text.substr(2), "01234567");
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return all_of(text, kDigits);
}

}  // namespace

Type type_of_plain(std::string_view text) {
  constexpr std::array kNull = {"", "~", "null", "Null", "NULL"};
  constexpr std::array kBoolean = {"true", "True", "TRUE", "false", "False", "FALSE"};
  if (std::ranges::find(kNull, text) != kNull.end()) return Type::null;
  if (std::ranges::find(kBoolean, text) != kBoolean.end()) return Type::boolean;
  if (is_integer(text)) return Type::integer;
  if (is_number(text) || text == ".nan" || text == ".NaN" || text == ".NAN") return Type::number;
  return Type::string;
}

std::optional<std::int64_t> to_integer(std::string_view text) {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  int base = 10;
  if (!negative && (text.starts_with("0x") || text.starts_with("0o"))) {
    base = text[1] == 'x' ? 16 : 8;
    text.remove_prefix(2);
  } else if (text.size() > 1 && text[0] == '0') {
    return std::nullopt;
  }
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  const std::uint64_t most = std::uint64_t{1} << 63;
  if (error != std::errc{} || end != text.data() + text.size() || value > most - (negative ? 0 : 1))
    return std::nullopt;
  return static_cast<std::int64_t>(negative ? 0 - value : value);
}

std::string_view name(Type type) {
  switch (type) {
    case Type::null:
      return "nothing";
    case Type::boolean:
      return "a boolean";
    case Type::integer:
      return "an integer";
    case Type::number:
      return "a number";
    case Type::string:
      return "a string";
    case Type::list:
      return "a list";
    case Type::object:
      return "an object";
  }
  return "nothing";
}

const Node* Node::find(std::string_view key) const {
  const auto found = std::ranges::find_if(entries, [&](const Entry& entry) { return entry.key.text == key; });
  return found == entries.end() ? nullptr : &found->value;
}

std::string place(std::string_view file, Position at) { return fmt::format("{}:{}:{}", file, at.line, at.column); }

Result<Json> to_json(const Node& node) {
  if (node.type == Type::list) {
    Json list = Json::array();
    for (const Node& item : node.items) {
      WW_TRY(Json value, to_json(item));
      list.push(std::move(value));
    }
    return list;
  }
  if (node.type == Type::object) {
    Json object = Json::object();
    for (const auto& [key, member] : node.entries) {
      WW_TRY(Json value, to_json(member));
      object.set(key.text, std::move(value));
    }
    return object;
  }
  return scalar_to_json(node);
}

}  // namespace watchword::yaml
