// Decoding of `upstream` of an http resource: a URL, or endpoints and how requests are spread over them.
#pragma once

#include "policy/policy.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

// Into target.upstream. `target` has its TLS settings already: they need https endpoints.
void decode_http_upstream(yaml::Decoder& decoder, const yaml::Node& node, HttpTarget& target);

}  // namespace watchword::policy
