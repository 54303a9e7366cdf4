// Values of expressions: views into claims, into the program or into a workspace. Copying one copies no text and no
// list.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

#include "base/clock.h"
#include "base/json.h"
#include "issuer/claims.h"

namespace watchword::policy::cel {

// In the order of Value's alternatives. `dyn` is the checker's "only known at run time"; no value has that kind.
enum class Kind : std::uint8_t { null, boolean, integer, number, string, timestamp, duration, list, map, failure, dyn };
std::string_view name(Kind kind);     // CEL's names: "int", "double", ...
std::string with_article(Kind kind);  // "an int"

struct Value;
struct Entry;

// Why there is no value. `unknown`: a fact is not known (yet); otherwise a run-time error.
struct Failure {
  bool unknown = false;
  std::string text;  // "job has no 'environment'"
  std::string fix;   // empty when none is known
};

// Items of an array among claims or facts, or of a list that the expression made.
class List {
 public:
  explicit List(const Json::Array& items) : items_(items.data()), size_(items.size()) {}
  explicit List(issuer::ClaimView array) : items_(array), size_(array.size()) {}
  explicit List(std::span<const Value> items);
  std::size_t size() const { return size_; }
  Value at(std::size_t index) const;

 private:
  std::variant<const Value*, const Json*, issuer::ClaimView> items_;
  std::size_t size_ = 0;
};

// Members of an object among claims or facts, or of a map that the expression made (which may have keys other than
// strings).
class Map {
 public:
  explicit Map(const Json::Object& members) : members_(members.data()), size_(members.size()) {}
  explicit Map(issuer::ClaimView object) : members_(object), size_(object.size()) {}
  explicit Map(std::span<const Entry> entries);
  std::size_t size() const { return size_; }
  Value key(std::size_t index) const;
  Value value(std::size_t index) const;
  bool find(const Value& key, Value& found) const;  // numbers find their equal of the other kind (1 finds 1.0)

 private:
  std::variant<const Entry*, const Json::Member*, issuer::ClaimView> members_;
  std::size_t size_ = 0;
};

struct Value {
  std::variant<std::monostate, bool, std::int64_t, double, std::string_view, Time, Duration, List, Map, const Failure*>
      is;

  Kind kind() const { return static_cast<Kind>(is.index()); }
  template <class T>
  const T* as() const& {
    return std::get_if<T>(&is);
  }
  template <class T>
  const T* as() const&& = delete;  // would point into a value that is gone
  const Failure* failure() const {
    const auto* found = std::get_if<const Failure*>(&is);
    return found == nullptr ? nullptr : *found;
  }
  bool is_true() const { return as<bool>() != nullptr && *as<bool>(); }
  bool is_false() const { return as<bool>() != nullptr && !*as<bool>(); }
};

struct Entry {
  Value key, value;
};

Value value_of(const Json& json);  // a view: `json` must outlive it
Value value_of(issuer::ClaimView claim);

// Lists and maps compare by content, numbers on one line, everything else of different kinds is unequal. `budget` goes
// down by one for each pair of items; at zero the answer is false and means nothing.
bool equal(const Value& a, const Value& b, std::size_t& budget);
// Numbers of either kind, or two of the same ordered kind (bool, string, timestamp, duration); otherwise `unrelated`.
enum class Order : std::uint8_t { less, same, greater, unordered, unrelated };  // unordered: one is NaN
Order compare(const Value& a, const Value& b);

// As JSON: timestamps as RFC 3339, durations as "600s", infinities and NaN as strings. Error: condition_failed for a
// failure or for a map with keys that are not strings.
Result<Json> to_json(const Value& value);
// For people: a literal such as "main" or 600s, without line breaks, cut at about 100 characters.
std::string show(const Value& value);

}  // namespace watchword::policy::cel
