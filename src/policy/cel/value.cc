// Looks into values, and their equality and order.
#include "policy/cel/value.h"

#include <algorithm>
#include <array>

namespace watchword::policy::cel {
namespace {

template <class T>
Order three_way(const T& a, const T& b) {
  if (a < b) return Order::less;
  if (b < a) return Order::greater;
  return a == b ? Order::same : Order::unordered;
}

// CEL's conformance tests want an int beside a double to be compared as a double, rounding included.
Order compare_mixed(std::int64_t a, double b) { return three_way(static_cast<double>(a), b); }

Order reversed(Order order) {
  if (order == Order::less) return Order::greater;
  return order == Order::greater ? Order::less : order;
}

bool equal_lists(const List& a, const List& b, std::size_t& budget) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!equal(a.at(i), b.at(i), budget)) return false;
  return true;
}

bool equal_maps(const Map& a, const Map& b, std::size_t& budget) {
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    Value other;
    budget -= std::min(budget, b.size());  // a map that the expression made is searched item by item
    if (!b.find(a.key(i), other) || !equal(a.value(i), other, budget)) return false;
  }
  return true;
}

}  // namespace

std::string_view name(Kind kind) {
  constexpr std::array<std::string_view, 11> kNames{"null",     "bool", "int", "double",  "string", "timestamp",
                                                    "duration", "list", "map", "failure", "dyn"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string with_article(Kind kind) { return (kind == Kind::integer ? "an " : "a ") + std::string(name(kind)); }

List::List(std::span<const Value> items) : items_(items.data()), size_(items.size()) {}

Value List::at(std::size_t index) const {
  if (const auto* claims = std::get_if<issuer::ClaimView>(&items_)) return value_of(claims->item(index));
  if (const auto* json = std::get_if<const Json*>(&items_)) return value_of((*json)[index]);
  return std::get<const Value*>(items_)[index];
}

Map::Map(std::span<const Entry> entries) : members_(entries.data()), size_(entries.size()) {}

Value Map::key(std::size_t index) const {
  if (const auto* claims = std::get_if<issuer::ClaimView>(&members_)) return {claims->key(index)};
  if (const auto* json = std::get_if<const Json::Member*>(&members_)) return {std::string_view((*json)[index].first)};
  return std::get<const Entry*>(members_)[index].key;
}

Value Map::value(std::size_t index) const {
  if (const auto* claims = std::get_if<issuer::ClaimView>(&members_)) return value_of(claims->value(index));
  if (const auto* json = std::get_if<const Json::Member*>(&members_)) return value_of((*json)[index].second);
  return std::get<const Entry*>(members_)[index].value;
}

bool Map::find(const Value& key, Value& found) const {
  if (const auto* own = std::get_if<const Entry*>(&members_)) {
    const auto entries = std::span(*own, size_);
    const auto at =
        std::ranges::find_if(entries, [&](const Entry& entry) { return compare(entry.key, key) == Order::same; });
    if (at == entries.end()) return false;
    found = at->value;
    return true;
  }
  const auto* wanted = key.as<std::string_view>();
  if (wanted == nullptr) return false;
  if (const auto* claims = std::get_if<issuer::ClaimView>(&members_)) {
    const auto value = claims->find(*wanted);
    if (value) found = value_of(*value);
    return value.has_value();
  }
  const auto members = std::span(std::get<const Json::Member*>(members_), size_);  // sorted by key
  const auto at = std::ranges::lower_bound(members, *wanted, {},
                                           [](const Json::Member& member) { return std::string_view(member.first); });
  if (at == members.end() || at->first != *wanted) return false;
  found = value_of(at->second);
  return true;
}

Value value_of(const Json& json) {
  if (const auto* text = json.string()) return {std::string_view(*text)};
  if (const auto* flag = json.boolean()) return {*flag};
  if (const auto* integer = json.integer()) return {*integer};
  if (const auto* number = json.number()) return {*number};
  if (const auto* items = json.array_items()) return {List(*items)};
  if (const auto* members = json.members()) return {Map(*members)};
  return {};
}

Value value_of(issuer::ClaimView claim) {
  if (const auto text = claim.string()) return {*text};
  if (const auto flag = claim.boolean()) return {*flag};
  if (const auto integer = claim.integer()) return {*integer};
  if (const auto number = claim.number()) return {*number};
  if (claim.is_array()) return {List(claim)};
  if (claim.is_object()) return {Map(claim)};
  return {};
}

bool equal(const Value& a, const Value& b, std::size_t& budget) {
  if (budget == 0) return false;
  --budget;
  if (const auto *left = a.as<List>(), *right = b.as<List>(); left != nullptr && right != nullptr)
    return equal_lists(*left, *right, budget);
  if (const auto *left = a.as<Map>(), *right = b.as<Map>(); left != nullptr && right != nullptr)
    return equal_maps(*left, *right, budget);
  if (const auto *left = a.as<std::string_view>(), *right = b.as<std::string_view>();
      left != nullptr && right != nullptr)
    return *left == *right;
  if (a.kind() == Kind::null) return b.kind() == Kind::null;
  return compare(a, b) == Order::same;
}

Order compare(const Value& a, const Value& b) {
  if (const auto *x = a.as<std::string_view>(), *y = b.as<std::string_view>(); x != nullptr && y != nullptr)
    return three_way(*x, *y);
  if (const auto* x = a.as<std::int64_t>()) {
    if (const auto* y = b.as<std::int64_t>()) return three_way(*x, *y);
    if (const auto* y = b.as<double>()) return compare_mixed(*x, *y);
  }
  if (const auto* x = a.as<double>()) {
    if (const auto* y = b.as<std::int64_t>()) return reversed(compare_mixed(*y, *x));
    if (const auto* y = b.as<double>()) return three_way(*x, *y);
  }
  if (const auto *x = a.as<bool>(), *y = b.as<bool>(); x != nullptr && y != nullptr) return three_way(*x, *y);
  if (const auto *x = a.as<Time>(), *y = b.as<Time>(); x != nullptr && y != nullptr) return three_way(*x, *y);
  if (const auto *x = a.as<Duration>(), *y = b.as<Duration>(); x != nullptr && y != nullptr) return three_way(*x, *y);
  return Order::unrelated;
}

}  // namespace watchword::policy::cel
