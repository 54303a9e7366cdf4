// Decoding of `limits: { rate: 100/s, concurrent: 20, bytes: 10GB }`.
#pragma once

#include "policy/quota.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

// Errors are noted in the decoder; what it returns is then incomplete.
Quota decode_quota(yaml::Decoder& decoder, const yaml::Node& node);

}  // namespace watchword::policy
