// Listening sockets. For the .cc files of net/ only.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "net/stream.h"

namespace watchword::net {

class OwnedFd {
 public:
  explicit OwnedFd(int fd = -1) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~OwnedFd();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

// The file of a Unix socket. Removed at the end, unless another one has taken its place.
class SocketFile {
 public:
  explicit SocketFile(std::string path);
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;
  ~SocketFile();

 private:
  std::string path_;
  unsigned long inode_ = 0;
};

struct Bound {
  std::vector<OwnedFd> sockets;  // non-blocking, all on the same address
  int family = 0;
  Address address;                   // with the port that 0 became
  std::unique_ptr<SocketFile> file;  // Unix sockets only
};

// config_invalid when the address is taken, not ours or not allowed.
Result<Bound> bind_and_listen(const Address& address, std::size_t count, unsigned unix_mode);

}  // namespace watchword::net
