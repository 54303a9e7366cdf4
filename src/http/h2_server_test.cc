#include <gmock/gmock.h>

#include <latch>
#include <thread>

#include "http/h2_test_client.h"
#include "http/server.h"
#include "net/tls.h"
#include "support/certificates.h"
#include "support/temporary_directory.h"

namespace watchword::http {
namespace {

using namespace h2;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// Answers with what was asked.
net::Task<void> describe_request(Exchange& exchange) {
  const auto body = co_await read_all(exchange.body, 1 << 20);
  if (!body) co_return;
  const RequestHead& head = exchange.request;
  std::string text = head.method + " " + head.authority + head.target + " [" + *body + "]";
  for (const Header& trailer : exchange.body.trailers()) text += " " + trailer.name + "=" + trailer.value;
  (void)co_await exchange.reply.send({}, text);
}

net::Task<void> ignore_body(Exchange& exchange) { (void)co_await exchange.reply.send({}, "unread"); }

TEST(H2Server, AnswersRequestsSideBySide) {
  const TestServer server(describe_request);
  H2RawClient client(server.address());
  client.send(get(1, "/1") + post(3, "/3") + get(5, "/5?q"));
  EXPECT_EQ(client.answer(1).body, "GET a.example/1 []");
  const H2Answer fifth = client.answer(5);
  EXPECT_EQ(fifth.body, "GET a.example/5?q []");
  EXPECT_EQ(fifth.status(), "200");
  EXPECT_EQ(fifth.field(0, "content-length"), "20");
  EXPECT_THAT(fifth.field(0, "date"), HasSubstr(" GMT"));
  client.send(data(3, "ab") + data(3, "c", kEndStream));
  EXPECT_EQ(client.answer(3).body, "POST a.example/3 [abc]");
}

TEST(H2Server, AnnouncesItsLimits) {
  const TestServer server(describe_request, {.header_bytes = 5000});
  H2RawClient client(server.address());
  const auto told = client.until(kSettings);
  ASSERT_TRUE(told);
  EXPECT_EQ(frame(kSettings, kNone, 0, told->payload),
            settings({{3, 100}, {4, 256 * 1024}, {6, 5000}, {8, 1}, {9, 1}}));
}

TEST(H2Server, SpeaksHttp1OnTheSamePort) {
  const TestServer server(describe_request);
  EXPECT_THAT(talk(server.address(), "GET /p HTTP/1.1\r\nhost: a\r\n\r\n"), HasSubstr("GET a/p []"));
  EXPECT_THAT(talk(server.address(), "PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n"), HasSubstr("HTTP/1.1 400"));
  RawClient slow(server.address());
  for (const char c : "PUT /p HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
    if (c != '\0') slow.send({&c, 1});
  EXPECT_THAT(slow.read_to_end(), HasSubstr("PUT a/p []"));
}

// Its first nine bytes are the server's SETTINGS.
net::Task<std::string> greet(net::Address address, std::shared_ptr<net::TlsClientContext> tls) {
  auto stream = co_await net::connect(std::move(address), tls, seconds(10));
  if (!stream || (*stream)->alpn() != "h2" || !co_await (*stream)->write(greeting())) co_return "refused";
  std::array<char, 9> head;
  const auto got = co_await (*stream)->read(head);
  co_return got ? std::string(head.data(), *got) : "nothing";
}

TEST(H2Server, IsChosenByAlpn) {
  const testing::TemporaryDirectory directory;
  const testing::CertificateAuthority authority;
  const auto issued = authority.issue({.hosts = {"127.0.0.1"}});
  testing::write_text(directory.file("cert"), issued.certificate);
  testing::write_text(directory.file("key"), issued.key);
  testing::write_text(directory.file("ca"), authority.pem());
  const TestServer server(
      describe_request, {},
      *net::TlsServerContext::make({.certificate = directory.file("cert"), .key = directory.file("key")}));
  const auto tls = *net::TlsClientContext::make({.ca_file = directory.file("ca"), .protocols = {"h2"}});
  EXPECT_EQ(net::run_blocking(greet(server.address(), tls)),
            frame(kSettings, kNone, 0, std::string(30, 'x')).substr(0, 9));
}

TEST(H2Server, UnderstandsFramesThatComeByteByByte) {
  const TestServer server(describe_request);
  H2RawClient client(server.address(), "P");
  for (const char c :
       (greeting() + post(1, "/x") + data(1, "abc") + headers(1, {{"t", "1"}}, kEndHeaders | kEndStream)).substr(1))
    ASSERT_TRUE(client.send({&c, 1}));
  EXPECT_EQ(client.answer(1).body, "POST a.example/x [abc] t=1");
}

TEST(H2Server, RefusesARequestThatItCannotRead) {
  const TestServer server(describe_request,
                          {.request_line = 100, .header_bytes = 200, .body_bytes = 10, .body_time = milliseconds(50)});
  H2RawClient client(server.address());
  struct Case {
    FieldList fields;
    std::string status;
  };
  std::uint32_t stream = 1;
  for (const Case& c : std::initializer_list<Case>{
           {request_fields("GET", "/", {{"x", "a\nb"}}), "400"},
           {request_fields("GET", "/", {{"content_length", "3"}}), "400"},
           {request_fields("GET", "/" + std::string(200, 'a')), "431"},
           {request_fields("GET", "/", {{"x", std::string(300, 'a')}}), "431"},
           {request_fields("POST", "/", {{"content-length", "11"}}), "413"},
           {{{":method", "CONNECT"}, {":scheme", "http"}, {":path", "/"}, {":authority", "a"}, {":protocol", "x"}},
            "501"},
       }) {
    client.send(headers(stream, c.fields));
    const H2Answer answer = client.answer(stream);
    EXPECT_EQ(answer.status(), c.status);
    EXPECT_EQ(answer.field(0, "content-type"), "application/problem+json");
    EXPECT_TRUE(answer.ended);
    EXPECT_EQ(client.answer(stream).reset, kNoError) << "what the client still sends is not needed";
    stream += 2;
  }
  for (const FieldList& fields :
       {request_fields("GET", "/", {{"X", "upper"}}), request_fields("GET", "/", {{"connection", "close"}}),
        request_fields("GET", "/", {{"te", "gzip"}}), request_fields("GET", "/", {{":path", "/again"}}),
        FieldList{{":method", "GET"}, {":path", "/"}, {":authority", "a"}}}) {
    client.send(headers(stream, fields, kEndHeaders | kEndStream));
    EXPECT_EQ(client.answer(stream).reset, kProtocolError) << fields.back().first;
    stream += 2;
  }
  client.send(get(stream, "/still"));
  EXPECT_EQ(client.answer(stream).body, "GET a.example/still []");
}

TEST(H2Server, RefusesABodyThatIsNotAsLongAsAnnouncedOrTooLong) {
  const TestServer server(describe_request, {.body_bytes = 10});
  H2RawClient client(server.address());
  client.send(post(1, "/", {{"content-length", "3"}}) + data(1, "abcd"));
  EXPECT_EQ(client.answer(1).reset, kProtocolError);
  client.send(post(3) + data(3, "0123456789a"));
  EXPECT_EQ(client.answer(3).status(), "413");
}

TEST(H2Server, SendsTrailersAndStreamsInPieces) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    EXPECT_TRUE(co_await exchange.reply.begin_with({}, "one"));
    EXPECT_TRUE(co_await exchange.reply.write(""));
    EXPECT_TRUE(co_await exchange.reply.write("two"));
    EXPECT_TRUE(co_await exchange.reply.end({{"checksum", "35"}}));
  });
  H2RawClient client(server.address());
  client.send(get(1));
  const H2Answer answer = client.answer(1);
  EXPECT_EQ(answer.body, "onetwo");
  ASSERT_THAT(answer.heads, SizeIs(2));
  EXPECT_EQ(answer.heads[1], (FieldList{{"checksum", "35"}}));
}

