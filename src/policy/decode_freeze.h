// An entry of `freezes:` in a policy file.
#pragma once

#include <optional>

#include "policy/freeze_window.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

// Nothing when errors were noted.
std::optional<FreezeWindow> decode_freeze(yaml::Decoder& decoder, const yaml::Node& node, Place place);

}  // namespace watchword::policy
