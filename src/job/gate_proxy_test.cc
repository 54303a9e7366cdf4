// Where the runner's network has a forward proxy, the gate is reached through it, and its certificate is checked all
// the same.
#include "job/gate_proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <mutex>

#include "base/encoding.h"
#include "http/test_server.h"
#include "job/gate_client.h"
#include "net/loop.h"
#include "net/test_server.h"

namespace watchword::job {
namespace {

using ::testing::HasSubstr;

using Shared = std::shared_ptr<net::Stream>;

net::Task<void> pump(Shared from, Shared to) {
  std::array<char, 4096> buffer{};
  while (true) {
    const auto got = co_await from->read(buffer);
    if (!got || *got == 0 || !co_await to->write({buffer.data(), *got}, {})) break;
  }
  from->abort();
  to->abort();
}

// Leads every CONNECT to one server, or refuses it with `status`.
class SmallProxy {
 public:
  explicit SmallProxy(net::Address server, const std::string& status = "200") : server_(std::move(server)) {
    auto started = net::Listener::start(
        pool_.loops(), *net::parse_address("127.0.0.1:0"), {},
        [this, status](std::unique_ptr<net::Stream> stream) { net::spawn(serve(std::move(stream), status)); });
    EXPECT_TRUE(started);
    listener_ = *std::move(started);
  }
  std::string address() const { return net::to_string(listener_->address()); }
  std::string head() const {
    const std::lock_guard lock(mutex_);
    return head_;
  }

 private:
  net::Task<void> serve(Shared client, std::string status) {
    std::array<char, 4096> buffer{};
    std::string head;
    while (!head.ends_with("\r\n\r\n")) {
      const auto got = co_await client->read(buffer);
      if (!got || *got == 0) co_return;
      head.append(buffer.data(), *got);
    }
    {
      const std::lock_guard lock(mutex_);
      head_ = head;
    }
    auto server = co_await net::connect(server_, nullptr, std::chrono::seconds(5));
    if (!server || !co_await client->write("HTTP/1.1 " + status + " x\r\nvia: small\r\n\r\n", {})) co_return;
    const Shared shared = *std::move(server);
    net::spawn(pump(client, shared));
    net::spawn(pump(shared, client));
  }

  net::Address server_;
  mutable std::mutex mutex_;
  std::string head_;
  net::LoopPool pool_{1};
  std::unique_ptr<net::Listener> listener_;
};

struct Variable {
  Variable(const char* name, const std::string& value) : name_(name) { ::setenv(name, value.c_str(), 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;

 private:
  const char* name_;
};

net::Task<void> hello(http::Exchange& exchange) {
  static_cast<void>(co_await exchange.reply.send({.status = 200, .headers = {}}, R"({"hello":1})"));
}

struct GateProxy : ::testing::Test {
  GateProxy() { certificates.write_server({.hosts = {"gate.example.com"}}); }

  Result<Reply> asked(const std::string& url) {
    const auto gate = *http::parse_origin(url);
    http::RequestHead head{"GET", gate.scheme, gate.authority, "/", {}};
    return net::run_blocking(ask(gate, certificates.client(), std::move(head), {}));
  }

  net::TestCertificates certificates;
};

TEST_F(GateProxy, LeadsToTheGateBehindIt) {
  const http::TestServer server(hello, {}, certificates.server());
  const SmallProxy proxy(server.address());
  const Variable variable("HTTPS_PROXY", "http://job:p%40ss@" + proxy.address() + "/");
  const auto reply = asked("https://gate.example.com");
  ASSERT_TRUE(reply) << to_string(reply.error());
  EXPECT_EQ(reply->body.dump(), R"({"hello":1})");
  EXPECT_EQ(proxy.head(),
            "CONNECT gate.example.com:443 HTTP/1.1\r\nHost: gate.example.com:443\r\nProxy-Authorization: Basic " +
                to_base64(as_bytes("job:p@ss")) + "\r\n\r\n");
}

TEST_F(GateProxy, CannotPassForTheGate) {
  const http::TestServer server(hello, {}, certificates.server());
  const SmallProxy proxy(server.address());
  const Variable variable("HTTPS_PROXY", proxy.address());
  const auto reply = asked("https://other.example.com");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().reason, Reason::gate_untrusted);
}

TEST_F(GateProxy, SaysThatItRefuses) {
  const http::TestServer server(hello, {}, certificates.server());
  const SmallProxy proxy(server.address(), "407");
  const Variable variable("https_proxy", "http://" + proxy.address());
  const auto reply = asked("https://gate.example.com");
  ASSERT_FALSE(reply);
  EXPECT_EQ(reply.error().reason, Reason::gate_unreachable);
  EXPECT_THAT(reply.error().found, HasSubstr("the proxy wants credentials (407)"));
  EXPECT_THAT(reply.error().fix, HasSubstr("HTTPS_PROXY"));
}

bool goes_through(const std::string& url, const std::string& none) {
  const auto origin = by_proxy(*http::parse_origin(url), {.proxy = "http://proxy.example.com:3128", .none = none});
  return origin && origin->address.host == "proxy.example.com";
}

TEST(Proxy, IsNotUsedWhereItNeedNotBe) {
  EXPECT_TRUE(goes_through("https://gate.example.com", ""));
  for (const auto* none : {"gate.example.com", "example.com", ".example.com", "*.example.com", "*",
                           "a.b, EXAMPLE.com ,c", "gate.example.com:443"})
    EXPECT_FALSE(goes_through("https://gate.example.com", none)) << none;
  for (const auto* none : {"ample.com", "gate.example.com:8443", "gate", ".", ",", "example.com.acme.dev"})
    EXPECT_TRUE(goes_through("https://gate.example.com", none)) << none;
  EXPECT_FALSE(goes_through("https://192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(goes_through("https://localhost:8443", ""));
  EXPECT_FALSE(goes_through("http://127.0.0.1:8443", ""));
}

TEST(Proxy, ThatCannotBeUsedIsToldWithoutItsPassword) {
  for (const auto* proxy :
       {"https://user:secret@proxy.example.com", "socks5://user:secret@proxy.example.com", "http://user:secret@",
        "http://user:secret@proxy.example.com/path", "http://user:se%zz@proxy.example.com"}) {
    const auto origin = by_proxy(*http::parse_origin("https://gate.example.com"), {.proxy = proxy, .none = {}});
    ASSERT_FALSE(origin) << proxy;
    EXPECT_EQ(to_string(origin.error()).find("secret"), std::string::npos);
  }
}

TEST(Proxy, DefaultsToPort80) {
  const auto origin = by_proxy(*http::parse_origin("https://gate.example.com"), {.proxy = "[2001:db8::1]", .none = {}});
  ASSERT_TRUE(origin);
  EXPECT_EQ(origin->address.host, "2001:db8::1");
  EXPECT_EQ(origin->address.port, 80);
  EXPECT_EQ(origin->authority, "gate.example.com");
}

}  // namespace
}  // namespace watchword::job