TEST(H2Server, SendsAWholeAnswerWithItsTrailersAtOnce) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    const bool empty = exchange.request.target == "/empty";
    EXPECT_TRUE(co_await exchange.reply.send_with_trailers({}, empty ? "" : "whole", {{"checksum", "35"}}));
    EXPECT_FALSE(co_await exchange.reply.write("more"));
  });
  H2RawClient client(server.address());
  client.send(get(1) + get(3, "/empty") + headers(5, request_fields("HEAD", "/"), kEndHeaders | kEndStream));
  for (const std::uint32_t stream : {1u, 3u}) {
    const H2Answer answer = client.answer(stream);
    EXPECT_EQ(answer.body, stream == 1 ? "whole" : "");
    ASSERT_THAT(answer.heads, SizeIs(2));
    EXPECT_EQ(answer.heads[1], (FieldList{{"checksum", "35"}}));
  }
  EXPECT_THAT(client.answer(5).heads, SizeIs(1));
}

TEST(H2Server, SendsNothingOfAnAnswerThatIsNone) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    Headers trailers, none;
    trailers.add(std::string("bad name"), "x");
    EXPECT_FALSE(co_await exchange.reply.send_with_trailers({}, "body", trailers));
    ResponseHead head{200, {{"content-length", "5"}}};
    EXPECT_FALSE(co_await exchange.reply.send_with_trailers(std::move(head), "body", none));
  });
  H2RawClient client(server.address());
  client.send(get(1));
  const H2Answer answer = client.answer(1);
  EXPECT_TRUE(answer.reset);
  EXPECT_EQ(answer.body, "");
}

