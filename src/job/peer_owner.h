// Which user is at the other end of a connection on this machine. TCP does not say; the kernel does, to who asks.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "job/socket_list.h"
#include "net/stream.h"

namespace watchword::job {

// How this system tells whose a TCP connection is.
enum class OwnerSource : std::uint8_t {
  diag,  // job/socket_diag.h
  list,  // job/socket_list.h; where the other is not built into the kernel, or a sandbox has none
};
// The first of them that knows a connection of this process's own. listener_unavailable.
Result<OwnerSource> owner_source();

// The user whose process has the other end of a connection to `ours`; none when that cannot be known. By the list it
// blocks for as long as the kernel takes to print it.
std::optional<std::uint32_t> owner_of(OwnerSource source, const SocketEnd& theirs, const SocketEnd& ours);

// Whether that user's processes may use what a process of `self` listens on.
inline bool may_call(std::uint32_t owner, std::uint32_t self) { return owner == self || owner == 0; }
// The same for a connection, by TCP or by Unix socket. `ours`: where it came in, by TCP. local_caller_refused.
Status check_peer(OwnerSource source, const net::Peer& peer, const SocketEnd& ours, std::uint32_t self);

}  // namespace watchword::job
