// Addresses that a name must not lead a gate to: on a cloud machine they hand out the machine's own credentials.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "base/result.h"

namespace watchword::net {

// Which kind of address `ip` (4 or 16 bytes) is: "link-local", "cloud metadata", "multicast", "unspecified",
// "broadcast"; empty for any other, private and loopback addresses among them. An IPv4 address within an IPv6 one
// counts as itself: mapped and compatible (RFC 4291), translated (RFC 6145), NAT64 (RFC 6052, 8215) and 6to4 (RFC
// 3056).
std::string_view forbidden_kind(std::span<const std::uint8_t> ip);

// For Dial::permit. upstream_forbidden.
Status refuse_forbidden(std::span<const std::uint8_t> ip);

}  // namespace watchword::net