TEST(H2Server, SendsNoBodyToHeadNorWithoutContent) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    const bool empty = exchange.request.target == "/empty";
    if (exchange.request.target != "/pieces") {
      EXPECT_TRUE(co_await exchange.reply.send({.status = empty ? 204 : 200, .headers = {}}, "hello"));
      co_return;
    }
    EXPECT_TRUE(co_await exchange.reply.begin({}));
    EXPECT_TRUE(co_await exchange.reply.write("hello"));
    EXPECT_TRUE(co_await exchange.reply.end());
  });
  H2RawClient client(server.address());
  std::uint32_t stream = 1;
  for (const auto& [method, path, length] :
       {std::tuple("HEAD", "/", "5"), std::tuple("HEAD", "/pieces", ""), std::tuple("GET", "/empty", "")}) {
    client.send(headers(stream, request_fields(method, path), kEndHeaders | kEndStream));
    const H2Answer answer = client.answer(stream);
    EXPECT_TRUE(answer.ended);
    EXPECT_EQ(answer.body, "");
    EXPECT_EQ(answer.field(0, "content-length"), length) << path;
    stream += 2;
  }
}

TEST(H2Server, SaysContinueOnlyOnceTheBodyIsWanted) {
  const FieldList expecting = {{"expect", "100-continue"}, {"content-length", "3"}};
  {
    const TestServer server(describe_request);
    H2RawClient client(server.address());
    client.send(post(1, "/", expecting));
    const auto first = client.until(kHeaders);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->flags & kEndStream, 0U);
    client.send(data(1, "abc", kEndStream));
    const H2Answer answer = client.answer(1);
    EXPECT_EQ(answer.status(), "100");
    EXPECT_EQ(answer.field(1, ":status"), "200");
    EXPECT_EQ(answer.body, "POST a.example/ [abc]");
    client.send(post(3, "/", expecting) + data(3, "abc", kEndStream));
    EXPECT_EQ(client.answer(3).status(), "200") << "it did not wait, and is not told to go on";
  }
  const TestServer refusing(ignore_body, {.body_time = milliseconds(50)});
  H2RawClient client(refusing.address());
  client.send(post(1, "/", expecting));
  const H2Answer answer = client.answer(1);
  EXPECT_EQ(answer.status(), "200");
  EXPECT_EQ(client.answer(1).reset, kNoError);
}

