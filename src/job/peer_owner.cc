#include "job/peer_owner.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

#include "base/descriptor.h"
#include "job/socket_diag.h"

namespace watchword::job {
namespace {

constexpr std::size_t kMaxList = std::size_t{64} << 20;
constexpr int kLooks = 3;  // sockets that come and go meanwhile may hide one
constexpr std::string_view kFix = "give 'watchword exec' --unix-sockets: their kernel says who calls";

// False: it could not be read.
bool read_list(const char* path, SocketList& list) {
  const Descriptor file(::open(path, O_RDONLY | O_CLOEXEC));
  if (!file.open()) return false;
  std::array<char, std::size_t{32} * 1024> buffer;
  for (std::size_t total = 0; total < kMaxList;) {
    const ssize_t got = ::read(file.get(), buffer.data(), buffer.size());
    if (got <= 0) return got == 0;
    list.feed({buffer.data(), static_cast<std::size_t>(got)});
    total += static_cast<std::size_t>(got);
  }
  return false;
}

// An IPv4 socket on loopback, and its address.
struct Own {
  Own() : file(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  }
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&at); }
  bool learn_port() {
    socklen_t size = sizeof at;
    return ::getsockname(file.get(), address(), &size) == 0;
  }
  SocketEnd end() const { return {"127.0.0.1", ntohs(at.sin_port)}; }

  Descriptor file;
  sockaddr_in at{};
};

std::optional<std::uint32_t> owner_by_list(const SocketEnd& local, const SocketEnd& remote) {
  for (int look = 0; look < kLooks; ++look) {
    auto list = SocketList::looking_for(local, remote);
    if (!list) return std::nullopt;
    const bool v4 = read_list("/proc/net/tcp", *list);
    const bool v6 = read_list("/proc/net/tcp6", *list);
    if (!v4 && !v6) return std::nullopt;
    if (const auto owner = list->owner()) return owner;
  }
  return std::nullopt;
}

// A connection of this process with itself.
struct OwnConnection {
  bool make() {
    return ::bind(listening.file.get(), listening.address(), sizeof listening.at) == 0 && listening.learn_port() &&
           ::listen(listening.file.get(), 1) == 0 &&
           ::connect(calling.file.get(), listening.address(), sizeof listening.at) == 0 && calling.learn_port();
  }
  Own listening, calling;
};

}  // namespace

Result<OwnerSource> owner_source() {
  OwnConnection own;
  if (!own.make())
    return fail(Reason::listener_unavailable, std::generic_category().message(errno), "a socket on loopback");
  for (const auto source : {OwnerSource::diag, OwnerSource::list})
    if (owner_of(source, own.calling.end(), own.listening.end()) == ::geteuid()) return source;
  return std::unexpected(Error{Reason::listener_unavailable,
                               "this system does not show whose a connection is",
                               "sock_diag(7), or /proc/net/tcp",
                               {},
                               std::string(kFix)});
}

std::optional<std::uint32_t> owner_of(OwnerSource source, const SocketEnd& theirs, const SocketEnd& ours) {
  return source == OwnerSource::diag ? owner_by_diag(theirs, ours) : owner_by_list(theirs, ours);
}

Status check_peer(OwnerSource source, const net::Peer& peer, const SocketEnd& ours, std::uint32_t self) {
  const auto owner = peer.address.empty() ? peer.uid : owner_of(source, {peer.address, peer.port}, ours);
  if (owner && may_call(*owner, self)) return {};
  return std::unexpected(
      Error{Reason::local_caller_refused,
            owner ? "a process of user " + std::to_string(*owner) : "a connection of which nobody says whose it is",
            "a process of user " + std::to_string(self) + ", whose run this is",
            {},
            owner ? "" : std::string(kFix)});
}

}  // namespace watchword::job
