#include "policy/claim_setter.h"

#include <algorithm>
#include <charconv>
#include <span>

namespace watchword::policy {
namespace {

constexpr std::size_t kMostItems = 16;
using Steps = std::span<const std::variant<std::string, std::size_t>>;

Json put(const Json* at, Steps steps, const Json& value);

Json put_item(const Json* at, std::size_t index, Steps rest, const Json& value) {
  const Json::Array* before = at == nullptr ? nullptr : at->array_items();
  const std::size_t known = before == nullptr ? 0 : before->size();
  if (index >= kMostItems) return at == nullptr ? Json::array() : *at;
  Json out = Json::array();
  for (std::size_t i = 0; i < std::max(known, index + 1); ++i) {
    const Json* item = i < known ? &(*before)[i] : nullptr;
    out.push(i == index || item == nullptr ? put(item, rest, value) : *item);
  }
  return out;
}

Json put(const Json* at, Steps steps, const Json& value) {
  if (steps.empty()) return value;
  if (const auto* index = std::get_if<std::size_t>(&steps[0])) return put_item(at, *index, steps.subspan(1), value);
  Json out = at != nullptr && at->members() != nullptr ? *at : Json::object();
  const std::string& name = std::get<std::string>(steps[0]);
  return out.set(name, put(out.find(name), steps.subspan(1), value));
}

}  // namespace

ClaimSteps steps_of(std::string_view path) {
  if (!path.contains('[')) return {std::string(path)};
  ClaimSteps out;
  while (!path.empty()) {
    if (path[0] == '.') {
      path.remove_prefix(1);
    } else if (path[0] != '[') {
      const auto end = std::min(path.find_first_of(".["), path.size());
      if (!out.empty() || path.substr(0, end) != "claims") out.emplace_back(std::string(path.substr(0, end)));
      path.remove_prefix(end);
    } else if (path.size() > 1 && (path[1] == '"' || path[1] == '\'')) {
      const auto end = std::min(path.find(std::string{path[1], ']'}), path.size());
      const std::string quoted(path.substr(1, end));
      const auto text = parse_json(quoted);  // "..." is JSON's own form, '...' is plain
      const bool json = text && text->string() != nullptr;
      out.emplace_back(json ? *text->string() : quoted.substr(1, quoted.size() - 2));
      path.remove_prefix(std::min(end + 2, path.size()));
    } else {
      std::size_t index = 0;
      std::from_chars(path.data() + 1, path.data() + path.size(), index);
      out.emplace_back(index);
      path.remove_prefix(std::min(path.find(']'), path.size() - 1) + 1);
    }
  }
  return out;
}

Json with_claim(const Json& claims, const ClaimSteps& steps, const Json& value) { return put(&claims, steps, value); }

Json without_claim(const Json& claims, std::string_view name) {
  Json out = Json::object();
  for (const auto& [key, value] : *claims.members())
    if (key != name) out.set(key, value);
  return out;
}

const Json* find_claim(const Json& claims, const ClaimSteps& steps) {
  const Json* at = &claims;
  for (const auto& step : steps) {
    if (const auto* index = std::get_if<std::size_t>(&step)) {
      const auto* items = at->array_items();
      at = items == nullptr || *index >= items->size() ? nullptr : &(*items)[*index];
    } else {
      at = at->find(std::get<std::string>(step));
    }
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace watchword::policy
