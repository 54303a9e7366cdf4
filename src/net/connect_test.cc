// What connect() does beside connecting: which addresses it leaves out, what it sends first, how its errors are told.
#include <arpa/inet.h>
#include <gtest/gtest.h>

#include "net/test_server.h"

namespace watchword::net {
namespace {

using std::chrono::seconds;

Address with_dial(Address address, Dial dial) {
  address.dial = std::make_shared<const Dial>(std::move(dial));
  return address;
}

Status refuse(std::span<const std::uint8_t> ip) {
  return fail(Reason::upstream_forbidden, std::to_string(ip.size()) + " bytes");
}

TEST(Connect, RefusesWhatTheCallerDoesNotPermit) {
  const EchoServer server;
  for (const char* host : {"127.0.0.1", "localhost"}) {
    auto to = server.address();
    to.host = host;
    const auto refused = run_blocking(ask(with_dial(to, {.permit = refuse}), nullptr, "hello"));
    ASSERT_FALSE(refused) << host;
    EXPECT_EQ(refused.error().reason, Reason::upstream_forbidden);
    EXPECT_EQ(refused.error().where, to_string(to));
    EXPECT_TRUE(is_connect_failure(refused.error()));
  }
}

TEST(Connect, NamesBelowLocalhostAreLoopbackWithoutANameServer) {
  const EchoServer server;
  auto to = server.address();
  to.host = "billing.localhost";
  const auto answer = run_blocking(ask(to, nullptr, "hello"));
  ASSERT_TRUE(answer) << answer.error().found;
  EXPECT_EQ(*answer, "hello");
}

TEST(Connect, AsksAboutTheAddressItself) {
  const EchoServer server;
  std::string asked;
  const Dial dial{.permit = [&](std::span<const std::uint8_t> ip) {
    asked.assign(ip.begin(), ip.end());
    return Status();
  }};
  EXPECT_TRUE(run_blocking(ask(with_dial(server.address(), dial), nullptr, "hello")));
  EXPECT_EQ(asked, std::string("\x7f\0\0\x01", 4));
}

TEST(Connect, SendsThePrefaceFirst) {
  const EchoServer server;
  const auto answer = run_blocking(ask(with_dial(server.address(), {.preface = "PROXY "}), nullptr, "hello"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(*answer, "PROXY");  // echoed, as many bytes as were asked
}

// The first bytes of a connection, then nothing.
struct FirstBytes {
  explicit FirstBytes(std::size_t count) : pool(1) {
    auto started =
        Listener::start(pool.loops(), *parse_address("127.0.0.1:0"), {},
                        [this, count](std::unique_ptr<Stream> stream) { spawn(take(std::move(stream), count)); });
    EXPECT_TRUE(started);
    listener = *std::move(started);
  }
  Task<void> take(std::unique_ptr<Stream> stream, std::size_t count) {
    auto read = co_await read_exactly(*stream, count);
    stream.reset();
    received->deliver(read.value_or(""));
  }
  std::shared_ptr<Delivery<std::string>> received = std::make_shared<Delivery<std::string>>();
  LoopPool pool;
  std::unique_ptr<Listener> listener;
};

TEST(Connect, SendsThePrefaceBeforeTls) {
  FirstBytes server(7);
  const TestCertificates certificates;
  const auto received = run_blocking([](Address to, auto tls, auto bytes) -> Task<std::string> {
    EXPECT_FALSE(co_await connect(std::move(to), std::move(tls), seconds(5)));
    co_return co_await *bytes;
  }(with_dial(server.listener->address(), {.preface = "PROXY "}), certificates.client(), server.received));
  EXPECT_EQ(received, "PROXY \x16");  // RFC 8446 5.1: the first byte of a handshake record
}

TEST(Connect, TellsItsOwnFailuresFromOthers) {
  std::optional<EchoServer> server(std::in_place);
  const auto address = server->address();
  server.reset();
  const auto refused = run_blocking(ask(address, nullptr, "hello"));
  ASSERT_FALSE(refused);
  EXPECT_TRUE(is_connect_failure(refused.error()));
  EXPECT_FALSE(is_connect_failure(fail(Reason::upstream_unreachable, "the connection was closed").error()));
  EXPECT_FALSE(is_connect_failure(fail(Reason::upstream_timeout).error()));
}

TEST(Resolve, GivesTheAddressesOfANameAndALiteralItself) {
  const auto resolved = [](std::string host) {
    return run_blocking([](Address address) {
      return resolve(std::move(address), Steady::duration::max(), seconds(5));
    }(Address{.host = std::move(host), .port = 80}));
  };
  EXPECT_EQ(resolved("192.0.2.7").value().texts, std::vector<std::string>{"192.0.2.7"});
  EXPECT_EQ(resolved("2001:db8::7").value().texts, std::vector<std::string>{"2001:db8::7"});
  EXPECT_FALSE(resolved("localhost").value().texts.empty());
  EXPECT_EQ(resolved("no.such.name.invalid").error().reason, Reason::upstream_unreachable);
}

}  // namespace
}  // namespace watchword::net
