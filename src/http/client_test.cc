#include "http/client.h"

#include "http/test_backend.h"
#include "net/tls.h"
#include "support/certificates.h"
#include "support/temporary_directory.h"

namespace watchword::http {
namespace {

using std::chrono::milliseconds;

TEST(Origin, IsSchemeAndAuthorityOnly) {
  struct Case {
    std::string_view url, address, authority;
  };
  for (const Case& c : {Case{"http://a.example.com", "a.example.com:80", "a.example.com"},
                        Case{"https://a.example.com/", "a.example.com:443", "a.example.com"},
                        Case{"https://a.example.com:8443", "a.example.com:8443", "a.example.com:8443"},
                        Case{"http://[::1]:8080", "[::1]:8080", "[::1]:8080"}}) {
    const auto origin = parse_origin(c.url);
    ASSERT_TRUE(origin) << c.url;
    EXPECT_EQ(net::to_string(origin->address), c.address);
    EXPECT_EQ(origin->authority, c.authority);
  }
  for (const char* url :
       {"", "a.example.com", "ftp://a", "http://a/path", "http://a/?q", "http://a?", "http://u@a", "http://a#f"}) {
    const auto origin = parse_origin(url);
    ASSERT_FALSE(origin) << url;
    EXPECT_EQ(origin.error().reason, Reason::config_invalid);
  }
}

TEST(Client, SendsRequestsOneAfterTheOtherOnOneConnection) {
  const TestServer server(describe_request);
  with_client(origin_of(server.address()), {}, [&](Client& client) -> Task<void> {
    PiecesBody announced({"ab", "c"}, 3), streamed({"ab", "c"}, std::nullopt), empty({}, 0), at_hand({"abc"}, 3);
    at_hand.all_ready = true;
    EXPECT_EQ(co_await fetch(client, request("GET", "/1")), "200 GET backend.example.com/1 []");
    EXPECT_EQ(co_await fetch(client, request("POST", "/2"), &announced), "200 POST backend.example.com/2 [abc]");
    EXPECT_EQ(co_await fetch(client, request("POST", "/3"), &streamed),
              "200 POST backend.example.com/3 [abc] checksum=1");
    EXPECT_EQ(co_await fetch(client, request("POST", "/4"), &empty), "200 POST backend.example.com/4 []");
    EXPECT_EQ(co_await fetch(client, request("POST", "/5"), &at_hand), "200 POST backend.example.com/5 [abc]");
    EXPECT_EQ(co_await fetch(client, request("HEAD", "/6")), "200 ");
    EXPECT_EQ(connections_of(server.metrics), 1u);
  });
}

TEST(Client, ReadsEachKindOfAnswer) {
  struct Case {
    std::string method, answer, read;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"GET", std::string(kOk), "200 ok"},
           {"GET", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + std::string(kOk),
            "200 ok"},
           {"GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nt: 1\r\n\r\n", "200 ok t=1"},
           {"GET", "HTTP/1.1 200 OK\r\n\r\nuntil the end", "200 until the end"},
           {"GET", "HTTP/1.0 404 Not Found\r\n\r\nno", "404 no"},
           {"GET", "HTTP/1.1 204 No Content\r\n\r\n", "204 "},
           {"HEAD", "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n", "200 "},
           // What is not an answer.
           {"GET", "", "upstream_unreachable"},
           {"GET", "SSH-2.0-OpenSSH_9.2\r\n", "upstream_malformed"},
           {"GET", "HTTP/1.1 200 OK\r\ncontent-le", "upstream_malformed"},
           {"GET", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n", "upstream_malformed"},
           {"GET", "HTTP/1.1 101 Switching Protocols\r\n\r\n", "upstream_malformed"},
           {"GET", "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\ncut short", "200 upstream_malformed"},
           {"GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n", "200 upstream_malformed"},
           {"GET", "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", "200 upstream_malformed"},
           {"GET", "HTTP/1.1 200 OK\r\nx: " + std::string(100'000, 'a'), "upstream_malformed"},
       }) {
    const ScriptedBackend backend({{.answers = {c.answer}}});
    with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
      EXPECT_EQ(co_await fetch(client, request(c.method, "/")), c.read) << c.answer.substr(0, 100);
    });
  }
}

TEST(Client, RefusesEndlessInterimAnswers) {
  std::string answer;
  for (int i = 0; i < 1000; ++i) answer += "HTTP/1.1 100 Continue\r\n\r\n";
  const ScriptedBackend backend({{.answers = {answer + std::string(kOk)}}});
  with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("GET", "/")), "upstream_malformed");
  });
}

