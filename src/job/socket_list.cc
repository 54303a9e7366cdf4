#include "job/socket_list.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace watchword::job {
namespace {

constexpr std::size_t kMaxLine = 512;  // the kernel's have about 150 bytes, of IPv6 180

// As the kernel prints it: the four bytes as one number of this machine.
std::optional<std::string> in_list(const SocketEnd& end) {
  in_addr parsed{};
  if (::inet_pton(AF_INET, end.address.c_str(), &parsed) != 1) return std::nullopt;
  return fmt::format("{:08X}:{:04X}", static_cast<std::uint32_t>(parsed.s_addr), end.port);
}

// ::ffff:a.b.c.d
std::string mapped(const std::string& v4) {
  const std::uint32_t marker = htonl(0xffff);
  return fmt::format("0000000000000000{:08X}{}", marker, v4);
}

std::string_view next_field(std::string_view& line) {
  const auto begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos) return line = {};
  line.remove_prefix(begin);
  const auto field = line.substr(0, line.find(' '));
  line.remove_prefix(field.size());
  return field;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto* end = text.end();
  const auto [stop, error] = std::from_chars(text.begin(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}

}  // namespace

Result<SocketList> SocketList::looking_for(const SocketEnd& local, const SocketEnd& remote) {
  const auto here = in_list(local), there = in_list(remote);
  if (!here || !there) return fail(Reason::request_invalid, local.address, "IPv4 addresses");
  return SocketList({*here + " " + *there + " ", mapped(*here) + " " + mapped(*there) + " "});
}

void SocketList::feed(std::string_view piece) {
  while (!piece.empty()) {
    const auto end = piece.find('\n');
    const auto part = piece.substr(0, end);
    skipping_ = skipping_ || line_.size() + part.size() > kMaxLine;
    if (!skipping_) line_ += part;
    if (end == std::string_view::npos) return;
    if (!skipping_) read(line_);
    line_.clear();
    skipping_ = false;
    piece.remove_prefix(end + 1);
  }
}

// "  12: 0100007F:8124 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 4711 ..."
void SocketList::read(std::string_view line) {
  const auto colon = line.find(": ");
  if (colon == std::string_view::npos) return;
  line.remove_prefix(colon + 2);
  if (!line.starts_with(wanted_[0]) && !line.starts_with(wanted_[1])) return;
  for (int skipped = 0; skipped < 6; ++skipped) next_field(line);  // addresses, state, queues, timer, retransmissions
  const auto uid = number(next_field(line));
  next_field(line);  // timeout
  const auto inode = number(next_field(line));
  if (!uid || *uid > UINT32_MAX || !inode || *inode == 0) return;
  const auto found = static_cast<std::uint32_t>(*uid);
  doubtful_ = doubtful_ || (owner_ && *owner_ != found);
  owner_ = found;
}

}  // namespace watchword::job
