#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <latch>
#include <mutex>

#include "net/test_server.h"

namespace watchword::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Task<bool> is_served(Address address) {
  const auto answer = co_await ask(address, nullptr, "x");
  co_return answer && *answer == "x";
}

Result<std::unique_ptr<Listener>> listen(LoopPool& pool, const std::string& address) {
  return Listener::start(pool.loops(), *parse_address(address), {}, [](std::unique_ptr<Stream>) {});
}

void leave_stale_socket(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::ranges::copy(path, name.sun_path);
  ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
  ::close(fd);
}

TEST(Listener, TellsWhoConnected) {
  const testing::TemporaryDirectory directory;
  for (const std::string& address : {std::string("127.0.0.1:0"), "unix:" + directory.file("s")}) {
    LoopPool pool(1);
    std::latch accepted(1);
    Peer peer;
    const auto listener =
        Listener::start(pool.loops(), *parse_address(address), {}, [&](std::unique_ptr<Stream> stream) {
          peer = stream->peer();
          accepted.count_down();
        });
    ASSERT_TRUE(listener);
    EXPECT_TRUE(run_blocking(handshake((*listener)->address(), nullptr)));
    accepted.wait();
    EXPECT_TRUE(peer.loopback);
    if (address.starts_with("unix:")) {
      EXPECT_EQ(peer.uid, ::getuid());
    } else {
      EXPECT_EQ(peer.address, "127.0.0.1");
      EXPECT_NE(peer.port, 0);
      EXPECT_FALSE(peer.uid);
    }
  }
}

TEST(Listener, ClosesConnectionsOverTheLimitAndServesAgainWhenOneHasGone) {
  const EchoServer server("127.0.0.1:0", {.max_connections = 2});
  const bool served_again = run_blocking([](Address to) -> Task<bool> {
    auto first = co_await connect(to, nullptr, seconds(5));
    auto second = co_await connect(to, nullptr, seconds(5));
    EXPECT_TRUE(co_await (*first)->write("a", {}));
    EXPECT_TRUE(co_await read_exactly(**first, 1));
    EXPECT_TRUE(co_await (*second)->write("b", {}));
    EXPECT_TRUE(co_await read_exactly(**second, 1));
    EXPECT_FALSE(co_await is_served(to));
    co_await (*first)->shutdown();
    const auto end = co_await read_exactly(**first, 1);
    EXPECT_TRUE(end && end->empty());
    for (int i = 0; i < 1000; ++i) {  // the server frees the place just after it has closed its side
      if (co_await is_served(to)) co_return true;
    }
    co_return false;
  }(server.address()));
  EXPECT_TRUE(served_again);
}

TEST(Listener, ClosesConnectionsOfAnAddressThatHasTooManyAndServesOtherAddresses) {
  std::mutex mutex;
  std::vector<std::string> refused;
  const auto on_refused = [&](Listener::Full full, const std::string& address) {
    const std::lock_guard lock(mutex);
    refused.push_back((full == Listener::Full::address ? "address " : "all ") + address);
  };
  const EchoServer server(":0", {.max_connections = 3, .max_per_address = 1, .on_refused = on_refused});
  const auto at = [&](const char* host) { return Address{.host = host, .port = server.address().port}; };
  const bool served_again = run_blocking([](Address v4, Address v6) -> Task<bool> {
    auto first = co_await connect(v4, nullptr, seconds(5));
    EXPECT_TRUE(co_await (*first)->write("a", {}));
    EXPECT_TRUE(co_await read_exactly(**first, 1));
    EXPECT_FALSE(co_await is_served(v4));
    EXPECT_TRUE(co_await is_served(v6));
    co_await (*first)->shutdown();
    for (int i = 0; i < 1000; ++i)  // the server frees the place just after it has closed its side
      if (co_await is_served(v4)) co_return true;
    co_return false;
  }(at("127.0.0.1"), at("::1")));
  EXPECT_TRUE(served_again);
  const std::lock_guard lock(mutex);
  ASSERT_FALSE(refused.empty());
  EXPECT_EQ(refused.front(), "address 127.0.0.1");
}

// The descriptors of this process that are connections to or from `port`.
std::vector<int> connections_at(std::uint16_t port) {
  std::vector<int> found;
  for (int fd = 0; fd < 1024; ++fd) {
    sockaddr_in own{}, other{};
    socklen_t size = sizeof own, other_size = sizeof other;
    if (::getpeername(fd, reinterpret_cast<sockaddr*>(&other), &other_size) != 0 || other.sin_family != AF_INET ||
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) != 0)
      continue;
    if (ntohs(own.sin_port) == port || ntohs(other.sin_port) == port) found.push_back(fd);
  }
  return found;
}

int option_of(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, level, name, &value, &size) == 0 ? value : -1;
}

TEST(Listener, BothSidesOfAConnectionNoticeAPeerThatVanished) {
  const EchoServer server;
  run_blocking([](Address to) -> Task<bool> {
    auto stream = co_await connect(to, nullptr, seconds(5));
    EXPECT_TRUE(stream && co_await (*stream)->write("a", {}));
    EXPECT_TRUE(co_await read_exactly(**stream, 1));  // accepted
    const auto connections = connections_at(to.port);
    EXPECT_EQ(connections.size(), 2u);
    for (const int fd : connections) {
      EXPECT_EQ(option_of(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
      EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
      EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPINTVL), 15);
      EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_KEEPCNT), 4);
      EXPECT_EQ(option_of(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    }
    co_return true;
  }(server.address()));
}