TEST(H2Server, AnswersEarlyAndThenStopsTheUpload) {
  const TestServer server(ignore_body);
  H2RawClient client(server.address());
  client.send(post(1) + data(1, std::string(1000, 'x')));
  const H2Answer answer = client.answer(1);
  EXPECT_TRUE(answer.ended);
  EXPECT_EQ(answer.body, "unread");
  for (int i = 0; i < 17; ++i) client.send(data(1, std::string(16 * 1024, 'x')));
  EXPECT_EQ(client.answer(1).reset, kNoError);
  client.send(post(3));
  EXPECT_TRUE(client.answer(3).ended);
  client.send(data(3, "", kEndStream) + get(5));
  EXPECT_TRUE(client.answer(5).ended);
}

TEST(H2Server, AnswersForAHandlerThatDoesNot) {
  const TestServer server([](Exchange&) -> net::Task<void> { co_return; });
  H2RawClient client(server.address());
  client.send(get(1));
  EXPECT_EQ(client.answer(1).status(), "500");
}

TEST(H2Server, ResetsTheStreamWhenAnAnswerIsCutShort) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    const std::string& target = exchange.request.target;
    (void)co_await exchange.reply.begin({.status = 200, .headers = {{"content-length", "3"}}});
    (void)co_await exchange.reply.write(target == "/long" ? "abcd" : "ab");
    if (target == "/abort") exchange.reply.abort();
    if (target == "/short") (void)co_await exchange.reply.end();
  });
  H2RawClient client(server.address());
  std::uint32_t stream = 1;
  for (const char* path : {"/long", "/short", "/abort", "/forgotten"}) {
    client.send(get(stream, path));
    const H2Answer answer = client.answer(stream);
    EXPECT_FALSE(answer.ended) << path;
    EXPECT_EQ(answer.reset, kInternalError) << path;
    stream += 2;
  }
}

TEST(H2Server, HoldsAClientBackUntilTheHandlerHasTaken) {
  net::Delivery<bool> go;
  std::size_t largest = 0;
  const TestServer server([&](Exchange& exchange) -> net::Task<void> {
    co_await go;
    std::size_t total = 0;
    while (const auto piece = co_await exchange.body.next()) {
      if (piece->empty()) break;
      largest = std::max(largest, piece->size());
      total += piece->size();
    }
    (void)co_await exchange.reply.send({}, std::to_string(total));
  });
  H2RawClient client(server.address());
  const std::string piece(16 * 1024, 'x');
  client.send(post(1));
  for (int i = 0; i < 16; ++i) client.send(data(1, piece));  // the stream's whole window
  client.send(ping());
  while (const auto frame = client.next()) {
    EXPECT_FALSE(frame->type == kWindowUpdate && frame->stream == 1) << "nobody has read anything";
    if (frame->type == kPing) break;
  }
  go.deliver(true);
  const auto more = client.until(kWindowUpdate);
  ASSERT_TRUE(more);
  client.send(data(1, piece, kEndStream));
  EXPECT_EQ(client.answer(1).body, std::to_string(17 * piece.size()));
  EXPECT_LE(largest, 256U * 1024);
}

TEST(H2Server, WritesNoMoreThanTheClientsWindow) {
  std::atomic<int> written = 0;
  const TestServer server([&](Exchange& exchange) -> net::Task<void> {
    (void)co_await exchange.reply.begin({});
    for (int i = 0; i < 4 && co_await exchange.reply.write(std::string(20, 'x')); ++i) ++written;
    (void)co_await exchange.reply.end();
  });
  H2RawClient client(server.address(), std::string(kPreface) + settings({{4, 50}}) + settings_ack());
  client.send(get(1));
  for (const std::size_t size : {20U, 20U, 10U}) {
    const auto piece = client.until(kData);
    ASSERT_TRUE(piece);
    EXPECT_THAT(piece->payload, SizeIs(size));
  }
  EXPECT_EQ(written, 2);
  client.send(window_update(1, 1000));
  EXPECT_THAT(client.answer(1).body, SizeIs(80));
  EXPECT_EQ(written, 4);
}