TEST(Client, TellsABackendThatHangsFromOneThatIsNotThere) {
  const ScriptedBackend hangs(
      {{.answers = {}, .silent_at_end = true},
       {.answers = {"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nbegun"}, .silent_at_end = true}});
  const ClientLimits limits{.response_time = milliseconds(50), .idle_time = milliseconds(50)};
  with_client(origin_of(hangs.listener->address()), limits, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("GET", "/")), "upstream_timeout");
    EXPECT_EQ(co_await fetch(client, request("GET", "/")), "200 upstream_timeout");
  });
  net::Address gone;
  {
    const ScriptedBackend backend({});
    gone = backend.listener->address();
  }
  with_client(origin_of(gone), limits, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("GET", "/")), "upstream_unreachable");
  });
}

// A body that never comes.
class SilentBody final : public Body {
 public:
  Task<Result<std::string_view>> next() override {
    ++pending;
    const auto result = co_await arrives;
    --pending;
    co_return result;
  }
  std::optional<std::uint64_t> length() const override { return 10; }
  const Headers& trailers() const override { return trailers_; }
  int pending = 0;
  net::Delivery<Result<std::string_view>> arrives;

 private:
  Headers trailers_;
};

TEST(Client, AnEarlyAnswerEndsTheUpload) {
  const ScriptedBackend backend(
      {{.answers = {"HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nbig"}, .silent_at_end = true},
       {.answers = {std::string(kOk)}}});
  with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
    SilentBody body;
    EXPECT_EQ(co_await fetch(client, request("POST", "/"), &body), "413 big");
    EXPECT_EQ(body.pending, 1);
    body.arrives.deliver(std::string_view("too late"));
    EXPECT_EQ(co_await fetch(client, request("GET", "/")), "200 ok");  // on another connection
    EXPECT_EQ(body.pending, 0);
    EXPECT_EQ(backend.connections, 2u);
  });
}

// Says when a request has arrived, and holds it: "/begun" after the head of an answer, all others before.
struct HoldingBackend {
  std::shared_ptr<net::Delivery<bool>> arrived = std::make_shared<net::Delivery<bool>>();
  std::latch gone{1};  // the client has closed the connection
  TestServer server{[this](Exchange& exchange) -> Task<void> {
    if (exchange.request.target == "/quick") co_return (void) co_await exchange.reply.send({}, "ok");
    if (exchange.request.target == "/begun") (void)co_await exchange.reply.begin({});
    arrived->deliver(true);
    for (Result<std::string_view> piece = "x"; piece && !piece->empty();) piece = co_await exchange.body.next();
    gone.count_down();
  }};
};

// What comes of a request, when `abort` has ended it.
Task<void> send_and_tell(Client& client, std::string target, Body& body, Abort& abort,
                         std::shared_ptr<net::Delivery<bool>> answered,
                         std::shared_ptr<net::Delivery<std::string>> outcome) {
  auto response = co_await client.send(request("POST", std::move(target)), &body, &abort);
  if (!response) co_return outcome->deliver("failed");
  answered->deliver(true);
  const auto piece = co_await (*response)->body().next();
  outcome->deliver(piece ? "begun, and went on" : "begun, then failed");
}

