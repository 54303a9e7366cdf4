#include "http/server.h"

#include <gmock/gmock.h>

#include <latch>
#include <thread>

#include "http/test_server.h"

namespace watchword::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Answers with the method, the target, the body and its trailers.
net::Task<void> describe_request(Exchange& exchange) {
  const auto body = co_await read_all(exchange.body, 1 << 20);
  if (!body) co_return;
  std::string text = exchange.request.method + " " + exchange.request.target + " [" + *body + "]";
  for (const Header& trailer : exchange.body.trailers()) text += " " + trailer.name + "=" + trailer.value;
  (void)co_await exchange.reply.send({}, text);
}

net::Task<void> ignore_body(Exchange& exchange) { (void)co_await exchange.reply.send({}, "unread"); }

std::string get(std::string_view path, std::string_view more = "") {
  return "GET " + std::string(path) + " HTTP/1.1\r\nhost: a\r\n" + std::string(more) + "\r\n";
}
std::string ok(std::string_view body, std::string_view more = "") {
  return "HTTP/1.1 200 OK\r\ncontent-length: " + std::to_string(body.size()) + "\r\n" + std::string(more) + "\r\n" +
         std::string(body);
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  const TestServer server(describe_request);
  const std::string answers =
      talk(server.address(), get("/1") + "POST /2 HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nabc" +
                                 get("/3", "connection: close\r\n") + get("/4"));
  EXPECT_EQ(without_date(answers), ok("GET /1 []") + ok("POST /2 [abc]") + ok("GET /3 []", "connection: close\r\n"));
}

TEST(Server, UnderstandsARequestThatComesByteByByte) {
  const TestServer server(describe_request);
  RawClient client(server.address());
  for (char c :
       "POST /x HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: 1\r\n\r\n" + get("/y"))
    ASSERT_TRUE(client.send({&c, 1}));
  client.finish_sending();
  EXPECT_EQ(without_date(client.read_to_end()), ok("POST /x [abc] t=1") + ok("GET /y []"));
}

TEST(Server, SendsTheDate) {
  const TestServer server(describe_request);
  EXPECT_THAT(
      talk(server.address(), get("/")),
      ::testing::ContainsRegex("\r\ndate: [A-Z][a-z][a-z], [0-9][0-9] [A-Z][a-z][a-z] 20[0-9][0-9] .* GMT\r\n"));
}

TEST(Server, RefusesWhatItCannotReadWithAProblemAndCloses) {
  const TestServer server(describe_request, {.request_line = 100, .header_bytes = 200, .body_bytes = 10});
  struct Case {
    std::string request;
    int status;
    std::string_view reason;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"GET / HTTP/1.1\r\n\r\n", 400, "http_malformed"},
           {"\x16\x03\x01 a TLS hello\r\n\r\n", 400, "http_malformed"},
           {"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n", 400,
            "http_malformed"},
           {"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", 400, "http_malformed"},
           {"CONNECT a HTTP/1.1\r\nhost: a\r\n\r\n", 400, "http_malformed"},
           {"GET / HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n", 400, "http_malformed"},
           {get("/" + std::string(200, 'a')), 431, "http_too_large"},
           {get("/", "x: " + std::string(300, 'a') + "\r\n"), 431, "http_too_large"},
           {"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 11\r\n\r\n", 413, "http_too_large"},
           {"POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nb\r\n", 413, "http_too_large"},
       }) {
    const std::string answer = talk(server.address(), c.request + get("/next"));
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(c.status))) << c.request;
    EXPECT_THAT(answer, HasSubstr("content-type: application/problem+json\r\n"));
    EXPECT_THAT(answer, HasSubstr("\"reason\":\"" + std::string(c.reason) + "\"")) << c.request;
    EXPECT_THAT(answer, Not(HasSubstr("/next"))) << c.request;
  }
}

// Sends back what comes through the tunnel, and a last word after the client has closed its direction.
net::Task<void> echo_in_tunnel(Exchange& exchange) {
  EXPECT_TRUE(exchange.request.wants_tunnel());
  EXPECT_EQ(exchange.body.length(), std::nullopt);
  if (!co_await exchange.reply.begin({.status = 200, .headers = {{"x-said", exchange.request.authority}}})) co_return;
  while (true) {
    const auto piece = co_await exchange.body.next();
    if (!piece) co_return exchange.reply.abort();
    if (piece->empty()) break;
    if (!co_await exchange.reply.write(*piece)) co_return;
  }
  if (co_await exchange.reply.write("bye")) (void)co_await exchange.reply.end();
}

