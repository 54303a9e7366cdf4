// The way through an HTTP proxy (RFC 9110 9.3.6): a preface (Dial, net/stream.h) that must be granted. connect() sends
// it to the proxy, whose address the Address then is, waits for the grant, and goes on as with the host behind: its
// certificate is what TLS asks for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace watchword::net {

inline constexpr std::size_t kMaxProxyAnswer = std::size_t{16} * 1024;

// `host`: a name, or an IP address without brackets. `authorization`: the value of Proxy-Authorization, or empty.
std::string proxy_preface(std::string_view host, std::uint16_t port, std::string_view authorization);
// Whom such a preface leads to; empty: it is another, and nothing answers it.
std::string host_behind_proxy(std::string_view preface);

// What the proxy has sent so far: true once it grants, false while more must come; upstream_unreachable when it
// refuses, or says what no proxy does.
Result<bool> proxy_grants(std::string_view answer);

}  // namespace watchword::net
