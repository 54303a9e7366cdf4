#include "http/client.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>

#include "http/test_server.h"
#include "net/tls.h"
#include "support/certificates.h"
#include "support/temporary_directory.h"

namespace watchword::http {
namespace {

using net::Task;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

Origin origin_of(const net::Address& address, std::string scheme = "http") {
  return {.scheme = std::move(scheme), .address = address, .authority = "backend.example.com"};
}

RequestHead request(std::string method, std::string target) {
  return {.method = std::move(method), .scheme = "http", .authority = {}, .target = std::move(target), .headers = {}};
}

// A body of given pieces. `length`: announced. An empty optional in place of a piece: fails there.
class PiecesBody final : public Body {
 public:
  PiecesBody(std::vector<std::optional<std::string>> pieces, std::optional<std::uint64_t> length)
      : pieces_(std::move(pieces)), length_(length) {}
  Task<Result<std::string_view>> next() override {
    ++asked;
    if (at_ == pieces_.size()) co_return std::string_view();
    const auto& piece = pieces_[at_++];
    if (!piece) co_return fail(Reason::http_too_large, "too much");
    co_return std::string_view(*piece);
  }
  std::optional<std::uint64_t> length() const override { return length_; }
  const Headers& trailers() const override { return trailers_; }
  bool ready() const override { return all_ready; }

  int asked = 0;
  bool all_ready = false;

 private:
  std::vector<std::optional<std::string>> pieces_;
  std::optional<std::uint64_t> length_;
  Headers trailers_{{"checksum", "1"}};
  std::size_t at_ = 0;
};

// "200 body", or the reason of the error.
Task<std::string> fetch(Client& client, RequestHead head, Body* body = nullptr) {
  auto response = co_await client.send(std::move(head), body);
  if (!response) co_return std::string(name(response.error().reason));
  const auto text = co_await read_all((*response)->body(), 1 << 26);
  std::string all =
      std::to_string((*response)->head().status) + " " + (text ? *text : std::string(name(text.error().reason)));
  for (const Header& trailer : (*response)->body().trailers()) all += " " + trailer.name + "=" + trailer.value;
  co_return all;
}

// Runs `test`, a coroutine over a client of the origin, on a loop of its own.
template <class Test>
void with_client(Origin origin, ClientLimits limits, Test test, std::shared_ptr<net::TlsClientContext> tls = nullptr) {
  net::run_blocking([](Origin to, ClientLimits its_limits, Test& body, auto context) -> Task<bool> {
    const auto client = Client::make(std::move(to), std::move(context), its_limits);
    co_await body(*client);
    co_return true;
  }(std::move(origin), limits, test, std::move(tls)));
}

// A backend that plays a script: each connection takes the next one, waits for the end of a request head and sends it.
struct ScriptedBackend {
  struct Script {
    std::vector<std::string> answers;  // one for each request head; then the connection is closed
    bool silent_at_end = false;        // or it is held open without a word
  };
  explicit ScriptedBackend(std::vector<Script> its_scripts) : scripts(std::move(its_scripts)), pool(1) {
    auto started = net::Listener::start(pool.loops(), *net::parse_address("127.0.0.1:0"), {}, [this](auto stream) {
      const std::size_t index = connections.fetch_add(1);
      if (index < scripts.size()) net::spawn(play_and_close(std::move(stream), scripts[index]));
    });
    EXPECT_TRUE(started);
    listener = *std::move(started);
  }
  Task<void> play_and_close(std::unique_ptr<net::Stream> stream, const Script& script) {
    co_await play(*stream, script);
    stream.reset();
    if (first.exchange(false)) closed.count_down();
  }
  static Task<void> play(net::Stream& stream, const Script& script) {
    std::array<char, 4096> buffer;
    std::string received;
    for (const std::string& answer : script.answers) {
      while (received.find("\r\n\r\n") == received.npos) {
        const auto got = co_await stream.read(buffer);
        if (!got || *got == 0) co_return;
        received.append(buffer.data(), *got);
      }
      received.erase(0, received.find("\r\n\r\n") + 4);
      if (!co_await stream.write(answer, {})) co_return;
    }
    for (Result<std::size_t> got = 1; script.silent_at_end && got && *got > 0;) got = co_await stream.read(buffer);
    co_await stream.shutdown();
  }