constexpr std::string_view kHandshake =
    "GET /chat?x=1 HTTP/1.1\r\nhost: a\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\n"
    "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST(Server, SwitchesToAWebSocketThatItsHandlerGrants) {
  const TestServer server(echo_in_tunnel);
  RawClient client(server.address());
  client.send(kHandshake);
  EXPECT_EQ(client.read_until("\r\n\r\n"),
            "HTTP/1.1 101 Switching Protocols\r\nx-said: a\r\nupgrade: websocket\r\n"
            "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nconnection: upgrade\r\n\r\n");
  client.send("GET / not HTTP any more\r\n\r\n");
  EXPECT_EQ(client.read_until("more\r\n\r\n"), "GET / not HTTP any more\r\n\r\n");
  client.finish_sending();
  EXPECT_EQ(client.read_to_end(), "bye");
  EXPECT_FALSE(client.was_reset());
}

TEST(Server, OpensATunnelForConnectAndTakesNoSecondRequestFromIt) {
  const TestServer server(echo_in_tunnel);
  const std::string request = "CONNECT ledger-db:5432 HTTP/1.1\r\nhost: ledger-db:5432\r\n\r\n";
  EXPECT_EQ(talk(server.address(), request + get("/")),
            "HTTP/1.1 200 OK\r\nx-said: ledger-db:5432\r\n\r\n" + get("/") + "bye");
}

TEST(Server, ClosesTheConnectionOfATunnelThatIsRefused) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    (void)co_await exchange.reply.send({.status = 403, .headers = {}}, "no");
  });
  EXPECT_EQ(without_date(talk(server.address(), std::string(kHandshake) + get("/"))),
            "HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\nconnection: close\r\n\r\nno");
}

TEST(Server, ShowsATunnelsClientThatItIsCutShort) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    if (co_await exchange.reply.begin({})) (void)co_await exchange.body.next();
    exchange.reply.abort();
  });
  RawClient client(server.address());
  client.send(kHandshake);
  client.read_until("\r\n\r\n");
  client.send("x");
  client.read_to_end();
  EXPECT_TRUE(client.was_reset());
}

TEST(Server, EndsATunnelInWhichNothingMoves) {
  const TestServer server(echo_in_tunnel, {.body_time = std::chrono::hours(1), .tunnel_idle_time = milliseconds(50)});
  RawClient client(server.address());
  client.send(kHandshake);
  client.read_until("\r\n\r\n");
  client.read_to_end();
  EXPECT_TRUE(client.was_reset());
}

TEST(Server, DoesNotAnswerConnectWithContent) {
  const TestServer server(describe_request);
  EXPECT_THAT(talk(server.address(), "CONNECT a:1 HTTP/1.1\r\nhost: a:1\r\n\r\n"), StartsWith("HTTP/1.1 500"));
}

TEST(Server, CutsAClientThatSendsItsHeadTooSlowly) {
  const TestServer server(describe_request, {.header_time = milliseconds(50)});
  RawClient client(server.address());
  client.send("GET / HTTP/1.1\r\nhost:");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 408"));
}

TEST(Server, CutsAClientThatSendsItsBodyTooSlowly) {
  const TestServer server(describe_request, {.body_time = milliseconds(50)});
  RawClient client(server.address());
  client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\na");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 408"));
}

TEST(Server, ClosesAnIdleConnectionWithoutAWord) {
  const TestServer server(describe_request, {.idle_time = milliseconds(50)});
  RawClient silent(server.address());
  EXPECT_EQ(silent.read_to_end(), "");
  RawClient served(server.address());
  served.send(get("/"));
  EXPECT_EQ(without_date(served.read_to_end()), ok("GET / []"));
}

TEST(Server, CutsAClientThatDoesNotReadItsAnswer) {
  std::latch cut(1);
  const TestServer server(
      [&](Exchange& exchange) -> net::Task<void> {
        const std::string piece(1 << 20, 'x');
        Status status = co_await exchange.reply.begin({});
        while (status) status = co_await exchange.reply.write(piece);
        EXPECT_EQ(status.error().reason, Reason::http_timeout);
        cut.count_down();
      },
      {.body_time = milliseconds(50)});
  RawClient client(server.address());
  client.send(get("/"));
  cut.wait();
}

TEST(Server, EndsAStreamWhoseClientHasGone) {
  std::latch ended(1);
  const TestServer server([&](Exchange& exchange) -> net::Task<void> {
    Status status = co_await exchange.reply.begin({});
    while (status) status = co_await exchange.reply.write("data\n");
    EXPECT_EQ(status.error().reason, Reason::connection_closed);
    ended.count_down();
  });
  {
    RawClient client(server.address());
    client.send(get("/"));
    client.read_until("data");
  }
  ended.wait();
}

