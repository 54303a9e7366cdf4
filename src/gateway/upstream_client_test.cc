// Requests over several endpoints, on real backends of which some are dead, failing, slow or forbidden.
#include "gateway/upstream_client.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <future>

#include "http/test_backend.h"
#include "net/fake_dns_test_util.h"
#include "net/resolver.h"
#include "net/test_server.h"

namespace watchword::gateway {
namespace {

using net::Task;

std::string url_of(const net::Address& address, std::string_view scheme = "http") {
  return std::string(scheme) + "://127.0.0.1:" + std::to_string(address.port);
}

// A backend that answers with its name, or with a status.
struct Backend {
  explicit Backend(std::string its_name, int its_status = 200, std::shared_ptr<net::TlsServerContext> tls = nullptr)
      : name(std::move(its_name)),
        status(its_status),
        server([this](http::Exchange& exchange) { return answer(exchange); }, {}, std::move(tls)) {}
  Task<void> answer(http::Exchange& exchange) {
    ++requests;
    static_cast<void>(co_await http::read_all(exchange.body, 1024));
    static_cast<void>(co_await exchange.reply.send({status, {}}, name));
  }
  std::string url() const { return url_of(server.address()); }

  std::string name;
  int status;
  std::atomic<int> requests = 0;
  http::TestServer server;
};

// An address that refuses connections, and that nobody else gets meanwhile.
struct DeadEndpoint {
  DeadEndpoint() : fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
  DeadEndpoint(const DeadEndpoint&) = delete;
  DeadEndpoint& operator=(const DeadEndpoint&) = delete;
  ~DeadEndpoint() { ::close(fd); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port); }

  int fd;
  std::uint16_t port = 0;
};

class UpstreamClientTest : public ::testing::Test {
 protected:
  void use(std::vector<std::string> endpoints) { target.upstream.endpoints = std::move(endpoints); }

  // Runs `test`, a coroutine over a client of these endpoints, on a loop of its own.
  template <class Test>
  void run(Test test) {
    upstream = Upstream::make(target).value();
    net::run_blocking([](auto& self, Test& body) -> Task<bool> {
      UpstreamClient client(self.upstream, self.metrics());
      co_await body(client);
      co_return true;
    }(*this, test));
  }
  // The answers to so many GET requests, one after the other.
  std::string answers(int count) {
    std::string all;
    run([&](UpstreamClient& client) -> Task<void> {
      for (int i = 0; i < count; ++i) all += (i ? "; " : "") + co_await http::fetch(client, http::request("GET", "/"));
    });
    return all;
  }
  // The answer to one GET request, where names are what `dns` says.
  std::string answer_by(const net::FakeDns& dns) {
    upstream = Upstream::make(target).value();
    net::LoopPool pool(1, net::Resolver::make({.servers = {dns.server()}}));
    std::promise<std::string> answer;
    pool.loops().front()->post([&] {
      net::spawn([](auto& self, std::promise<std::string>& out) -> Task<void> {
        UpstreamClient client(self.upstream, self.metrics());
        out.set_value(co_await http::fetch(client, http::request("GET", "/")));
      }(*this, answer));
    });
    return answer.get_future().get();
  }
  UpstreamMetrics metrics() { return UpstreamMetrics::of(registry, "api"); }
  std::uint64_t retries() { return metrics().retries.value(); }

