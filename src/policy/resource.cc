#include "policy/resource.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "policy/http_resource.h"
#include "policy/tcp_resource.h"

namespace watchword::policy {
namespace {

// The key that says the kind, and what decodes a resource that has it.
struct Kind {
  std::string_view key;
  std::unique_ptr<Resource> (*decode)(yaml::Decoder& decoder, const std::string& name, const yaml::Node& node);
};
constexpr std::array kKinds = {Kind{"http", decode_http_resource}, Kind{"tcp", decode_tcp_resource}};

std::vector<std::string> kind_names() {
  std::vector<std::string> out;
  for (const Kind& kind : kKinds) out.emplace_back(kind.key);
  return out;
}

void refuse_kind(yaml::Decoder& decoder, const yaml::Node& node) {
  const auto* entries = decoder.object(node);
  if (entries == nullptr) return;
  const auto words = kind_names();
  bool any = false;
  for (const auto& [key, value] : *entries) {
    if (key.text == "actions") continue;
    decoder.refuse_word(key.at, "the kind of resource", key.text, words);
    any = true;
  }
  if (!any) decoder.refuse(node.at, "no kind of resource", fmt::format("{}", fmt::join(words, " or ")));
}

}  // namespace

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
  const auto kind = std::ranges::find_if(kKinds, [&](const Kind& one) { return node.find(one.key) != nullptr; });
  if (kind != kKinds.end()) return kind->decode(decoder, name, node);  // which takes no other kind's key
  refuse_kind(decoder, node);
  return nullptr;
}

}  // namespace watchword::policy