TEST(H2Server, OpensATunnelForAnExtendedConnect) {
  const TestServer server(
      [](Exchange& exchange) -> net::Task<void> {
        EXPECT_EQ(exchange.request.method, "GET");
        EXPECT_EQ(exchange.request.protocol, "websocket");
        EXPECT_FALSE(exchange.body.length());
        EXPECT_TRUE(co_await exchange.reply.begin({}));
        while (const auto piece = co_await exchange.body.next()) {
          if (piece->empty()) break;
          EXPECT_TRUE(co_await exchange.reply.write(*piece));
        }
        EXPECT_TRUE(co_await exchange.reply.end());
      },
      {.body_bytes = 2});
  H2RawClient client(server.address());
  client.send(headers(1, {{":method", "CONNECT"},
                          {":scheme", "http"},
                          {":path", "/ws"},
                          {":authority", "a"},
                          {":protocol", "websocket"}}));
  ASSERT_TRUE(client.until(kHeaders));
  client.send(data(1, "hello"));
  const auto echoed = client.until(kData);
  ASSERT_TRUE(echoed);
  EXPECT_EQ(echoed->payload, "hello");
  client.send(data(1, "", kEndStream));
  EXPECT_TRUE(client.answer(1).ended);
}

TEST(H2Server, EndsATunnelInWhichNothingMoves) {
  const TestServer server(
      [](Exchange& exchange) -> net::Task<void> {
        if (exchange.request.method == "GET") {
          (void)co_await exchange.reply.send({}, "ok");
          co_return;
        }
        EXPECT_TRUE(co_await exchange.reply.begin({}));
        const auto piece = co_await exchange.body.next();
        EXPECT_FALSE(piece);
        if (!piece) EXPECT_EQ(piece.error().reason, Reason::http_timeout);
        exchange.reply.abort();
      },
      {.body_time = std::chrono::hours(1), .tunnel_idle_time = milliseconds(50)});
  H2RawClient client(server.address());
  client.send(headers(1, {{":method", "CONNECT"}, {":authority", "db.example:5432"}}));
  EXPECT_TRUE(client.answer(1).reset);
  client.send(get(3));  // the connection itself goes on
  EXPECT_EQ(client.answer(3).status(), "200");
}

TEST(H2Server, GrantsNoTunnelToAHandlerThatKnowsNone) {
  const TestServer server(ignore_body, {.body_time = milliseconds(50)});
  H2RawClient client(server.address());
  client.send(headers(1, {{":method", "CONNECT"}, {":authority", "db.example:5432"}}));
  EXPECT_EQ(client.answer(1).status(), "500");
}

TEST(H2Server, EndsAnExchangeWhoseClientHasResetIt) {
  std::latch begun(1);
  std::latch ended(2);
  const TestServer server([&](Exchange& exchange) -> net::Task<void> {
    begun.count_down();
    const auto piece = co_await exchange.body.next();
    EXPECT_FALSE(piece);
    if (!piece) EXPECT_EQ(piece.error().reason, Reason::connection_closed);
    ended.count_down();
    Status status = co_await exchange.reply.begin({});
    while (status) status = co_await exchange.reply.write("data");
    ended.count_down();
  });
  H2RawClient client(server.address());
  client.send(post(1));
  begun.wait();
  client.send(reset(1));
  ended.wait();
}

TEST(H2Server, EndsAllExchangesOfAClientThatHasGone) {
  std::latch begun(2);
  std::latch ended(2);
  const TestServer server([&](Exchange& exchange) -> net::Task<void> {
    begun.count_down();
    if (exchange.request.method == "POST") {
      EXPECT_FALSE(co_await exchange.body.next());
    } else {
      Status status = co_await exchange.reply.begin({});
      while (status) status = co_await exchange.reply.write(std::string(1 << 16, 'x'));
    }
    ended.count_down();
  });
  {
    H2RawClient client(server.address());
    client.send(post(1) + get(3));
    begun.wait();
  }
  ended.wait();
}

TEST(H2Server, WaitsForAReadOfTheBodyThatOutlivesTheHandler) {
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
  H2RawClient client(server.address());
  client.send(post(1));
  EXPECT_EQ(client.answer(1).body, "early");
  ended.wait();
  EXPECT_FALSE(read);
}

