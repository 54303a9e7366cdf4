// The kernel's list of TCP sockets (proc(5), /proc/net/tcp), read for the owner of one.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace watchword::job {

// One end of an IPv4 connection.
struct SocketEnd {
  std::string address;  // "127.0.0.1"
  std::uint16_t port = 0;
};

// Looks for one socket in such a list. Sans-I/O: feed() the list in pieces as they are read; of what is no line of one
// nothing is believed.
class SocketList {
 public:
  // request_invalid: an end that is no IPv4 address.
  static Result<SocketList> looking_for(const SocketEnd& local, const SocketEnd& remote);
  void feed(std::string_view piece);
  // The user who owns the socket. None: it is not there, or no process has it open any more: then the list names root
  // for it, whoever it was.
  std::optional<std::uint32_t> owner() const { return doubtful_ ? std::nullopt : owner_; }

 private:
  explicit SocketList(std::array<std::string, 2> wanted) : wanted_(std::move(wanted)) {}
  void read(std::string_view line);

  std::array<std::string, 2> wanted_;  // "LOCAL REMOTE " as the list has them: IPv4, and IPv4 through an IPv6 socket
  std::string line_;                   // the beginning of one
  bool skipping_ = false;              // a line that is too long
  std::optional<std::uint32_t> owner_;
  bool doubtful_ = false;  // it stands there twice, with two users
};

}  // namespace watchword::job
