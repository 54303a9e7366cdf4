// The issuers and clients of watchword.yaml.
#pragma once

#include <optional>
#include <string>

#include "access/clients.h"
#include "issuer/issuers.h"
#include "policy/yaml/decode.h"

namespace watchword::cli {

// Errors are noted by the decoder. Relative paths are taken from `folder`.
std::optional<issuer::IssuerConfig> read_issuer(yaml::Decoder& decoder, const std::string& name, const yaml::Node& node,
                                                const std::string& folder);
std::optional<access::Client> read_client(yaml::Decoder& decoder, const std::string& id, const yaml::Node& node,
                                          const std::string& folder);

}  // namespace watchword::cli
