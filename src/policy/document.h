// One policy file, decoded: names are not yet resolved against the other files.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "policy/condition.h"
#include "policy/freeze_window.h"
#include "policy/matcher.h"
#include "policy/pattern.h"
#include "policy/place.h"
#include "policy/policy.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

struct ResourceRule {
  std::unique_ptr<Resource> resource;
  Place place;
};

struct Permission {
  std::string resource, action;  // action "*": all of the resource
  std::optional<Condition> when;
  Duration accept{};  // how old facts may be for `when`, beyond the normal limit
  Place place;
};

struct Role {
  std::string name;
  std::vector<Matcher> bindings;
  std::vector<Permission> permissions;
  SessionLimits limits;
  Place place;
  // By action number (compiled_policy.h), ascending: which permissions speak of it. Filled by the compiler.
  std::vector<std::pair<std::uint32_t, const Permission*>> by_action;
};

struct DenyRule {
  struct Fence {
    std::string text;
    Pattern resource, action;
    std::string where;
  };
  std::string name, why;
  std::vector<Fence> permissions;
  std::vector<Matcher> to;  // empty: everyone
  std::optional<Condition> when, unless;
  Place place;
};

struct Document {
  std::vector<ResourceRule> resources;
  std::vector<Role> roles;
  std::vector<DenyRule> deny;
  std::vector<FreezeWindow> freezes;
};

// Errors are noted in the decoder, whose file name is the one for `where`; `rule_file` is the one for rules.
Document decode_document(yaml::Decoder& decoder, const std::string& rule_file, const yaml::Node& root);

}  // namespace watchword::policy
