#include "net/bind.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "net/asio.h"

namespace watchword::net {

namespace {

constexpr int kBacklog = 4096;  // the kernel lowers it to net.core.somaxconn

// What the system's word for it does not say: who may be in the way, and what to do.
std::string fix_of(int error) {
  switch (error) {
    case EADDRINUSE:
      return "another process listens there, perhaps another gate or tunnel ('ss -ltnxp' names it): stop it, or choose "
             "another address";
    case EADDRNOTAVAIL:
      return "choose an address of this machine ('ip address' lists them)";
    case EACCES:
      return "ports below 1024 need root or CAP_NET_BIND_SERVICE, a Unix socket a folder that may be written";
    case ENOENT:
      return "make the socket's folder";
    default:
      return {};
  }
}

std::unexpected<Error> refused(const Address& address, int error) {
  return std::unexpected(Error{Reason::config_invalid, std::generic_category().message(error),
                               "an address that can be listened on", to_string(address), fix_of(error)});
}

struct Target {
  sockaddr_storage storage{};
  socklen_t size = 0;
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

// No names: what a name stands for may change between two starts.
Result<Target> resolve_listening(const Address& address) {
  const std::string host = address.host == "localhost" ? "127.0.0.1" : address.host.empty() ? "::" : address.host;
  error_code error;
  const asio::ip::tcp::endpoint end(asio::ip::make_address(host, error), address.port);
  if (error)
    return fail(Reason::config_invalid, address.host, "an IP address to listen on, not a name", to_string(address));
  Target target;
  std::memcpy(&target.storage, end.data(), end.size());
  target.size = static_cast<socklen_t>(end.size());
  return target;
}

Result<OwnedFd> open_socket(const Address& address, int family) {
  OwnedFd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.get() < 0) return refused(address, errno);
  return fd;
}

bool set(const OwnedFd& fd, int level, int option, int value) {
  return ::setsockopt(fd.get(), level, option, &value, sizeof value) == 0;
}

Result<OwnedFd> bind_tcp(const Address& address, const Target& target, bool share) {
  WW_TRY(OwnedFd fd, open_socket(address, target.storage.ss_family));
  if (!set(fd, SOL_SOCKET, SO_REUSEADDR, 1) || (share && !set(fd, SOL_SOCKET, SO_REUSEPORT, 1)) ||
      (target.storage.ss_family == AF_INET6 && !set(fd, IPPROTO_IPV6, IPV6_V6ONLY, address.host.empty() ? 0 : 1)) ||
      ::bind(fd.get(), target.get(), target.size) != 0)
    return refused(address, errno);
  return fd;
}

Result<Bound> listen_tcp(const Address& address, std::size_t count) {
  Bound bound;
  bound.address = address;
  for (std::size_t i = 0; i < count; ++i) {
    WW_TRY(const Target target, resolve_listening(bound.address));
    // SO_REUSEPORT would silently share the port with another process of ours, so ask once without it.
    if (i == 0 && address.port != 0) WW_CHECK(bind_tcp(address, target, false));
    WW_TRY(OwnedFd fd, bind_tcp(bound.address, target, true));
    if (::listen(fd.get(), kBacklog) != 0) return refused(address, errno);
    sockaddr_storage actual{};
    socklen_t size = sizeof actual;
    ::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&actual), &size);
    bound.family = actual.ss_family;
    bound.address.port = ntohs(actual.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(actual).sin6_port
                                                            : reinterpret_cast<sockaddr_in&>(actual).sin_port);
    bound.sockets.push_back(std::move(fd));
  }
  return bound;
}

// A socket file that nobody answers on is left over from a process that was killed.
Status remove_stale(const Address& address, const sockaddr* target, socklen_t size) {
  struct stat info{};
  if (::lstat(address.unix_path.c_str(), &info) != 0) return errno == ENOENT ? Status() : refused(address, errno);
  if (!S_ISSOCK(info.st_mode))
    return fail(Reason::config_invalid, "a file that is not a socket", "a free path", address.unix_path);
  WW_TRY(const OwnedFd probe, open_socket(address, AF_UNIX));
  if (::connect(probe.get(), target, size) == 0 || errno != ECONNREFUSED) return refused(address, EADDRINUSE);
  if (::unlink(address.unix_path.c_str()) != 0) return refused(address, errno);
  return {};
}

Result<Bound> listen_unix(const Address& address, unsigned mode) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (address.unix_path.size() >= sizeof name.sun_path) return refused(address, ENAMETOOLONG);
  std::ranges::copy(address.unix_path, name.sun_path);
  const auto* target = reinterpret_cast<const sockaddr*>(&name);
  WW_CHECK(remove_stale(address, target, sizeof name));
  WW_TRY(OwnedFd fd, open_socket(address, AF_UNIX));
  // Nobody can connect before listen(), so the mode is set in between.
  if (::bind(fd.get(), target, sizeof name) != 0) return refused(address, errno);
  auto file = std::make_unique<SocketFile>(address.unix_path);
  if (::chmod(address.unix_path.c_str(), mode) != 0 || ::listen(fd.get(), kBacklog) != 0)
    return refused(address, errno);
  Bound bound{.sockets = {}, .family = AF_UNIX, .address = address, .file = std::move(file)};
  bound.sockets.push_back(std::move(fd));
  return bound;
}

unsigned long inode_of(const std::string& path) {
  struct stat info{};
  return ::lstat(path.c_str(), &info) == 0 ? info.st_ino : 0;
}

}  // namespace

OwnedFd::~OwnedFd() {
  if (fd_ >= 0) ::close(fd_);
}

SocketFile::SocketFile(std::string path) : path_(std::move(path)), inode_(inode_of(path_)) {}
SocketFile::~SocketFile() {
  if (inode_ != 0 && inode_of(path_) == inode_) ::unlink(path_.c_str());
}

Result<Bound> bind_and_listen(const Address& address, std::size_t count, unsigned unix_mode) {
  return address.unix_path.empty() ? listen_tcp(address, count) : listen_unix(address, unix_mode);
}

}  // namespace watchword::net
