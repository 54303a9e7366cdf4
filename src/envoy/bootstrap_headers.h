// Request headers and trailers with which backends are told who is calling. Only the gate may set them, so a client's
// are removed before anything in Envoy looks at them. After the answer would be too late: the gate's own would be
// removed too.
#pragma once

#include <span>
#include <string_view>

#include "base/json.h"

namespace watchword::envoy {

struct ForgedHeader {
  std::string_view name;
  bool prefix = false;  // every header whose name begins so
};

// Lower case. Names with '_' need no entry: the listener rejects requests with them.
std::span<const ForgedHeader> forged_headers();

// The same of request trailers, which Envoy needs none of: a backend may read them as headers.
std::span<const ForgedHeader> forged_trailers();

// config.common.mutation_rules.v3.HeaderMutation, one for each.
Json remove_all(std::span<const ForgedHeader> headers);
// Whether one of these mutations removes it for certain.
bool removes(const Json& mutations, const ForgedHeader& header);

}  // namespace watchword::envoy
