// The actions of an http resource: in which order they take requests.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "policy/http_resource.h"
#include "policy/http_rule.h"
#include "policy/resource.h"

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;

// True when `wide` certainly matches all that `narrow` does.
bool includes(const Pattern& wide, const Pattern& narrow) {
  const std::string &one = wide.text(), &other = narrow.text();
  if (one == other || one == "**" || one == "/**") return true;
  if (narrow.exact()) return wide.matches(other);
  // The wildcards of the wide one take the narrow one's: what a * stands for holds no '/', and is not one character.
  const bool globs = !one.starts_with("re:") && !other.starts_with("re:");
  return globs && !other.contains("**") && !one.contains('?') && wide.matches(other);
}

bool takes(const HttpRule& rule, std::string_view method, bool websocket) {
  return rule.websocket == websocket &&
         std::ranges::any_of(rule.methods, [&](const auto& one) { return one == method || one == "*"; });
}

// True when earlier actions certainly take all that the rules cover.
bool unreachable(const std::vector<HttpRule>& earlier, const std::vector<HttpRule>& rules) {
  for (const HttpRule& rule : rules)
    for (const std::string& method : rule.methods)
      for (const Pattern& path : rule.paths) {
        const auto takes_it = [&](const HttpRule& one) {
          return takes(one, method, rule.websocket) &&
                 std::ranges::any_of(one.paths, [&](const Pattern& wide) { return includes(wide, path); });
        };
        if (std::ranges::none_of(earlier, takes_it)) return false;
      }
  return true;
}

}  // namespace

void HttpResource::add(std::string action, std::vector<HttpRule> rules) {
  actions_.push_back(std::move(action));
  rules_.push_back(std::move(rules));
}

const std::string* HttpResource::action_for(const Request& request) const {
  const bool websocket = request.protocol == "websocket";
  if (!websocket && !request.protocol.empty()) return nullptr;
  const auto covers = [&](const HttpRule& rule) {
    return takes(rule, request.method, websocket) &&
           std::ranges::any_of(rule.paths, [&](const Pattern& pattern) { return pattern.matches(request.path); });
  };
  for (std::size_t i = 0; i < actions_.size(); ++i)
    if (std::ranges::any_of(rules_[i], covers)) return &actions_[i];
  return nullptr;
}

std::vector<std::string> HttpResource::warnings() const {
  const bool grpc =
      std::ranges::any_of(rules_, [](const auto& rules) { return std::ranges::any_of(rules, &HttpRule::grpc); });
  if (!grpc || target_.upstream.protocol != UpstreamProtocol::http1) return {};
  return {
      fmt::format("resource {} has grpc rules, and its upstream is asked by HTTP/1.1: gRPC needs 'protocol: http2' "
                  "there; only gRPC-Web and Connect do without",
                  name_)};
}

bool HttpResource::takes_websockets() const {
  return std::ranges::any_of(rules_,
                             [](const auto& rules) { return std::ranges::any_of(rules, &HttpRule::websocket); });
}

void decode_actions(Decoder& decoder, const Node& node, HttpResource& resource) {
  const auto* entries = decoder.object(node);
  if (entries == nullptr) return;
  if (entries->empty()) decoder.refuse(node.at, "no actions", "at least one: without it nothing can be reached");
  std::vector<HttpRule> earlier;
  for (const auto& [key, value] : *entries) {
    if (!check_name(decoder, "action", key)) continue;
    auto rules = decode_rules(decoder, value);
    if (decoder.ok() && unreachable(earlier, rules))
      decoder.refuse(key.at, fmt::format("the action '{}' after actions that cover all of it", key.text),
                     "an action that covers more, or stands before them",
                     "the first action in the file that covers a request takes it");
    earlier.insert(earlier.end(), rules.begin(), rules.end());
    resource.add(key.text, std::move(rules));
  }
}

}  // namespace watchword::policy
