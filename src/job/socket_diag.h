// The kernel's answer to a question about one TCP socket (sock_diag(7)). Where a host has many sockets, or much memory
// for them, this takes microseconds, and its list (job/socket_list.h) tens of milliseconds.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "job/socket_list.h"

namespace watchword::job {

// The user who owns the socket. None: it is not there, no process has it open any more, or this system does not tell.
std::optional<std::uint32_t> owner_by_diag(const SocketEnd& local, const SocketEnd& remote);

// The owner in what the kernel answered about a socket with these ports; for owner_by_diag() and its tests.
std::optional<std::uint32_t> owner_in_diag(std::string_view answer, std::uint16_t local, std::uint16_t remote);

}  // namespace watchword::job
