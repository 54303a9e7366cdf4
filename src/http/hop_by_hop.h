// What concerns one connection only, and so passes no intermediary (RFC 9110 7.6.1).
#pragma once

#include "http/message.h"

namespace watchword::http {

// Of a head or of trailers: the headers that `connection` names, and those that are about the connection by themselves.
// Also `te`, so that gRPC needs it added again, and the credentials for a proxy.
void remove_hop_by_hop(Headers& headers);

}  // namespace watchword::http
