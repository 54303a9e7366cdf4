#include "net/stream.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "net/test_server.h"

namespace watchword::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// `test` is a coroutine over a stream that is connected to `address`.
template <class Test>
void with_stream(const Address& address, Test test, std::shared_ptr<TlsClientContext> tls = nullptr) {
  run_blocking([](Address to, auto context, Test& body) -> Task<bool> {
    auto stream = co_await connect(to, context, seconds(5));
    EXPECT_TRUE(stream) << to_string(stream.error());
    if (stream) co_await body(**stream);
    co_return true;
  }(address, std::move(tls), test));
}

TEST(Stream, EchoesOverEachTransport) {
  const TestCertificates certificates;
  const testing::TemporaryDirectory directory;
  struct Case {
    std::string address;
    bool tls;
  };
  for (const Case& c :
       {Case{"127.0.0.1:0", false}, Case{"127.0.0.1:0", true}, Case{"[::1]:0", false}, Case{":0", false},
        Case{"unix:" + directory.file("s"), false}, Case{"unix:" + directory.file("t"), true}}) {
    const EchoServer server(c.address, {.tls = c.tls ? certificates.server() : nullptr}, 2);
    Address to = server.address();
    if (to.unix_path.empty()) to.host = c.address.starts_with("[") ? "::1" : "127.0.0.1";
    const auto tls = c.tls ? certificates.client({.server_name = "localhost"}) : nullptr;
    const auto answer = run_blocking(ask(to, tls, "the watchword"));
    ASSERT_TRUE(answer) << c.address << ": " << to_string(answer.error());
    EXPECT_EQ(*answer, "the watchword");
  }
}

Task<void> write_big(Stream& stream, const std::string& all, Status& status) {
  status = co_await stream.write(std::string_view(all).substr(0, 1000), std::string_view(all).substr(1000));
}

TEST(Stream, CarriesFarMoreThanTheSocketBuffersBothWaysAtOnce) {
  const TestCertificates certificates;
  std::string big(20'000'000, '\0');
  for (std::size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 / 7);
  for (const bool tls : {false, true}) {
    const EchoServer server("127.0.0.1:0", {.tls = tls ? certificates.server() : nullptr});
    with_stream(
        server.address(),
        [&](Stream& stream) -> Task<void> {
          Status written = fail(Reason::internal);
          spawn(write_big(stream, big, written));
          const auto back = co_await read_exactly(stream, big.size());
          EXPECT_TRUE(written);
          EXPECT_TRUE(back && *back == big);
        },
        tls ? certificates.client() : nullptr);
  }
}

TEST(Stream, TellsTheEndOfThePeersSide) {
  const TestCertificates certificates;
  for (const bool tls : {false, true}) {
    const EchoServer server("127.0.0.1:0", {.tls = tls ? certificates.server() : nullptr});
    with_stream(
        server.address(),
        [](Stream& stream) -> Task<void> {
          EXPECT_TRUE(stream.idle());
          co_await stream.shutdown();
          std::array<char, 8> buffer;
          const auto end = co_await stream.read(buffer);
          EXPECT_TRUE(end && *end == 0);
          EXPECT_FALSE(stream.idle());
        },
        tls ? certificates.client() : nullptr);
  }
}

TEST(Stream, ADeadlineCutsASilentPeerAndALaterOneRevivesTheStream) {
  const TestCertificates certificates;
  for (const bool tls : {false, true}) {
    const EchoServer server("127.0.0.1:0", {.tls = tls ? certificates.server() : nullptr});
    with_stream(
        server.address(),
        [](Stream& stream) -> Task<void> {
          std::array<char, 8> buffer;
          stream.set_deadline(Steady::now() + seconds(60));
          stream.set_deadline(Steady::now() + milliseconds(20));
          const auto late = co_await stream.read(buffer);
          EXPECT_TRUE(!late && late.error().reason == Reason::http_timeout);
          const auto still = co_await stream.read(buffer);
          EXPECT_TRUE(!still && still.error().reason == Reason::http_timeout);
          stream.set_deadline(Steady::now() + seconds(60));
          EXPECT_TRUE(co_await stream.write("again", {}));
          const auto back = co_await read_exactly(stream, 5);
          EXPECT_TRUE(back && *back == "again");
        },
        tls ? certificates.client() : nullptr);
  }
}

Task<void> read_once(Stream& stream, Result<std::size_t>& result, Delivery<bool>& done) {
  std::array<char, 8> buffer;
  result = co_await stream.read(buffer);
  done.deliver(true);
}

TEST(Stream, AbortEndsAPendingReadAndAllThatFollows) {
  const TestCertificates certificates;
  for (const bool tls : {false, true}) {
    const EchoServer server("127.0.0.1:0", {.tls = tls ? certificates.server() : nullptr});
    with_stream(
        server.address(),
        [](Stream& stream) -> Task<void> {
          Result<std::size_t> pending = 0;
          Delivery<bool> done;
          spawn(read_once(stream, pending, done));
          stream.abort();
          co_await done;
          EXPECT_TRUE(!pending && pending.error().reason == Reason::connection_closed);
          const auto after = co_await stream.write("x", {});
          EXPECT_TRUE(!after && after.error().reason == Reason::connection_closed);
          EXPECT_FALSE(stream.idle());
        },
        tls ? certificates.client() : nullptr);
  }
}

TEST(Connect, TellsWhyThereIsNoConnection) {
  Address closed;
  {
    const EchoServer server;
    closed = server.address();
  }
  struct Case {
    Address address;
    Reason reason;
  };
  for (const Case& c :
       {Case{closed, Reason::upstream_unreachable},
        Case{{.host = "no-such-host.invalid", .port = 1, .unix_path = {}}, Reason::upstream_unreachable},
        Case{{.host = {}, .port = 1, .unix_path = {}}, Reason::upstream_unreachable},
        Case{*parse_address("unix:/nonexistent/socket"), Reason::upstream_unreachable}}) {
    const auto stream = run_blocking(handshake(c.address, nullptr));
    ASSERT_FALSE(stream) << to_string(c.address);
    EXPECT_EQ(stream.error().reason, c.reason) << to_string(stream.error());
    EXPECT_EQ(stream.error().where, to_string(c.address));
  }
}

TEST(Connect, ResolvesANameAndTriesEachOfItsAddresses) {
  const EchoServer server;  // on 127.0.0.1 only; localhost may be ::1 first
  Address to = server.address();
  to.host = "localhost";
  const auto answer = run_blocking(ask(to, nullptr, "x"));
  EXPECT_TRUE(answer) << to_string(answer.error());
}

}  // namespace
}  // namespace watchword::net
