// Json as a value: looks and changes. Reading is in json_read.cc, writing in json_write.cc.
#include "base/json.h"

#include <algorithm>
#include <array>

namespace watchword {
namespace {

// Where `key` is, or where it belongs. Works on a const and a mutable object alike.
auto position(auto& members, std::string_view key) {
  return std::lower_bound(members.begin(), members.end(), key,
                          [](const Json::Member& member, std::string_view wanted) { return member.first < wanted; });
}

}  // namespace

Json Json::object() {
  Json out;
  out.value_ = Object{};
  return out;
}

Json Json::object(std::initializer_list<NewMember> members) {
  Json out = object();
  std::get<Object>(out.value_).reserve(members.size());
  for (const NewMember& member : members) out.set(member.key, std::move(member.value));
  return out;
}

const Json* Json::find(std::string_view key) const {
  const Object* all = members();
  if (all == nullptr) return nullptr;
  const auto at = position(*all, key);
  return at != all->end() && at->first == key ? &at->second : nullptr;
}

const std::string* Json::find_string(std::string_view key) const {
  const Json* value = find(key);
  return value == nullptr ? nullptr : value->string();
}

const std::int64_t* Json::find_integer(std::string_view key) const {
  const Json* value = find(key);
  return value == nullptr ? nullptr : value->integer();
}

std::string_view Json::string_or(std::string_view key, std::string_view fallback) const {
  const std::string* value = find_string(key);
  return value == nullptr ? fallback : std::string_view(*value);
}

Json& Json::set(std::string_view key, Json value) {
  if (!std::holds_alternative<Object>(value_)) value_ = Object{};
  auto& all = std::get<Object>(value_);
  const auto at = position(all, key);
  if (at != all.end() && at->first == key)
    at->second = std::move(value);
  else
    all.emplace(at, std::string(key), std::move(value));
  return *this;
}

Json& Json::push(Json value) {
  if (!std::holds_alternative<Array>(value_)) value_ = Array{};
  std::get<Array>(value_).push_back(std::move(value));
  return *this;
}

std::string_view Json::type_name() const {
  constexpr std::array<std::string_view, 7> kNames{"null", "boolean", "integer", "number", "string", "array", "object"};
  return kNames[value_.index()];
}

}  // namespace watchword
