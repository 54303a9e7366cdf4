// A principal's claims, packed: one immutable buffer instead of a tree of small allocations, as there may be a million
// sessions. Looking up a member touches few cache lines: one byte of each key stands at the object's beginning.
//
//   value  = type byte, then nothing (null, false, true), 8 bytes (integer, number), text (string), array or object
//   text   = length as a byte, or 255 and a u32 where it is 255 or more; bytes
//   array  = count as u32, u32 for each item, items
//   object = count as u32, 1 byte for each key (its mark), u32 for each member, members (text, value), sorted by key
// Numbers have the machine's byte order; where an item or a member begins is counted from its container's type byte.
// The buffer never leaves the process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"

namespace watchword::issuer {

// One value among packed claims. Valid as long as the Claims that it came from. Typed looks as those of Json.
class ClaimView {
 public:
  bool is_null() const { return type() == Type::null; }
  std::optional<bool> boolean() const;
  std::optional<std::int64_t> integer() const;
  std::optional<double> number() const;  // only where not an integer
  std::optional<std::string_view> string() const;
  bool is_array() const { return type() == Type::array; }
  bool is_object() const { return type() == Type::object; }

  std::size_t size() const;                                   // of an array or object; 0 for all else
  ClaimView item(std::size_t index) const;                    // of an array; index < size()
  std::string_view key(std::size_t index) const;              // of an object, in the order of the keys' bytes
  ClaimView value(std::size_t index) const;                   // the same
  std::optional<ClaimView> find(std::string_view key) const;  // member of an object

  Json json() const;                     // a copy
  void dump_to(std::string& out) const;  // byte for byte what Json writes
  std::string dump() const;
  friend bool operator==(const ClaimView& a, const Json& b) { return a.json() == b; }

 private:
  friend class Claims;
  friend class ClaimsWriter;
  enum class Type : std::uint8_t { null, no, yes, integer, number, string, array, object };
  explicit ClaimView(const char* at) : at_(at) {}
  Type type() const { return static_cast<Type>(*at_); }
  const char* member(std::size_t index) const;

  const char* at_;
};

class Claims {
 public:
  Claims() : Claims(Json()) {}
  explicit Claims(const Json& claims);  // less than 4 GiB packed
  ClaimView view() const { return ClaimView(packed_.data()); }
  std::optional<ClaimView> find(std::string_view key) const { return view().find(key); }
  std::string dump() const { return view().dump(); }
  std::size_t bytes() const { return packed_.size(); }

 private:
  std::string packed_;  // never empty
};

}  // namespace watchword::issuer
