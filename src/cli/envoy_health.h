// How the Envoys that the gate feeds are: for the admin API, which doctor reads.
#pragma once

#include <vector>

#include "base/json.h"
#include "envoy/xds_node.h"

namespace watchword::cli {

// A list, as docs/openapi.yaml has it (EnvoyNode).
Json envoy_health(const std::vector<envoy::XdsNodeHealth>& nodes);

}  // namespace watchword::cli