TEST(Client, AnAbortEndsWhatIsUnderWayAndItsConnection) {
  for (const auto& [target, outcome] : {std::pair("/waits", "failed"), std::pair("/begun", "begun, then failed")}) {
    HoldingBackend backend;
    with_client(origin_of(backend.server.address()), {}, [&](Client& client) -> Task<void> {
      SilentBody body;
      Abort abort;
      auto answered = std::make_shared<net::Delivery<bool>>();
      auto told = std::make_shared<net::Delivery<std::string>>();
      net::spawn(send_and_tell(client, target, body, abort, answered, told));
      co_await *backend.arrived;
      if (std::string_view(target) == "/begun") co_await *answered;
      abort.fire();
      EXPECT_EQ(co_await *told, outcome);
      EXPECT_EQ(co_await fetch(client, request("GET", "/quick")), "200 ok");  // on a connection of its own
      body.arrives.deliver(std::string_view());
    });
    backend.gone.wait();
  }
}

TEST(Client, NothingBeginsAfterAnAbort) {
  const ScriptedBackend backend({{.answers = {std::string(kOk)}}});
  with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
    Abort abort;
    abort.fire();
    const auto response = co_await client.send(request("GET", "/"), nullptr, &abort);
    EXPECT_FALSE(response);
    if (!response) EXPECT_EQ(response.error().reason, Reason::connection_closed);
    EXPECT_EQ(backend.connections, 0u);
  });
}

TEST(Client, AnAbortThatComesTooLateHarmsNobody) {
  const TestServer server(describe_request);
  with_client(origin_of(server.address()), {}, [&](Client& client) -> Task<void> {
    Abort abort;
    {
      auto response = co_await client.send(request("GET", "/1"), nullptr, &abort);
      EXPECT_TRUE(response && co_await read_all((*response)->body(), 100));
    }
    abort.fire();
    EXPECT_EQ(co_await fetch(client, request("GET", "/2")), "200 GET backend.example.com/2 []");
    EXPECT_EQ(connections_of(server.metrics), 1u);
  });
}

TEST(Client, PassesOnAnErrorOfTheBodyItself) {
  const TestServer server(describe_request);
  with_client(origin_of(server.address()), {}, [&](Client& client) -> Task<void> {
    for (const bool ready : {false, true}) {
      PiecesBody failing({std::nullopt}, 10), late({"abc", std::nullopt}, std::nullopt), shorter({"abc"}, 10),
          longer({"abc"}, 2);
      for (PiecesBody* body : {&failing, &late, &shorter, &longer}) body->all_ready = ready;
      EXPECT_EQ(co_await fetch(client, request("POST", "/"), &failing), "http_too_large");
      EXPECT_EQ(co_await fetch(client, request("POST", "/"), &late), "http_too_large");
      EXPECT_EQ(co_await fetch(client, request("POST", "/"), &shorter), "internal");
      EXPECT_EQ(co_await fetch(client, request("POST", "/"), &longer), "internal");
    }
  });
}

