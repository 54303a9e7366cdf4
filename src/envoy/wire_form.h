// Envoy's messages, from the JSON that is rendered to the bytes that are sent. proto/envoy/ holds their fields.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace watchword::envoy {

// `type`: the message's full name, "envoy.config.cluster.v3.Cluster"; a "@type" of `message` itself is not looked at,
// those inside it are. The same bytes for the same JSON. `internal` for a field or type that proto/envoy/ does not
// have, so that what is rendered and what is sent cannot drift apart. Any thread.
Result<std::string> to_wire(std::string_view type, const Json& message);

}  // namespace watchword::envoy
