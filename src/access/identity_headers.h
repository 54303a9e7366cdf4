// The headers with which proxies tell backends who calls. Only Watchword may, so a client's are never passed on.
#pragma once

#include <span>
#include <string_view>

namespace watchword::access {

// `name` in lower case. Also the job's credential, and every name with '_' (CGI-like backends read it as '-').
bool is_identity_header(std::string_view name);
// Those that have a name of their own, and how the others begin.
std::span<const std::string_view> identity_headers();
std::span<const std::string_view> identity_header_prefixes();

}  // namespace watchword::access