  std::vector<Script> scripts;
  std::atomic<bool> first = true;
  std::latch closed{1};  // the first connection that ended
  std::atomic<std::size_t> connections = 0;
  net::LoopPool pool;
  std::unique_ptr<net::Listener> listener;
};

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

Task<void> describe_request(Exchange& exchange) {
  const auto body = co_await read_all(exchange.body, 1 << 26);
  if (!body) co_return;
  std::string text =
      exchange.request.method + " " + exchange.request.authority + exchange.request.target + " [" + *body + "]";
  for (const Header& trailer : exchange.body.trailers()) text += " " + trailer.name + "=" + trailer.value;
  (void)co_await exchange.reply.send({}, text);
}

std::size_t connections_of(const Metrics& metrics) {
  const std::string text = metrics.render(), name = "watchword_http_connections{server=\"test\"} ";
  return std::stoul(text.substr(text.find(name) + name.size()));
}

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

TEST(Client, NeverReusesAConnectionWithMoreOnItThanTheAnswer) {
  const ScriptedBackend backend({{.answers = {std::string(kOk) + "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nforged"}},
                                 {.answers = {std::string(kOk)}}});
  with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("GET", "/1")), "200 ok");
    EXPECT_EQ(co_await fetch(client, request("GET", "/2")), "200 ok");
  });
}

TEST(Client, RepeatsARequestOnceWhenTheConnectionProvesStaleAndNothingIsLost) {
  struct Case {
    std::string method;
    bool body;
    std::string answer;
  };
  for (const Case& c : {Case{"GET", false, "200 ok"}, Case{"DELETE", false, "200 ok"},
                        Case{"POST", false, "upstream_unreachable"}, Case{"PUT", true, "upstream_unreachable"}}) {
    // The first connection answers one request, reads the next and closes without an answer.
    const ScriptedBackend backend({{.answers = {std::string(kOk), ""}}, {.answers = {std::string(kOk)}}});
    with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
      PiecesBody body({"x"}, 1);
      EXPECT_EQ(co_await fetch(client, request("GET", "/1")), "200 ok");
      EXPECT_EQ(co_await fetch(client, request(c.method, "/2"), c.body ? &body : nullptr), c.answer) << c.method;
      EXPECT_EQ(backend.connections, c.answer == "200 ok" ? 2u : 1u);
    });
  }
}

TEST(Client, DoesNotRepeatOnANewConnection) {
  const ScriptedBackend backend({{.answers = {""}}, {.answers = {std::string(kOk)}}});
  with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("GET", "/")), "upstream_unreachable");
    EXPECT_EQ(backend.connections, 1u);
  });
}

TEST(Client, NoticesAClosedConnectionBeforeItSendsWhatCannotBeRepeated) {
  ScriptedBackend backend({{.answers = {std::string(kOk)}}, {.answers = {std::string(kOk)}}});
  with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("POST", "/")), "200 ok");
    backend.closed.wait();
    co_await net::Loop::current()->sleep(milliseconds(20));  // a connection used just now is not asked
    EXPECT_EQ(co_await fetch(client, request("POST", "/")), "200 ok");
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

// Requests side by side; `all` is delivered with the last answer.
struct Together {
  Task<void> fetch_one(Client& client, std::string& answer) {
    answer = co_await fetch(client, request("GET", "/"));
    if (--left == 0) all.deliver(true);
  }
  Task<void> fetch_all(Client& client) {
    left = answers.size();
    for (std::string& answer : answers) net::spawn(fetch_one(client, answer));
    co_await all;
  }
  std::vector<std::string> answers;
  std::size_t left = 0;
  net::Delivery<bool> all = {};
};

TEST(Client, HoldsItsLimitOfConnectionsAndServesTheWaitingInTurn) {
  const TestServer server(describe_request);
  with_client(origin_of(server.address()), {.connections = 2}, [&](Client& client) -> Task<void> {
    Together together{.answers = std::vector<std::string>(20)};
    co_await together.fetch_all(client);
    for (const std::string& answer : together.answers) EXPECT_EQ(answer, "200 GET backend.example.com/ []");
    EXPECT_LE(connections_of(server.metrics), 2u);
  });
}

TEST(Client, GivesUpWaitingForAConnection) {
  const ScriptedBackend backend({{.answers = {}, .silent_at_end = true}});
  const ClientLimits limits{.response_time = milliseconds(50), .connections = 1};
  with_client(origin_of(backend.listener->address()), limits, [&](Client& client) -> Task<void> {
    Together together{.answers = std::vector<std::string>(2)};
    co_await together.fetch_all(client);
    EXPECT_EQ(together.answers[0], "upstream_timeout");
    // Its turn came at the last moment and the backend hung, or it did not come.
    EXPECT_THAT(together.answers[1], ::testing::AnyOf("overloaded", "upstream_timeout"));
  });
}

TEST(Client, AnAnswerThatIsDroppedClosesItsConnection) {
  std::latch ended(1);
  const TestServer server([&](Exchange& exchange) -> Task<void> {
    Status status = co_await exchange.reply.begin({});
    while (status) status = co_await exchange.reply.write("endless ");
    ended.count_down();
  });
  with_client(origin_of(server.address()), {}, [&](Client& client) -> Task<void> {
    {
      EXPECT_TRUE(co_await client.send(request("GET", "/"), nullptr));
    }
    ended.wait();
  });
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
