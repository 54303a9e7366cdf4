// Decoding of principals: { job: {...} }, { service: {...} }, { person: {...} }.
#pragma once

#include <optional>

#include "policy/matcher.h"
#include "policy/yaml/decode.h"

namespace watchword::policy {

enum class MatcherUse : std::uint8_t {
  binding,  // gives access: needs an issuer and a claim; may admit forks
  fence,    // takes access away: each part may be left out, and forks are never spared
};

std::optional<Matcher> decode_matcher(yaml::Decoder& decoder, const std::string& rule_file, const yaml::Node& node,
                                      MatcherUse use);

}  // namespace watchword::policy