TEST(Listener, CountsNoAddressesOnAUnixSocket) {
  const testing::TemporaryDirectory directory;
  const EchoServer server("unix:" + directory.file("s"), {.max_per_address = 0});
  EXPECT_TRUE(run_blocking(is_served(server.address())));
}

TEST(Listener, OnAllAddressesServesBothFamilies) {
  const EchoServer server(":0");
  for (const char* host : {"127.0.0.1", "::1"})
    EXPECT_TRUE(run_blocking(is_served({.host = host, .port = server.address().port, .unix_path = {}}))) << host;
}

TEST(Listener, RefusesAnAddressThatIsTakenOrNotOurs) {
  LoopPool pool(2);
  const auto first = listen(pool, "127.0.0.1:0");
  ASSERT_TRUE(first);
  for (const std::string& address : {to_string((*first)->address()), std::string("192.0.2.1:8443"),
                                     std::string("example.com:1"), std::string("unix:/nonexistent/directory/socket")}) {
    const auto second = listen(pool, address);
    ASSERT_FALSE(second) << address;
    EXPECT_EQ(second.error().reason, Reason::config_invalid);
    EXPECT_EQ(second.error().where, address);
  }
}

TEST(Listener, RefusesConnectionsOnceStopped) {
  EchoServer server("127.0.0.1:0", {}, 2);
  const Address to = server.address();
  EXPECT_TRUE(run_blocking(is_served(to)));
  server.listener->stop();
  std::latch closed(2);
  for (Loop* loop : server.pool.loops()) loop->post([&] { closed.count_down(); });
  closed.wait();
  const auto stream = run_blocking(handshake(to, nullptr));
  ASSERT_FALSE(stream);
  EXPECT_EQ(stream.error().reason, Reason::upstream_unreachable);
}

TEST(Listener, CutsAPeerThatDoesNotEndItsTlsHandshake) {
  const TestCertificates certificates;
  const EchoServer server("127.0.0.1:0", {.tls = certificates.server(), .handshake_timeout = milliseconds(20)});
  const auto got = run_blocking([](Address to) -> Task<Result<std::string>> {
    WW_CO_TRY(auto stream, co_await connect(to, nullptr, seconds(5)));
    co_return co_await read_exactly(*stream, 1);
  }(server.address()));
  EXPECT_TRUE(!got || got->empty());
}

TEST(Listener, ServesAgainAfterThereWereNoFileDescriptors) {
#if __has_feature(address_sanitizer)
  GTEST_SKIP() << "UBSan needs a pipe to look at an object's type";
#endif
  const EchoServer server;
  EXPECT_TRUE(run_blocking(is_served(server.address())));
  const std::string answer = run_blocking([](Address to) -> Task<std::string> {
    auto stream = co_await connect(to, nullptr, seconds(5));
    EXPECT_TRUE(stream);
    // An answer shows that this one has been accepted, and not only by the kernel.
    EXPECT_TRUE(co_await (*stream)->write("ready", {}));
    EXPECT_TRUE(co_await read_exactly(**stream, 5));
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit none{.rlim_cur = 0, .rlim_max = before.rlim_max};
    const int second = ::socket(AF_INET, SOCK_STREAM, 0);
    ::setrlimit(RLIMIT_NOFILE, &none);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(to.port);
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(second, reinterpret_cast<const sockaddr*>(&name), sizeof name), 0);
    // The stream's loop answers in the meantime: the acceptor fails, and does not keep it busy for ever.
    EXPECT_TRUE(co_await (*stream)->write("first", {}));
    EXPECT_TRUE(co_await read_exactly(**stream, 5));
    ::setrlimit(RLIMIT_NOFILE, &before);
    std::string got(6, '\0');
    EXPECT_EQ(::send(second, "second", 6, 0), 6);
    EXPECT_EQ(::recv(second, got.data(), got.size(), MSG_WAITALL), 6);
    ::close(second);
    co_return got;
  }(server.address()));
  EXPECT_EQ(answer, "second");
}

TEST(UnixSocket, HasItsModeAndIsRemovedAtTheEnd) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.file("admin.sock");
  struct stat info{};
  {
    const EchoServer server("unix:" + path, {.unix_mode = 0640});
    ASSERT_EQ(::stat(path.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, 0640u);
  }
  EXPECT_NE(::stat(path.c_str(), &info), 0);
}

TEST(UnixSocket, ReplacesOnlyASocketThatNobodyAnswersOn) {
  const testing::TemporaryDirectory directory;
  const std::string path = directory.file("s");
  LoopPool pool(1);
  leave_stale_socket(path);
  {
    const EchoServer server("unix:" + path);
    EXPECT_TRUE(run_blocking(is_served(server.address())));
    EXPECT_FALSE(listen(pool, "unix:" + path));
    EXPECT_TRUE(run_blocking(is_served(server.address())));
  }
  std::ofstream(path) << "precious";
  const auto refused = listen(pool, "unix:" + path);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().found, "a file that is not a socket");
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
}

}  // namespace
}  // namespace watchword::net
