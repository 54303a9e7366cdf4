// Decoding of a policy file: resources, roles, deny, freezes.
#include "policy/document.h"

#include <fmt/format.h>

#include "policy/decode_freeze.h"
#include "policy/decode_matcher.h"
#include "policy/decode_quota.h"
#include "policy/resource.h"

namespace watchword::policy {
namespace {

using yaml::Decoder;
using yaml::Node;
using yaml::Type;

constexpr Duration kShortestSession = std::chrono::seconds(1);
constexpr Duration kLongestSession = std::chrono::hours(24);
constexpr Duration kShortestAcceptance = std::chrono::seconds(1);
constexpr Duration kLongestAcceptance = std::chrono::hours(24);
constexpr Duration kLongestDrain = std::chrono::minutes(10);

class DocumentDecoder {
 public:
  DocumentDecoder(Decoder& decoder, const std::string& rule_file) : decoder_(decoder), rule_file_(rule_file) {}

  Document decode(const Node& root) {
    Document out;
    const yaml::Object fields(decoder_, root, "policy", {"resources", "roles", "deny", "freezes"});
    for_each_named(fields.find("resources"), "resource", [&](const yaml::Key& key, const Node& node) {
      if (auto resource = decode_resource(decoder_, key.text, node))
        out.resources.push_back({std::move(resource), place(key.at)});
    });
    for_each_named(fields.find("roles"), "role",
                   [&](const yaml::Key& key, const Node& node) { out.roles.push_back(role(key, node)); });
    for_each(fields.find("deny"), [&](const Node& node) { out.deny.push_back(deny_rule(node)); });
    for_each(fields.find("freezes"), [&](const Node& node) {
      if (auto window = decode_freeze(decoder_, node, place(node.at))) out.freezes.push_back(*std::move(window));
    });
    return out;
  }

 private:
  Place place(yaml::Position at) const { return {fmt::format("{}:{}", rule_file_, at.line), decoder_.where(at)}; }

  template <class F>
  void for_each_named(const Node* node, std::string_view kind, F&& f) {
    const auto* entries = node == nullptr ? nullptr : decoder_.object(*node);
    if (entries == nullptr) return;
    for (const auto& [key, value] : *entries)
      if (check_name(decoder_, kind, key)) f(key, value);
  }
  template <class F>
  void for_each(const Node* node, F&& f) {
    const auto* items = node == nullptr ? nullptr : decoder_.list(*node);
    if (items == nullptr) return;
    for (const Node& item : *items) f(item);
  }

  Role role(const yaml::Key& key, const Node& node) {
    Role out;
    out.name = key.text;
    out.place = place(key.at);
    yaml::Object fields(decoder_, node, "role", {"granted_to", "allow", "session"});
    for_each(fields.require("granted_to"), [&](const Node& item) {
      if (auto matcher = decode_matcher(decoder_, rule_file_, item, MatcherUse::binding))
        out.bindings.push_back(*std::move(matcher));
    });
    for_each(fields.require("allow"), [&](const Node& item) {
      if (auto one = permission(item)) out.permissions.push_back(*std::move(one));
    });
    if (const Node* limits = fields.find("session"); limits != nullptr) out.limits = session(*limits);
    return out;
  }

  SessionLimits session(const Node& node) {
    SessionLimits out;
    yaml::Object fields(decoder_, node, "session", {"ttl", "ends_with_job", "exchanges", "proof", "drain", "limits"});
    fields.read("ttl", out.ttl, kShortestSession, kLongestSession);
    fields.read("ends_with_job", out.ends_with_job);
    fields.read("drain", out.drain, Duration::zero(), kLongestDrain);
    fields.read<bool>("exchanges", out.single_exchange, {{"once", true}, {"many", false}});
    fields.read<Proof>("proof", out.proof, {{"bearer", Proof::bearer}, {"dpop", Proof::dpop}});
    if (const Node* limits = fields.find("limits"); limits != nullptr) out.quota = decode_quota(decoder_, *limits);
    return out;
  }