TEST(Server, SaysContinueOnlyOnceTheBodyIsWanted) {
  const std::string head = "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n";
  {
    const TestServer server(describe_request);
    RawClient client(server.address());
    client.send(head);
    EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("abc" + get("/next", "connection: close\r\n"));
    EXPECT_EQ(without_date(client.read_to_end()), ok("POST / [abc]") + ok("GET /next []", "connection: close\r\n"));
    EXPECT_EQ(without_date(talk(server.address(), head + "abc")), ok("POST / [abc]"));  // it did not wait
  }
  const TestServer refusing(ignore_body);
  RawClient client(refusing.address());
  client.send(head);
  EXPECT_EQ(without_date(client.read_until("unread")), ok("unread", "connection: close\r\n"));
}

TEST(Server, NeverSaysContinueOnceTheAnswerHasBegun) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    EXPECT_TRUE(co_await exchange.reply.begin({.status = 200, .headers = {{"content-length", "3"}}}));
    const auto body = co_await read_all(exchange.body, 10);
    EXPECT_TRUE(body && co_await exchange.reply.write(*body));
    EXPECT_TRUE(co_await exchange.reply.end());
  });
  RawClient client(server.address());
  client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\nexpect: 100-continue\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("connection: close"));
  client.send("abc");
  EXPECT_EQ(client.read_to_end(), "abc");
}

TEST(Server, SendsNoBodyToHeadNorWithoutContent) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    const bool empty = exchange.request.target == "/empty";
    if (exchange.request.target != "/pieces") {
      (void)co_await exchange.reply.send({.status = empty ? 204 : 200, .headers = {}}, "hello");
      co_return;
    }
    (void)co_await exchange.reply.begin({});
    (void)co_await exchange.reply.write("hello");
    (void)co_await exchange.reply.end();
  });
  const auto head = [](std::string_view path) { return "HEAD " + std::string(path) + " HTTP/1.1\r\nhost: a\r\n\r\n"; };
  EXPECT_EQ(without_date(talk(server.address(), head("/") + head("/pieces") + get("/empty") + get("/"))),
            "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            "HTTP/1.1 204 No Content\r\n\r\n" +
                ok("hello"));
}

net::Task<void> stream_three(Exchange& exchange) {
  EXPECT_TRUE(co_await exchange.reply.begin_with({}, "one"));
  EXPECT_TRUE(co_await exchange.reply.write(""));  // nothing, not the end
  EXPECT_TRUE(co_await exchange.reply.write("three"));
  EXPECT_TRUE(co_await exchange.reply.end({{"checksum", "35"}}));
}