TEST(Client, CarriesALargeBodyBothWays) {
  const TestServer server([](Exchange& exchange) -> Task<void> {  // echoes while it reads
    Status status = co_await exchange.reply.begin({});
    while (status) {
      const auto piece = co_await exchange.body.next();
      if (!piece) co_return;
      if (piece->empty()) break;
      status = co_await exchange.reply.write(*piece);
    }
    (void)co_await exchange.reply.end();
  });
  with_client(origin_of(server.address()), {}, [&](Client& client) -> Task<void> {
    const std::vector<std::optional<std::string>> pieces(200, std::string(50'000, 'x'));
    PiecesBody body(pieces, std::nullopt);
    EXPECT_EQ(co_await fetch(client, request("POST", "/"), &body), "200 " + std::string(200 * 50'000, 'x'));
    EXPECT_EQ(co_await fetch(client, request("POST", "/")), "200 ");
  });
}

// Gives a piece when the test has one.
class FedBody final : public Body {
 public:
  Task<Result<std::string_view>> next() override { co_return co_await pieces.at(asked++); }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  const Headers& trailers() const override { return trailers_; }
  std::array<net::Delivery<std::string_view>, 4> pieces;
  std::size_t asked = 0;

 private:
  Headers trailers_;
};

TEST(Client, TheUploadGoesOnBesideTheResponse) {
  const TestServer server([](Exchange& exchange) -> Task<void> {
    (void)co_await exchange.reply.begin({});
    for (Result<std::string_view> piece = co_await exchange.body.next(); piece && !piece->empty();
         piece = co_await exchange.body.next())
      (void)co_await exchange.reply.write(*piece);
    (void)co_await exchange.reply.end();
  });
  with_client(origin_of(server.address()), {.idle_time = std::chrono::seconds(20)}, [&](Client& client) -> Task<void> {
    for (int round = 0; round < 2; ++round) {
      FedBody body;
      auto response = co_await client.send(request("POST", "/"), &body);
      EXPECT_TRUE(response);
      if (!response) co_return;
      for (std::size_t i = 0; i < 3; ++i) {
        body.pieces[i].deliver("piece");
        const auto echoed = co_await (*response)->body().next();
        EXPECT_TRUE(echoed && *echoed == "piece");
      }
      body.pieces[3].deliver("");
      const auto end = co_await (*response)->body().next();
      EXPECT_TRUE(end && end->empty());
    }
    EXPECT_EQ(connections_of(server.metrics), 1u);  // both had ended
  });
}

TEST(Client, AnErrorOfTheBodyIsToldByTheResponseUnderWay) {
  HoldingBackend backend;
  with_client(origin_of(backend.server.address()), {}, [&](Client& client) -> Task<void> {
    SilentBody body;
    auto response = co_await client.send(request("POST", "/begun"), &body);
    EXPECT_TRUE(response);
    if (!response) co_return;
    body.arrives.deliver(fail(Reason::http_too_large, "too much"));
    const auto piece = co_await (*response)->body().next();
    EXPECT_FALSE(piece);
    if (!piece) EXPECT_EQ(piece.error().reason, Reason::http_too_large);
  });
  backend.gone.wait();
}

TEST(Client, VerifiesTheBackendsCertificate) {
  const testing::TemporaryDirectory directory;
  const testing::CertificateAuthority authority;
  const auto issued = authority.issue({.hosts = {"backend.example.com"}});
  testing::write_text(directory.file("ca"), authority.pem());
  testing::write_text(directory.file("cert"), issued.certificate);
  testing::write_text(directory.file("key"), issued.key);
  const TestServer server(
      describe_request, {},
      *net::TlsServerContext::make({.certificate = directory.file("cert"), .key = directory.file("key")}));
  const auto trusting = [&](std::string server_name) {
    return *net::TlsClientContext::make({.ca_file = directory.file("ca"), .server_name = std::move(server_name)});
  };
  const Origin origin = origin_of(server.address(), "https");
  for (const auto& [tls, answer] : {std::pair(trusting("backend.example.com"), "200 GET backend.example.com/ []"),
                                    std::pair(trusting("other.example.com"), "upstream_tls_failed"),
                                    std::pair(std::shared_ptr<net::TlsClientContext>(), "upstream_tls_failed")}) {
    with_client(
        origin, {},
        [&](Client& client) -> Task<void> {
          EXPECT_EQ(co_await fetch(client, request("GET", "/")), answer);
          EXPECT_EQ(co_await fetch(client, request("GET", "/")), answer);
        },
        tls);
  }
}

TEST(Client, RefusesToSendWhatWouldBreakTheMessage) {
  const TestServer server(describe_request);
  with_client(origin_of(server.address()), {}, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("GET", "/ HTTP/1.1\r\nx: y")), "internal");
    RequestHead head = request("GET", "/");
    head.headers.add("x", "a\r\nauthorization: stolen");
    EXPECT_EQ(co_await fetch(client, std::move(head)), "internal");
  });
}

}  // namespace
}  // namespace watchword::http