  std::optional<Permission> permission(const Node& node) {
    if (node.type != Type::object) return permission_named(node, node.at);
    yaml::Object fields(decoder_, node, "allow", {"permission", "when", "accept_facts_for", "approval"});
    if (const Node* approval = fields.find("approval"); approval != nullptr)
      decoder_.refuse(approval->at, "'approval'", "'permission' and 'when' only",
                      "approvals are not served yet: leave this permission out until they are");
    const Node* name = fields.require("permission");
    if (name == nullptr) return std::nullopt;
    auto out = permission_named(*name, node.at);
    if (!out) return out;
    const Node *when = fields.find("when"), *accept = fields.find("accept_facts_for");
    out->when = condition(when);
    fields.read("accept_facts_for", out->accept, kShortestAcceptance, kLongestAcceptance);
    const bool asks = when != nullptr && (!out->when || out->when->asks_facts());
    if (accept != nullptr && !asks)
      decoder_.refuse(accept->at, "'accept_facts_for' where no fact is asked for", "a 'when' that asks context.*",
                      "leave it out");
    return out;
  }

  std::optional<Permission> permission_named(const Node& node, yaml::Position at) {
    const auto text = decoder_.string(node);
    if (!text) return std::nullopt;
    const auto slash = text->find('/');
    const std::string resource = text->substr(0, slash),
                      action = slash == std::string::npos ? "" : text->substr(slash + 1);
    if (resource.empty() || action.empty() || resource.find_first_of("*?") != std::string::npos ||
        action.contains('/') || (action != "*" && action.find_first_of("*?") != std::string::npos)) {
      decoder_.refuse(node.at, fmt::format("'{}'", *text), "resource/action, or resource/* for all of its actions");
      return std::nullopt;
    }
    return Permission{resource, action, std::nullopt, {}, place(at)};
  }

  std::optional<Condition> condition(const Node* node) {
    if (node == nullptr) return std::nullopt;
    const auto text = decoder_.string(*node);
    if (!text) return std::nullopt;
    auto compiled = Condition::compile(*text);
    if (compiled) return *std::move(compiled);
    decoder_.refuse(*node, compiled.error());
    return std::nullopt;
  }

  DenyRule deny_rule(const Node& node) {
    DenyRule out;
    out.place = place(node.at);
    yaml::Object fields(decoder_, node, "deny", {"name", "permission", "to", "when", "unless", "why"});
    fields.read("name", out.name);
    fields.read("why", out.why);
    if (const Node* permission = fields.require("permission"); permission != nullptr) {
      if (permission->type != Type::list)
        fence(*permission, out);
      else
        for_each(permission, [&](const Node& item) { fence(item, out); });
    }
    const auto add = [&](const Node& item) {
      if (auto matcher = decode_matcher(decoder_, rule_file_, item, MatcherUse::fence))
        out.to.push_back(*std::move(matcher));
    };
    if (const Node* to = fields.find("to"); to != nullptr) {
      if (to->type != Type::list)
        add(*to);
      else
        for_each(to, add);
    }
    out.when = condition(fields.find("when"));
    out.unless = condition(fields.find("unless"));
    return out;
  }

  void fence(const Node& node, DenyRule& out) {
    const auto text = decoder_.string(node);
    if (!text) return;
    const auto slash = text->find('/');
    const bool parts = slash != std::string::npos && text->find('/', slash + 1) == std::string::npos;
    const auto resource = Pattern::parse(parts ? text->substr(0, slash) : "");
    const auto action = Pattern::parse(parts ? text->substr(slash + 1) : "");
    if (!resource || !action || text->contains("re:")) {
      decoder_.refuse(node.at, fmt::format("'{}'", *text), "resource/action, both may be globs",
                      *text == "*" ? "write \"*/*\" for everything" : "");
      return;
    }
    out.permissions.push_back({*text, *resource, *action, decoder_.where(node.at)});
  }

  Decoder& decoder_;
  const std::string& rule_file_;
};

}  // namespace

Document decode_document(Decoder& decoder, const std::string& rule_file, const Node& root) {
  return DocumentDecoder(decoder, rule_file).decode(root);
}

}  // namespace watchword::policy
