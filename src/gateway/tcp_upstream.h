// The upstream of a tunnel.
#pragma once

#include <memory>

#include "base/result.h"
#include "net/stream.h"
#include "net/task.h"
#include "policy/tcp_resource.h"

namespace watchword::gateway {

// On a loop. upstream_unreachable, upstream_timeout, upstream_forbidden.
net::Task<Result<std::unique_ptr<net::Stream>>> connect_to(const policy::TcpTarget& target);

}  // namespace watchword::gateway