  policy::HttpTarget target;
  std::shared_ptr<Upstream> upstream;
  Metrics registry;
};

TEST_F(UpstreamClientTest, RequestsGoRoundTheEndpoints) {
  const Backend a("a"), b("b"), c("c");
  use({a.url(), b.url(), c.url()});
  EXPECT_EQ(answers(5), "200 a; 200 b; 200 c; 200 a; 200 b");
}

TEST_F(UpstreamClientTest, EachEndpointIsToldItsOwnAuthority) {
  http::TestServer server(http::describe_request);
  use({url_of(server.address())});
  EXPECT_EQ(answers(1), "200 GET 127.0.0.1:" + std::to_string(server.address().port) + "/ []");
}

TEST_F(UpstreamClientTest, LeastRequestsSparesTheBusyEndpoint) {
  const Backend a("a"), b("b");
  use({a.url(), b.url()});
  target.upstream.balance = policy::Balance::least_requests;
  run([](UpstreamClient& client) -> Task<void> {
    auto held = co_await client.send(http::request("GET", "/"), nullptr, nullptr);
    EXPECT_TRUE(held);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(co_await http::fetch(client, http::request("GET", "/")), "200 b");
  });
}

TEST_F(UpstreamClientTest, WhatMadeNoConnectionGoesToAnotherEndpoint) {
  const DeadEndpoint dead;
  const Backend alive("alive");
  use({dead.url(), alive.url()});
  for (const char* method : {"GET", "POST"})
    run([&](UpstreamClient& client) -> Task<void> {
      http::PiecesBody body({"data"}, 4);
      EXPECT_EQ(co_await http::fetch(client, http::request(method, "/"), &body), "200 alive") << method;
    });
  EXPECT_EQ(retries(), 2u);
}

TEST_F(UpstreamClientTest, ARequestIsSentToNoMoreEndpointsThanAllowed) {
  const DeadEndpoint a, b;
  const Backend alive("alive");
  use({a.url(), b.url(), alive.url()});
  EXPECT_EQ(answers(1), "upstream_unreachable");
  EXPECT_EQ(retries(), 1u);
  target.upstream.retries = 0;
  EXPECT_EQ(answers(1), "upstream_unreachable");
  EXPECT_EQ(retries(), 1u);
  target.upstream.retries = 2;
  EXPECT_EQ(answers(1), "200 alive");
  EXPECT_EQ(retries(), 3u);
}

TEST_F(UpstreamClientTest, NothingIsSentToAnEndpointTwice) {
  const DeadEndpoint dead;
  const Backend out("out");
  use({dead.url(), out.url()});
  run([&](UpstreamClient& client) -> Task<void> {
    while (!upstream->failed(1, net::Steady::now())) continue;
    EXPECT_EQ(co_await http::fetch(client, http::request("GET", "/")), "upstream_unreachable");
  });
  EXPECT_EQ(retries(), 0u);
}

TEST_F(UpstreamClientTest, OfOneEndpointNothingIsRepeated) {
  const DeadEndpoint dead;
  use({dead.url()});
  EXPECT_EQ(answers(1), "upstream_unreachable");
  EXPECT_EQ(retries(), 0u);
}

// Takes the head of a request, and closes the connection without an answer.
const http::ScriptedBackend::Script kHangUp{.answers = {""}};

TEST_F(UpstreamClientTest, OnlyAnIdempotentRequestIsRepeatedOnceItMayHaveArrived) {
  const struct {
    const char *method, *answer;
  } cases[] = {{"GET", "200 alive"},
               {"DELETE", "200 alive"},
               {"POST", "upstream_unreachable"},
               {"PATCH", "upstream_unreachable"}};
  for (const auto& [method, answer] : cases) {
    const http::ScriptedBackend quitter({kHangUp});
    const Backend alive("alive");
    use({url_of(quitter.listener->address()), alive.url()});
    run([&](UpstreamClient& client) -> Task<void> {
      EXPECT_EQ(co_await http::fetch(client, http::request(method, "/")), answer) << method;
    });
  }
  EXPECT_EQ(retries(), 2u);
}

TEST_F(UpstreamClientTest, NothingIsRepeatedOnceAPieceOfItsBodyWasTaken) {
  const http::ScriptedBackend quitter({kHangUp});
  const Backend alive("alive");
  use({url_of(quitter.listener->address()), alive.url()});
  http::PiecesBody body({"data"}, 4);
  run([&](UpstreamClient& client) -> Task<void> {
    EXPECT_EQ(co_await http::fetch(client, http::request("PUT", "/"), &body), "upstream_unreachable");
  });
  EXPECT_GE(body.asked, 1);
  EXPECT_EQ(retries(), 0u);
  EXPECT_EQ(alive.requests, 0);
}

TEST_F(UpstreamClientTest, AnEndpointThatKeepsFailingIsEjected) {
  const Backend failing("failing", 503), alive("alive");
  use({failing.url(), alive.url()});
  target.upstream.eject_after = 2;
  EXPECT_EQ(answers(7), "503 failing; 200 alive; 503 failing; 200 alive; 200 alive; 200 alive; 200 alive");
  EXPECT_EQ(metrics().ejections.value(), 1u);
}

TEST_F(UpstreamClientTest, AnAnswerThatIsNoGatewayErrorIsNoFailure) {
  const Backend failing("failing", 500), alive("alive");
  use({failing.url(), alive.url()});
  target.upstream.eject_after = 1;
  EXPECT_EQ(answers(3), "500 failing; 200 alive; 500 failing");
}

TEST_F(UpstreamClientTest, WhenAllEndpointsAreOutAllAreTriedAndWhatAnswersIsBack) {
  Backend a("a", 502), b("b", 504);
  use({a.url(), b.url()});
  target.upstream.eject_after = 1;
  run([&](UpstreamClient& client) -> Task<void> {
    std::string all;
    const auto get = [&]() -> Task<void> { all += co_await http::fetch(client, http::request("GET", "/")) + ";"; };
    for (int i = 0; i < 4; ++i) co_await get();
    EXPECT_EQ(all, "502 a;504 b;502 a;504 b;");
    EXPECT_EQ(upstream->count_in_rotation(net::Steady::now()), 0u);
    a.status = 200;
    for (int i = 0; i < 3; ++i) co_await get();
    EXPECT_EQ(all, "502 a;504 b;502 a;504 b;200 a;200 a;200 a;");
  });
}

TEST_F(UpstreamClientTest, BeyondMaxRequestsARequestIsRefusedAtOnce) {
  const Backend a("a");
  use({a.url()});
  target.upstream.max_requests = 1;
  run([](UpstreamClient& client) -> Task<void> {
    auto held = co_await client.send(http::request("GET", "/"), nullptr, nullptr);
    const auto refused = co_await client.send(http::request("GET", "/"), nullptr, nullptr);
    EXPECT_FALSE(refused);
    if (!refused) EXPECT_EQ(refused.error().reason, Reason::overloaded);
    held->reset();
    EXPECT_EQ(co_await http::fetch(client, http::request("GET", "/")), "200 a");
  });
  EXPECT_EQ(a.requests, 2);
}

TEST_F(UpstreamClientTest, ANameMayNotLeadToAForbiddenAddressThoughAPolicyMayNameIt) {
  const Backend a("a");
  const auto port = std::to_string(a.server.address().port);
  net::FakeDns dns;
  for (const char* address : {"0.0.0.0", "169.254.169.254", "224.0.0.1"}) {
    dns.say({address}, 0);
    use({"http://backend.example.com:" + port});
    EXPECT_EQ(answer_by(dns), "upstream_forbidden") << address;
  }
  EXPECT_EQ(a.requests, 0);
  use({"http://0.0.0.0:" + port});
  EXPECT_EQ(answers(1), "200 a");
}

TEST_F(UpstreamClientTest, AnEndpointThatMovedGetsNewConnections) {
  const http::ScriptedBackend backend(
      {{{std::string(http::kOk), std::string(http::kOk)}, true}, {{std::string(http::kOk)}, true}});
  use({url_of(backend.listener->address())});
  run([&](UpstreamClient& client) -> Task<void> {
    EXPECT_EQ(co_await http::fetch(client, http::request("GET", "/")), "200 ok");
    EXPECT_EQ(co_await http::fetch(client, http::request("GET", "/")), "200 ok");
    EXPECT_EQ(backend.connections, 1u);
    upstream->moved(0);
    EXPECT_EQ(co_await http::fetch(client, http::request("GET", "/")), "200 ok");
    EXPECT_EQ(backend.connections, 2u);
  });
}

// Notes all bytes of each connection up to the end of a request, and answers it.
struct RawBackend {
  RawBackend() : pool(1) {
    listener = *net::Listener::start(pool.loops(), *net::parse_address("127.0.0.1:0"), {},
                                     [this](auto stream) { net::spawn(answer(std::move(stream))); });
  }
  Task<void> answer(std::unique_ptr<net::Stream> stream) {
    std::string text;
    std::array<char, 4096> buffer;
    while (!text.ends_with("\r\n\r\n") || text.size() < 64) {
      const auto got = co_await stream->read(buffer);
      if (!got || *got == 0) co_return;
      text.append(buffer.data(), *got);
    }
    received.push_back(text);
    static_cast<void>(co_await stream->write(http::kOk));
    static_cast<void>(co_await stream->read(buffer));
  }
  std::vector<std::string> received;
  net::LoopPool pool;
  std::unique_ptr<net::Listener> listener;
};

TEST_F(UpstreamClientTest, ProxyProtocolHasAConnectionForEachRequest) {
  RawBackend backend;
  use({url_of(backend.listener->address())});
  target.upstream.proxy_protocol = true;
  run([&](UpstreamClient& client) -> Task<void> {
    for (const char* from : {"192.0.2.7", "192.0.2.8"}) {
      auto head = http::request("GET", "/");
      head.headers.add("x-forwarded-for", from);
      EXPECT_EQ(co_await http::fetch(client, std::move(head)), "200 ok");
    }
  });
  backend.pool.stop();
  ASSERT_EQ(backend.received.size(), 2u);
  EXPECT_EQ(backend.received[0].substr(12, 8), std::string("\x21\x11\0\x0C\xC0\0\x02\x07", 8));
  EXPECT_EQ(backend.received[1].substr(12, 8), std::string("\x21\x11\0\x0C\xC0\0\x02\x08", 8));
  EXPECT_EQ(backend.received[1].substr(28, 6), "GET / ");
}

TEST_F(UpstreamClientTest, TheProtocolIsThePolicys) {
  const net::TestCertificates certificates;
  target.ca_file = certificates.directory.file("ca.pem");
  const auto backend = [&](const char* name, const std::vector<std::string>& protocols) {
    return std::make_unique<Backend>(name, 200, *net::TlsServerContext::make(certificates.files(), protocols));
  };
  const auto both = backend("both", {"h2", "http/1.1"}), first = backend("1", {"http/1.1"}),
             second = backend("2", {"h2"});
  const std::pair<policy::UpstreamProtocol, std::string> cases[] = {
      {policy::UpstreamProtocol::http1, "200 both; 200 1; upstream_tls_failed"},
      {policy::UpstreamProtocol::http2, "200 both; upstream_tls_failed; 200 2"},
      {policy::UpstreamProtocol::http2_where_offered, "200 both; 200 1; 200 2"}};
  use({url_of(both->server.address(), "https"), url_of(first->server.address(), "https"),
       url_of(second->server.address(), "https")});
  target.upstream.retries = 0;
  for (const auto& [protocol, expected] : cases) {
    target.upstream.protocol = protocol;
    EXPECT_EQ(answers(3), expected);
  }
}

TEST_F(UpstreamClientTest, TheClientCertificateIsShownToEachEndpoint) {
  const net::TestCertificates certificates;
  auto files = certificates.files();
  files.client_ca = certificates.directory.file("ca.pem");
  const Backend a("a", 200, *net::TlsServerContext::make(files)), b("b", 200, *net::TlsServerContext::make(files));
  use({url_of(a.server.address(), "https"), url_of(b.server.address(), "https")});
  target.ca_file = certificates.directory.file("ca.pem");
  EXPECT_EQ(answers(2), "upstream_unreachable; upstream_unreachable");
  const auto issued = certificates.authority.issue({.hosts = {"gate.example.com"}});
  testing::write_text(certificates.directory.file("gate.pem"), issued.certificate);
  testing::write_text(certificates.directory.file("gate.key"), issued.key);
  target.client_certificate = certificates.directory.file("gate.pem");
  target.client_key = certificates.directory.file("gate.key");
  EXPECT_EQ(answers(2), "200 a; 200 b");
}

}  // namespace
}  // namespace watchword::gateway
