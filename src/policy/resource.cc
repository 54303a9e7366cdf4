// What a resource covers, and the part of decoding that all kinds share.
#include "policy/resource.h"

#include <fmt/format.h>

#include <algorithm>

#include "policy/http_resource.h"

namespace watchword::policy {

void HttpResource::add(std::string action, std::vector<HttpRule> rules) {
  actions_.push_back(std::move(action));
  rules_.push_back(std::move(rules));
}

const std::string* HttpResource::action_for(std::string_view method, std::string_view path) const {
  const auto covers = [&](const HttpRule& rule) {
    return std::ranges::any_of(rule.methods, [&](const auto& one) { return one == method || one == "*"; }) &&
           std::ranges::any_of(rule.paths, [&](const Pattern& pattern) { return pattern.matches(path); });
  };
  for (std::size_t i = 0; i < actions_.size(); ++i)
    if (std::ranges::any_of(rules_[i], covers)) return &actions_[i];
  return nullptr;
}

bool check_name(yaml::Decoder& decoder, std::string_view kind, const yaml::Key& key) {
  constexpr std::string_view kAlnum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  constexpr std::size_t kLongest = 100;
  const auto allowed = [&](char c) { return kAlnum.contains(c) || c == '.' || c == '_' || c == '-'; };
  const std::string& name = key.text;
  if (!name.empty() && name.size() <= kLongest && kAlnum.contains(name[0]) && std::ranges::all_of(name, allowed))
    return true;
  decoder.refuse(key.at, fmt::format("the {} name '{}'", kind, name),
                 fmt::format("letters, digits, '.', '_' and '-', at most {}, a letter or digit first", kLongest));
  return false;
}

std::unique_ptr<Resource> decode_resource(yaml::Decoder& decoder, const std::string& name, const yaml::Node& node) {
  yaml::Object fields(decoder, node, "resource", {"http", "actions"});
  const yaml::Node* http = fields.require("http");
  const yaml::Node* actions = fields.require("actions");
  if (http == nullptr || actions == nullptr) return nullptr;
  return decode_http_resource(decoder, name, *http, *actions);
}

}  // namespace watchword::policy