TEST(Server, FramesAnAnswerOfUnknownLengthByTheClientsVersion) {
  const TestServer server(stream_three);
  EXPECT_EQ(without_date(talk(server.address(), get("/"))),
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
            "3\r\none\r\n5\r\nthree\r\n0\r\nchecksum: 35\r\n\r\n");
  EXPECT_EQ(without_date(talk(server.address(), "GET / HTTP/1.0\r\nhost: a\r\nconnection: keep-alive\r\n\r\n")),
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nonethree");
}

TEST(Server, KeepsTheConnectionWhenLittleOfTheBodyWasLeftUnread) {
  const TestServer server(ignore_body);
  const auto post = [](std::size_t size) {
    return "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: " + std::to_string(size) + "\r\n\r\n" +
           std::string(size, 'x');
  };
  EXPECT_EQ(without_date(talk(server.address(), post(10'000) + get("/"))), ok("unread") + ok("unread"));
  EXPECT_EQ(without_date(talk(server.address(), post(200'000) + get("/"))), ok("unread"));
}

TEST(Server, AnswersForAHandlerThatDoesNot) {
  const TestServer server([](Exchange&) -> net::Task<void> { co_return; });
  EXPECT_THAT(talk(server.address(), get("/")), StartsWith("HTTP/1.1 500"));
}

TEST(Server, ResetsTheConnectionWhenAnAnswerIsNotAsLongAsAnnounced) {
  for (const std::string& content : {std::string("ab"), std::string("abcd")}) {
    const TestServer server([content](Exchange& exchange) -> net::Task<void> {
      (void)co_await exchange.reply.begin({.status = 200, .headers = {{"content-length", "3"}}});
      (void)co_await exchange.reply.write(content);
      (void)co_await exchange.reply.end();
    });
    RawClient client(server.address());
    client.send(get("/"));
    EXPECT_THAT(client.read_to_end(), Not(HasSubstr(content + content)));
    EXPECT_TRUE(client.was_reset()) << content;
  }
}

TEST(Server, ClosesAfterTheLastRequestThatAConnectionMayCarry) {
  const TestServer server(describe_request, {.requests_per_connection = 2});
  EXPECT_EQ(without_date(talk(server.address(), get("/1") + get("/2") + get("/3"))),
            ok("GET /1 []") + ok("GET /2 []", "connection: close\r\n"));
}

TEST(Server, CountsRequestsByStatus) {
  TestServer server(describe_request);
  talk(server.address(), get("/1") + get("/2") + "GET / HTTP/9.9\r\n\r\n");
  EXPECT_TRUE(server.server->drain(seconds(10)));
  const std::string metrics = server.metrics.render();
  EXPECT_THAT(metrics, HasSubstr("watchword_http_requests_total{server=\"test\",status=\"2xx\"} 2\n"));
  EXPECT_THAT(metrics, HasSubstr("watchword_http_requests_total{server=\"test\",status=\"4xx\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("watchword_http_connections{server=\"test\"} 0\n"));
}

TEST(Server, CountsConnectionsBeyondTheLimitOfOneAddress) {
  TestServer server(describe_request, {.connections_per_address = 1});
  RawClient first(server.address());
  first.send(get("/"));
  first.read_until("]");
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RawClient(server.address()).read_to_end(), "");
  EXPECT_THAT(server.metrics.render(),
              HasSubstr("watchword_http_connections_refused_total{server=\"test\",limit=\"address\"} 3\n"));
}

TEST(Server, ServesAThousandConnectionsAtOnce) {
  const TestServer server(describe_request, {}, nullptr, 2);
  std::deque<RawClient> clients;
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(clients.emplace_back(server.address()).connected());
  for (int round = 0; round < 2; ++round) {
    for (RawClient& client : clients) ASSERT_TRUE(client.send(get("/")));
    for (RawClient& client : clients) ASSERT_EQ(without_date(client.read_until("]")), ok("GET / []"));
  }
}

// Two requests that are held until `release`.
struct Held {
  net::Task<void> handle(Exchange& exchange) {
    started.count_down();
    co_await release;
    (void)co_await exchange.reply.send({}, "held");
  }
  std::latch started{1};
  net::Delivery<bool> release;
};

TEST(Drain, FinishesWhatIsInFlightAndRefusesNewConnections) {
  Held held;
  TestServer server([&](Exchange& exchange) { return held.handle(exchange); });
  RawClient idle(server.address());
  RawClient busy(server.address());
  busy.send(get("/"));
  held.started.wait();
  bool all_ended = false;
  std::thread draining([&] { all_ended = server.server->drain(seconds(20)); });
  EXPECT_EQ(idle.read_to_end(), "");  // it has been told to go: the draining has begun
  EXPECT_FALSE(RawClient(server.address()).connected());
  held.release.deliver(true);
  EXPECT_EQ(without_date(busy.read_to_end()), ok("held", "connection: close\r\n"));
  draining.join();
  EXPECT_TRUE(all_ended);
}

TEST(Drain, ResetsWhatHasNotEndedInTime) {
  Held held;
  TestServer server([&](Exchange& exchange) { return held.handle(exchange); });
  RawClient busy(server.address());
  busy.send(get("/"));
  held.started.wait();
  std::thread late([&] {
    busy.read_to_end();  // it was cut
    held.release.deliver(true);
  });
  EXPECT_FALSE(server.server->drain(milliseconds(20)));
  late.join();
  EXPECT_TRUE(busy.was_reset());
}

TEST(Server, WaitsForAReadOfTheBodyThatOutlivesTheHandler) {
  std::latch ended(1);
  Result<std::string_view> read = std::string_view("not yet");
  const TestServer server([&](Exchange& exchange) -> net::Task<void> {
    const auto reader = [](Body& body, Result<std::string_view>& result, std::latch& done) -> net::Task<void> {
      result = co_await body.next();
      done.count_down();
    };
    net::spawn(reader(exchange.body, read, ended));
    (void)co_await exchange.reply.send({}, "early");
  });
  RawClient client(server.address());
  client.send("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\n");
  EXPECT_THAT(client.read_until("early"), HasSubstr("early"));
  ended.wait();
  EXPECT_FALSE(read);
}

TEST(ReadAll, RefusesABodyBeyondItsLimit) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    const auto body = co_await read_all(exchange.body, 4);
    (void)co_await exchange.reply.send({}, body ? *body : std::string(name(body.error().reason)));
  });
  for (const auto& [body, answer] :
       {std::pair("4\r\nabcd\r\n0\r\n\r\n", "abcd"), std::pair("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "http_too_large")}) {
    EXPECT_EQ(without_date(talk(server.address(), "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n" +
                                                      std::string(body))),
              ok(answer));
  }
}

}  // namespace
}  // namespace watchword::http