TEST(H2Server, CountsRequestsByStatus) {
  TestServer server(describe_request);
  {
    H2RawClient client(server.address());
    client.send(get(1) + headers(3, request_fields("GET", "/", {{"x", "a\nb"}}), kEndHeaders | kEndStream));
    EXPECT_EQ(client.answer(1).status(), "200");
    EXPECT_EQ(client.answer(3).status(), "400");
  }
  EXPECT_TRUE(server.server->drain(seconds(10)));
  const std::string metrics = server.metrics.render();
  EXPECT_THAT(metrics, HasSubstr("watchword_http_requests_total{server=\"test\",status=\"2xx\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("watchword_http_requests_total{server=\"test\",status=\"4xx\"} 1\n"));
  EXPECT_THAT(metrics, HasSubstr("watchword_http_connections{server=\"test\"} 0\n"));
}

TEST(H2Server, LeavesAfterTheLastRequestThatAConnectionMayCarry) {
  const TestServer server(describe_request, {.requests_per_connection = 2});
  H2RawClient client(server.address());
  client.send(get(1) + get(3) + get(5));
  const auto goaway = client.until(kGoaway);
  ASSERT_TRUE(goaway);
  EXPECT_EQ(goaway->number(0), 3U) << "the last one that is answered";
  EXPECT_EQ(goaway->number(4), kNoError);
}

// Requests that are held until `release`.
struct Held {
  net::Task<void> handle(Exchange& exchange) {
    started.count_down();
    co_await release;
    (void)co_await exchange.reply.send({}, "held");
  }
  std::latch started{1};
  net::Delivery<bool> release;
};

TEST(H2Drain, FinishesWhatIsInFlightAndTakesNothingMore) {
  Held held;
  TestServer server([&](Exchange& exchange) { return held.handle(exchange); }, {.header_time = milliseconds(400)});
  H2RawClient idle(server.address());
  H2RawClient busy(server.address());
  busy.send(get(1));
  held.started.wait();
  bool all_ended = false;
  std::thread draining([&] { all_ended = server.server->drain(seconds(20)); });
  EXPECT_EQ(busy.until(kGoaway).value_or(H2Frame()).number(0), 0x7fffffffU)
      << "what is under way to the server is still answered";
  busy.send(frame(kPing, kAck, 0, busy.until(kPing).value_or(H2Frame()).payload));
  EXPECT_EQ(busy.until(kGoaway).value_or(H2Frame()).number(0), 1U);
  busy.send(get(3));
  EXPECT_EQ(idle.farewell(), kNoError) << "though it does not answer the PING";
  held.release.deliver(true);
  EXPECT_EQ(busy.answer(1).body, "held");
  EXPECT_FALSE(busy.next());
  busy.finish_sending();
  idle.finish_sending();
  draining.join();
  EXPECT_TRUE(all_ended);
}

TEST(H2Drain, ResetsWhatHasNotEndedInTime) {
  Held held;
  TestServer server([&](Exchange& exchange) { return held.handle(exchange); });
  H2RawClient busy(server.address());
  busy.send(get(1));
  held.started.wait();
  std::thread late([&] {
    (void)busy.farewell();  // it was cut
    held.release.deliver(true);
  });
  EXPECT_FALSE(server.server->drain(milliseconds(20)));
  late.join();
  EXPECT_TRUE(busy.was_reset());
}

TEST(H2Drain, OutlivesAnExchangeThatNeverEnds) {
  struct AbortsAtTheEnd {
    Writer& reply;
    bool& aborted;
    ~AbortsAtTheEnd() {
      reply.abort();
      aborted = true;
    }
  };
  net::Delivery<bool> never;
  std::latch started(1);
  bool aborted = false;
  {
    const TestServer server([&](Exchange& exchange) -> net::Task<void> {
      const AbortsAtTheEnd guard{exchange.reply, aborted};
      started.count_down();
      co_await never;
    });
    H2RawClient client(server.address());
    client.send(post(1) + data(1, "unread"));
    started.wait();
  }
  EXPECT_TRUE(aborted) << "when the loops let go of what still waits";
}

}  // namespace
}  // namespace watchword::http
