// envoy.nodes of watchword.yaml: the Envoys that the gate feeds.
#pragma once

#include <optional>
#include <string>

#include "cli/config.h"
#include "policy/yaml/decode.h"

namespace watchword::cli {

// Errors are noted by the decoder. Relative paths are taken from `folder`.
std::optional<EnvoyNode> read_envoy_node(yaml::Decoder& decoder, const yaml::Key& name, const yaml::Node& node,
                                         const std::string& folder);

}  // namespace watchword::cli
