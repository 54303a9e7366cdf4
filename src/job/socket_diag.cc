#include "job/socket_diag.h"

#include <arpa/inet.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/descriptor.h"

namespace watchword::job {
namespace {

struct Question {
  nlmsghdr head;
  inet_diag_req_v2 about;
};

bool set(const SocketEnd& end, std::uint16_t& port, std::uint32_t& address) {
  port = htons(end.port);
  return ::inet_pton(AF_INET, end.address.c_str(), &address) == 1;
}

bool ask(const Descriptor& file, const Question& question) {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  return ::sendto(file.get(), &question, sizeof question, 0, reinterpret_cast<const sockaddr*>(&kernel),
                  sizeof kernel) == static_cast<ssize_t>(sizeof question);
}

// The kernel has answered by the time that the question is sent. Other processes may send here, too.
std::string_view answer_of_kernel(const Descriptor& file, std::array<char, 4096>& buffer) {
  sockaddr_nl from{};
  socklen_t size = sizeof from;
  const ssize_t got =
      ::recvfrom(file.get(), buffer.data(), buffer.size(), MSG_DONTWAIT, reinterpret_cast<sockaddr*>(&from), &size);
  if (got <= 0 || from.nl_pid != 0) return {};
  return {buffer.data(), static_cast<std::size_t>(got)};
}

}  // namespace

std::optional<std::uint32_t> owner_by_diag(const SocketEnd& local, const SocketEnd& remote) {
  Question question{};
  question.head = {.nlmsg_len = sizeof question,
                   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                   .nlmsg_flags = NLM_F_REQUEST,
                   .nlmsg_seq = 0,
                   .nlmsg_pid = 0};
  auto& about = question.about;
  about.sdiag_family = AF_INET;
  about.sdiag_protocol = IPPROTO_TCP;
  about.idiag_states = UINT32_MAX;
  about.id.idiag_cookie[0] = about.id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  if (!set(local, about.id.idiag_sport, about.id.idiag_src[0]) ||
      !set(remote, about.id.idiag_dport, about.id.idiag_dst[0]))
    return std::nullopt;
  const Descriptor file(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!file.open() || !ask(file, question)) return std::nullopt;
  std::array<char, 4096> buffer;
  return owner_in_diag(answer_of_kernel(file, buffer), local.port, remote.port);
}

// Where there is no such connection, the kernel may answer with a listening socket.
std::optional<std::uint32_t> owner_in_diag(std::string_view answer, std::uint16_t local, std::uint16_t remote) {
  nlmsghdr head{};
  inet_diag_msg found{};
  if (answer.size() < NLMSG_LENGTH(sizeof found)) return std::nullopt;
  std::memcpy(&head, answer.begin(), sizeof head);
  std::memcpy(&found, answer.begin() + NLMSG_HDRLEN, sizeof found);
  const bool whole = head.nlmsg_type == SOCK_DIAG_BY_FAMILY && head.nlmsg_len >= NLMSG_LENGTH(sizeof found) &&
                     head.nlmsg_len <= answer.size();
  if (!whole || ntohs(found.id.idiag_sport) != local || ntohs(found.id.idiag_dport) != remote) return std::nullopt;
  if (found.idiag_inode == 0) return std::nullopt;  // nobody's, and the user may be told as root
  return found.idiag_uid;
}

}  // namespace watchword::job
