// Decoding of `response` of an http resource: what of an answer does not reach the client.
#pragma once

#include "policy/policy.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

// response: { remove_headers: [server, x-powered-by], redact: true }. `target` has what it injects already.
void decode_http_response(yaml::Decoder& decoder, const yaml::Node& node, HttpTarget& target);

}  // namespace watchword::policy
