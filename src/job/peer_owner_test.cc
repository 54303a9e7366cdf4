#include "job/peer_owner.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

#include "base/descriptor.h"

namespace watchword::job {
namespace {

TEST(PeerOwner, OnlyTheRunsUserAndRootMayCall) {
  EXPECT_TRUE(may_call(1000, 1000));
  EXPECT_TRUE(may_call(0, 1000));
  EXPECT_FALSE(may_call(1001, 1000));
  EXPECT_FALSE(may_call(65534, 0));
}

TEST(PeerOwner, AUnixSocketsPeerIsWhoTheKernelSays) {
  EXPECT_TRUE(check_peer(OwnerSource::diag, {.address = {}, .port = 0, .uid = 1000}, {}, 1000));
  EXPECT_TRUE(check_peer(OwnerSource::diag, {.address = {}, .port = 0, .uid = 0}, {}, 1000));
  EXPECT_FALSE(check_peer(OwnerSource::diag, {.address = {}, .port = 0, .uid = 1001}, {}, 1000));
  EXPECT_FALSE(check_peer(OwnerSource::diag, {.address = {}, .port = 0, .uid = {}}, {}, 1000));
}

// A listening socket on loopback, and its end.
struct Listening {
  Listening() : file(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(file.get(), address(), size), 0);
    EXPECT_EQ(::listen(file.get(), 8), 0);
    EXPECT_EQ(::getsockname(file.get(), address(), &size), 0);
  }
  sockaddr* address() { return reinterpret_cast<sockaddr*>(&at); }
  SocketEnd end() const { return {"127.0.0.1", ntohs(at.sin_port)}; }
  net::Peer accept() {
    sockaddr_in from{};
    socklen_t size = sizeof from;
    accepted = Descriptor(::accept(file.get(), reinterpret_cast<sockaddr*>(&from), &size));
    return {.address = "127.0.0.1", .port = ntohs(from.sin_port), .uid = {}, .loopback = true};
  }

  Descriptor file;
  Descriptor accepted{-1};
  sockaddr_in at{};
};

constexpr std::array kSources = {OwnerSource::diag, OwnerSource::list};

SocketEnd end_of(const net::Peer& peer) { return {peer.address, peer.port}; }

TEST(PeerOwner, KnowsItsOwnConnections) {
  EXPECT_EQ(owner_source(), OwnerSource::diag);
  Listening ours;
  const Descriptor calling(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::connect(calling.get(), ours.address(), sizeof ours.at), 0);
  const auto peer = ours.accept();
  for (const auto source : kSources) {
    EXPECT_EQ(owner_of(source, end_of(peer), ours.end()), ::geteuid());
    EXPECT_TRUE(check_peer(source, peer, ours.end(), ::geteuid()));
    EXPECT_EQ(owner_of(source, end_of(peer), {"127.0.0.2", ours.end().port}), std::nullopt);
    EXPECT_EQ(owner_of(source, ours.end(), {"127.0.0.1", 9}), std::nullopt);  // it listens
  }
}

TEST(PeerOwner, KnowsConnectionsThroughIpv6Sockets) {
  Listening ours;
  const Descriptor calling(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!calling.open()) GTEST_SKIP() << "no IPv6";
  sockaddr_in6 to{};
  to.sin6_family = AF_INET6;
  to.sin6_port = ours.at.sin_port;
  ASSERT_EQ(::inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr), 1);
  ASSERT_EQ(::connect(calling.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  const auto peer = ours.accept();
  for (const auto source : kSources) EXPECT_EQ(owner_of(source, end_of(peer), ours.end()), ::geteuid());
}

TEST(PeerOwner, RefusesWhatItCannotFindAndSaysWhatToDo) {
  Listening ours;
  for (const auto source : kSources) {
    const net::Peer peer{.address = "127.0.0.1", .port = 1, .uid = {}, .loopback = true};
    const Status checked = check_peer(source, peer, ours.end(), 0);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().reason, Reason::local_caller_refused);
    EXPECT_NE(checked.error().fix.find("--unix-sockets"), std::string::npos);
  }
}

// Connects as another user, then holds the connection, or closes it at once, until the test has looked.
struct OtherUser {
  static constexpr uid_t kUser = 65534;

  OtherUser(Listening& ours, bool closes) {
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    child = ::fork();
    if (child != 0) return;
    if (::setuid(kUser) != 0) ::_exit(1);
    const int file = ::socket(AF_INET, SOCK_STREAM, 0);
    if (::connect(file, ours.address(), sizeof ours.at) != 0) ::_exit(2);
    if (closes) ::close(file);
    ::close(ends[1]);
    char byte = 0;
    static_cast<void>(::read(ends[0], &byte, 1));
    ::_exit(0);
  }
  OtherUser(const OtherUser&) = delete;
  OtherUser& operator=(const OtherUser&) = delete;
  ~OtherUser() {
    ::close(ends[1]);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
    ::close(ends[0]);
  }

  std::array<int, 2> ends{};
  pid_t child = 0;
};

TEST(PeerOwner, RefusesAnotherUsersProcess) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  Listening ours;
  const OtherUser other(ours, false);
  const auto peer = ours.accept();
  for (const auto source : kSources) {
    EXPECT_EQ(owner_of(source, end_of(peer), ours.end()), OtherUser::kUser);
    EXPECT_FALSE(check_peer(source, peer, ours.end(), ::geteuid()));
    EXPECT_FALSE(check_peer(source, peer, ours.end(), 1000));
    EXPECT_TRUE(check_peer(source, peer, ours.end(), OtherUser::kUser));
  }
}

// What it sent before it closed must not be taken for root's.
TEST(PeerOwner, RefusesAnotherUsersProcessThatHasGone) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root, to become another user";
  Listening ours;
  const OtherUser other(ours, true);
  const auto peer = ours.accept();
  char byte = 0;
  ASSERT_EQ(::recv(ours.accepted.get(), &byte, 1, 0), 0);  // its close has come
  for (const auto source : kSources) EXPECT_FALSE(check_peer(source, peer, ours.end(), ::geteuid()));
}

}  // namespace
}  // namespace watchword::job
