// Where jobs find a resource: at the gateway, or the Envoy before it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "policy/policy.h"

namespace watchword::access {

// scheme://host:port; without the port where it is the scheme's own, or 0. An IPv6 host gets its brackets.
std::string origin_text(std::string_view scheme, std::string_view host, std::uint16_t port);

// A resource with a host: the gateway's scheme and port with that host. With a prefix: the gateway's own URL and the
// prefix. With tcp: the gateway's URL, for CONNECT. `gateway_url`: an origin without trailing slash.
std::string url_of(const policy::Resource& resource, std::string_view gateway_url);

}  // namespace watchword::access
