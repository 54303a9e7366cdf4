// The issuers and clients of watchword.yaml.
#pragma once

#include <optional>
#include <string>

#include "access/clients.h"
#include "cli/config.h"
#include "issuer/issuers.h"
#include "policy/yaml/decode.h"

namespace watchword::cli {

// Errors are noted by the decoder. Relative paths are taken from `folder`. `live`: what the issuer's CI system is told
// and asked by, when it has either.
std::optional<issuer::IssuerConfig> read_issuer(yaml::Decoder& decoder, const std::string& name, const yaml::Node& node,
                                                const std::string& folder, std::vector<LiveSource>& live);
std::optional<access::Client> read_client(yaml::Decoder& decoder, const std::string& id, const yaml::Node& node,
                                          const std::string& folder);

}  // namespace watchword::cli
