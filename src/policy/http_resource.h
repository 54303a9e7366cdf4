// Decoding of `http:` resources and their actions.
#pragma once

#include <memory>
#include <string>

#include "policy/resource.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

// Notes errors; what it returns is then incomplete and not for use.
std::unique_ptr<HttpResource> decode_http_resource(yaml::Decoder& decoder, const std::string& name,
                                                   const yaml::Node& http, const yaml::Node& actions);

}  // namespace watchword::policy
