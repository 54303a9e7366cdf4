// JSON as a value. The reader refuses what parsers are known to disagree on: duplicate keys, invalid UTF-8, trailing
// text, numbers beyond double or int64, documents beyond the limits. The writer is canonical: keys sorted by bytes,
// no white space, control characters escaped (the form of RFC 8785 for the integers and strings that Watchword writes).
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace watchword {

struct JsonLimits {
  std::size_t max_bytes = 1 << 20;
  std::size_t max_depth = 32;  // nested arrays and objects; never more than 1023
};

class Json {
 public:
  using Array = std::vector<Json>;
  using Member = std::pair<std::string, Json>;
  using Object = std::vector<Member>;  // sorted by key, no key twice

  Json() = default;  // null
  Json(std::nullptr_t) {}
  Json(std::same_as<bool> auto value) : value_(value) {}  // not what merely converts to bool, such as a pointer
  Json(int value) : value_(std::int64_t{value}) {}
  Json(std::int64_t value) : value_(value) {}
  Json(double value) : value_(value) {}
  Json(std::string value) : value_(std::move(value)) {}
  Json(std::string_view value) : value_(std::string(value)) {}
  Json(const char* value) : value_(std::string(value)) {}
  Json(Array value) : value_(std::move(value)) {}

  static Json object();
  struct NewMember;
  static Json object(std::initializer_list<NewMember> members);  // {{"key", value}, ...} in any order; a later key wins
  static Json array() { return Json(Array{}); }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  // Typed looks: null when the value is of another type. Pointers live as long as this value is not changed.
  const bool* boolean() const { return std::get_if<bool>(&value_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&value_); }
  const double* number() const { return std::get_if<double>(&value_); }  // only where not an integer
  const std::string* string() const { return std::get_if<std::string>(&value_); }
  const Array* array_items() const { return std::get_if<Array>(&value_); }
  const Object* members() const { return std::get_if<Object>(&value_); }

  const Json* find(std::string_view key) const;                // member of an object, or null
  const std::string* find_string(std::string_view key) const;  // the member, where it is a string
  const std::int64_t* find_integer(std::string_view key) const;
  std::string_view string_or(std::string_view key, std::string_view fallback) const;

  // Makes this an object if it is null; replaces or adds the member; returns *this.
  Json& set(std::string_view key, Json value);
  Json& push(Json value);  // the same for an array

  std::string_view type_name() const;  // "null", "boolean", "integer", "number", "string", "array", "object"
  // Canonical, one line; always valid JSON: bad UTF-8 becomes U+FFFD, NaN and infinities become null. Doubles stay
  // doubles when read back (1.0, not 1).
  std::string dump() const;
  void dump_to(std::string& out) const;
  std::string pretty() const;  // indented by two, for people

  bool operator==(const Json&) const = default;

 private:
  friend class JsonReader;
  std::variant<std::monostate, bool, std::int64_t, double, std::string, Array, Object> value_;
};

// A list of pairs could only be copied from; out of this one the values are moved.
struct Json::NewMember {
  std::string_view key;
  mutable Json value;
};

// Errors: json_invalid, with what was wrong. Threads: any (each keeps its own parser).
Result<Json> parse_json(std::string_view text, const JsonLimits& limits = {});

}  // namespace watchword
