// Resources as policy files describe them: what all kinds share.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "policy/policy.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

// The resource at `node`; null when errors were noted.
std::unique_ptr<Resource> decode_resource(yaml::Decoder& decoder, const std::string& name, const yaml::Node& node);

// Names of resources, actions and roles: letters, digits, '.', '_' and '-', beginning with a letter or digit.
bool check_name(yaml::Decoder& decoder, std::string_view kind, const yaml::Key& key);

}  // namespace watchword::policy
