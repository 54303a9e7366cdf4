// PROXY protocol version 2 (HAProxy's proxy-protocol.txt, 2.2): tells a backend which client a connection is for.
#pragma once

#include <string>
#include <string_view>

namespace watchword::gateway {

// `client`: as net::Peer has it, "192.0.2.7" or "[2001:db8::7]". Its port and the address that it connected to are
// given as zero: not known. LOCAL, which says that the connection is the gate's own, when `client` is no address:
// empty, as for a check or a client of a Unix socket.
std::string proxy_header(std::string_view client);

}  // namespace watchword::gateway
