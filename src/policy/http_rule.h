// Which requests an action of an http resource covers, as a policy says it in one of three forms:
//   { methods: [GET], paths: [/v1/**] }   { grpc: [acme.v1.Billing/*] }   { websocket: [/v1/stream/**] }
#pragma once

#include <vector>

#include "policy/http_resource.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

// One rule, or a list of them. Notes errors; what it returns is then not for use.
std::vector<HttpRule> decode_rules(yaml::Decoder& decoder, const yaml::Node& node);

}  // namespace watchword::policy
