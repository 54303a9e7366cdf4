// What a local door's requests and answers become on their way through the gate.
#include "job/local_forwarder.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>

#include "http/grpc.h"
#include "http/h2_test_client.h"
#include "http/problem.h"
#include "job/test_door.h"
#include "support/certificates.h"
#include "support/temporary_directory.h"

namespace watchword::job {
namespace {

using http::Exchange;
using http::Headers;
using net::Task;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// "METHOD TARGET [body] header=value ...", trailers and all.
Task<void> echo(Exchange& exchange) {
  const auto body = co_await http::read_all(exchange.body, 1 << 26);
  if (!body) co_return;
  std::string text = exchange.request.method + " " + exchange.request.target + " [" + *body + "]";
  for (const auto& header : exchange.request.headers) text += " " + header.name + "=" + header.value;
  for (const auto& trailer : exchange.body.trailers()) text += " " + trailer.name + "=" + trailer.value;
  (void)co_await exchange.reply.send({}, text);
}

// A call without messages, on stream 1.
void call_grpc(http::H2RawClient& client) {
  client.send(http::h2::headers(1,
                                {{":method", "POST"},
                                 {":scheme", "http"},
                                 {":authority", "localhost"},
                                 {":path", "/pkg.Service/Method"},
                                 {"watchword-run", kSecret},
                                 {"content-type", "application/grpc"}},
                                http::h2::kEndHeaders | http::h2::kEndStream));
}

TEST(LocalForwarder, SendsARequestWithAProofForExactlyThat) {
  const TestDoor door(echo);
  const auto answer =
      ask_door(door.address(), "GET /v1/x?q=1", "Authorization: Bearer mine\r\nDPoP: mine\r\nX-A: 1\r\n");
  EXPECT_EQ(answer.substr(answer.find("\r\n\r\n") + 4),
            "GET /v1/x?q=1 [] x-a=1 authorization=DPoP token dpop=n0 GET " + door.url() + "/v1/x");
}

TEST(LocalForwarder, PassesBodiesAndTrailersBothWays) {
  const TestDoor door([](Exchange& exchange) -> Task<void> {
    (void)co_await exchange.reply.begin({});
    while (true) {
      const auto piece = co_await exchange.body.next();
      if (!piece || piece->empty()) break;
      (void)co_await exchange.reply.write(*piece);
    }
    auto trailers = exchange.body.trailers();
    trailers.add("done", "1");
    (void)co_await exchange.reply.end(std::move(trailers));
  });
  http::RawClient client(door.address());
  client.send("POST /" + kSecret + "/x HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
  EXPECT_THAT(client.read_until("abc"), HasSubstr("200"));  // before the rest is sent
  client.send("3\r\ndef\r\n0\r\nchecksum: 7\r\nwatchword-run: mine\r\n\r\n");
  EXPECT_THAT(client.read_until("done: 1\r\n\r\n"), HasSubstr("def\r\n0\r\nchecksum: 7\r\ndone: 1"));
}

TEST(LocalForwarder, PassesLargeBodiesWhole) {
  const TestDoor door(echo);
  const std::string body(8 << 20, 'x');
  EXPECT_THAT(ask_door(door.address(), "PUT /x", {}, body), HasSubstr("[" + body + "]"));
}

TEST(LocalForwarder, PassesWebSockets) {
  const TestDoor door([](Exchange& exchange) -> Task<void> {
    EXPECT_EQ(exchange.request.protocol, "websocket");
    EXPECT_NE(exchange.request.headers.find("dpop"), nullptr);
    (void)co_await exchange.reply.begin({});
    const auto piece = co_await exchange.body.next();
    (void)co_await exchange.reply.write("got " + std::string(*piece));
    (void)co_await exchange.reply.end();
  });
  http::RawClient client(door.address());
  client.send("GET /" + kSecret +
              "/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
              "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
  EXPECT_THAT(client.read_until("\r\n\r\n"), StartsWith("HTTP/1.1 101 "));
  client.send("hello");
  EXPECT_EQ(client.read_until("hello"), "got hello");
}

TEST(LocalForwarder, PassesGrpcByHttp2) {
  const TestDoor door([](Exchange& exchange) -> Task<void> {
    const auto body = co_await http::read_all(exchange.body, 1 << 20);
    EXPECT_EQ(exchange.request.target, "/pkg.Service/Method");
    EXPECT_EQ(exchange.request.headers.find("watchword-run"), nullptr);
    EXPECT_TRUE(exchange.request.headers.has_token("te", "trailers"));
    (void)co_await exchange.reply.begin({200, {{"content-type", "application/grpc"}}});
    (void)co_await exchange.reply.write("re:" + *body);
    (void)co_await exchange.reply.end({{"grpc-status", "0"}});
  });
  http::H2RawClient client(door.address());
  client.send(http::h2::headers(1, {{":method", "POST"},
                                    {":scheme", "http"},
                                    {":authority", "localhost"},
                                    {":path", "/pkg.Service/Method"},
                                    {"watchword-run", kSecret},
                                    {"te", "trailers"},
                                    {"content-type", "application/grpc"}}) +
              http::h2::data(1, "call", http::h2::kEndStream));
  const auto answer = client.answer(1);
  EXPECT_EQ(answer.body, "re:call");
  EXPECT_EQ(answer.field(1, "grpc-status"), "0");
}

// By TLS the gateway is asked for HTTP/2, which gRPC needs, and is known by its certificate.
struct Certified {
  explicit Certified(const std::string& host) {
    const testing::CertificateAuthority authority;
    const auto issued = authority.issue({.hosts = {host}});
    testing::write_text(folder.file("ca"), authority.pem());
    testing::write_text(folder.file("cert"), issued.certificate);
    testing::write_text(folder.file("key"), issued.key);
  }
  auto server() const {
    return *net::TlsServerContext::make({.certificate = folder.file("cert"), .key = folder.file("key")});
  }
  auto client() const { return *net::TlsClientContext::make({.ca_file = folder.file("ca")}); }
  testing::TemporaryDirectory folder;
};

TEST(LocalForwarder, ReachesAGatewayByTlsAndHttp2) {
  const Certified certified("127.0.0.1");
  const TestDoor door(
      [](Exchange& exchange) -> Task<void> {
        const bool grpc = http::is_grpc(exchange.request.headers);
        (void)co_await exchange.reply.begin({200, {{"content-type", grpc ? "application/grpc" : "text/plain"}}});
        (void)co_await exchange.reply.write("seen " + *exchange.request.headers.find("dpop"));
        (void)co_await exchange.reply.end(grpc ? Headers{{"grpc-status", "0"}} : Headers{});
      },
      certified.server(), certified.client());
  EXPECT_THAT(ask_door(door.address(), "GET /x"), HasSubstr("seen n0 GET " + door.url() + "/x"));
  http::H2RawClient client(door.address());
  call_grpc(client);
  EXPECT_EQ(client.answer(1).field(1, "grpc-status"), "0");
}

TEST(LocalForwarder, SendsNothingToAGatewayWithAnothersCertificate) {
  const Certified certified("other.example.com");
  std::atomic<int> requests = 0;
  TestDoor door(
      [&](Exchange& exchange) -> Task<void> {
        ++requests;
        (void)co_await exchange.reply.send({}, "ok");
      },
      certified.server(), certified.client());
  EXPECT_THAT(ask_door(door.address(), "GET /x"), StartsWith("HTTP/1.1 502 "));
  EXPECT_EQ(door.refusal(), "0 gate_untrusted");
  EXPECT_EQ(requests, 0);
}

TEST(LocalForwarder, LeadsTheCallerBackHere) {
  const TestDoor door([](Exchange& exchange) -> Task<void> {
    const Headers headers{{"location", "http://" + exchange.request.authority + "/v1/7"},
                          {"set-cookie", "a=b; Path=/"}};
    (void)co_await exchange.reply.send({201, headers}, "");
  });
  const auto answer = ask_door(door.address(), "POST /v1");
  EXPECT_THAT(answer, HasSubstr("location: http://127.0.0.1/" + kSecret + "/v1/7\r\n"));
  EXPECT_THAT(answer, HasSubstr("set-cookie: a=b; Path=/\r\n"));
}

// A gate that takes proofs with nonce "n1" only, once a request has come whole or not.
struct Demanding {
  TestDoor::Gateway gateway(bool reads_first) {
    return [this, reads_first](Exchange& exchange) { return answer(exchange, reads_first); };
  }
  Task<void> answer(Exchange& exchange, bool reads_first) {
    ++requests;
    const bool right = exchange.request.headers.find("dpop")->starts_with(wanted);
    if (right) co_return co_await echo(exchange);
    if (reads_first) (void)co_await http::read_all(exchange.body, 1 << 20);
    const Headers demand{{"www-authenticate", R"(DPoP error="use_dpop_nonce")"}, {"dpop-nonce", "n1"}};
    const Error error{Reason::dpop_nonce_required, {}, {}, {}, {}};
    (void)co_await http::send_problem(exchange.reply, 401, http::problem(error, false), demand);
  }
  std::string wanted = "n1";
  std::atomic<int> requests = 0;
};

TEST(LocalForwarder, RepeatsARequestOnceWithTheNonceThatTheGateDemands) {
  for (const bool reads_first : {false, true}) {
    Demanding gate;
    TestDoor door(gate.gateway(reads_first));
    const std::string body(60'000, 'x');
    EXPECT_THAT(ask_door(door.address(), "POST /x", {}, body), HasSubstr("[" + body + "]"));
    EXPECT_EQ(gate.requests, 2);
    EXPECT_EQ(door.nonce, "n1");
    EXPECT_TRUE(door.silent());
    EXPECT_EQ(door.renewed, 0);
    EXPECT_THAT(ask_door(door.address(), "GET /y"), HasSubstr("dpop=n1 "));
    EXPECT_EQ(gate.requests, 3);
  }
}

TEST(LocalForwarder, PassesOnADemandThatIsNeverMet) {
  Demanding gate;
  gate.wanted = "n2";
  TestDoor door(gate.gateway(true));
  EXPECT_THAT(ask_door(door.address(), "GET /x"), StartsWith("HTTP/1.1 401 "));
  EXPECT_EQ(gate.requests, 2);
  EXPECT_EQ(door.refusal(), "401 dpop_nonce_required");
}

TEST(LocalForwarder, RenewsTheNonceBeforeABodyThatCouldNotBeSentAgain) {
  Demanding gate;
  TestDoor door(gate.gateway(true));
  const std::string body(100'000, 'x');
  EXPECT_THAT(ask_door(door.address(), "POST /x", {}, body), StartsWith("HTTP/1.1 401 "));
  EXPECT_EQ(gate.requests, 1);
  EXPECT_EQ(door.renewed, 1);
  EXPECT_THAT(ask_door(door.address(), "POST /x", {}, body), StartsWith("HTTP/1.1 200 "));  // it has learnt
  EXPECT_EQ(gate.requests, 2);
}

TEST(LocalForwarder, BelievesNoBackendsNonce) {
  TestDoor door([](Exchange& exchange) -> Task<void> {
    (void)co_await exchange.reply.send({200, {{"dpop-nonce", "of a backend"}}}, "ok");
  });
  EXPECT_THAT(ask_door(door.address(), "GET /x"), EndsWith("ok"));
  EXPECT_EQ(door.nonce, "n0");
}

TEST(LocalForwarder, TellsTheRunWhatTheGateRefusesAndPassesItUnchanged) {
  const Error denied{Reason::session_ended, "ended", "a running job", {}, {}};
  const auto problem = http::problem(denied, true, "01JDK").set("status", 401).dump();
  TestDoor door(
      [&](Exchange& exchange) -> Task<void> { (void)co_await exchange.reply.send(http::problem_head(401), problem); });
  const auto answer = ask_door(door.address(), "GET /x");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 401 "));
  EXPECT_THAT(answer, EndsWith("\r\n\r\n" + problem));
  EXPECT_EQ(door.refusal(), "401 session_ended");
  EXPECT_THAT(ask_door(door.address(), "HEAD /x"), EndsWith("\r\n\r\n"));
  EXPECT_TRUE(door.silent());
}

TEST(LocalForwarder, LeavesProblemsOfOthersAlone) {
  const std::string large = R"({"reason":"session_ended","x":")" + std::string(200'000, 'x') + "\"}";
  TestDoor door([&](Exchange& exchange) -> Task<void> {
    const bool is_large = exchange.request.target == "/large";
    (void)co_await exchange.reply.send(http::problem_head(409), is_large ? large : R"({"reason":"sold_out"})");
  });
  EXPECT_THAT(ask_door(door.address(), "GET /x"), EndsWith(R"({"reason":"sold_out"})"));
  EXPECT_THAT(ask_door(door.address(), "GET /large"), EndsWith("\r\n\r\n" + large));
  EXPECT_TRUE(door.silent());
}

TEST(LocalForwarder, TellsRefusalsOfGrpcCallsToo) {
  TestDoor door([](Exchange& exchange) -> Task<void> {
    const Error denied{Reason::session_ended, {}, {}, {}, {}};
    (void)co_await http::send_grpc_refusal(exchange.reply, denied);
  });
  http::H2RawClient client(door.address());
  call_grpc(client);
  const auto answer = client.answer(1);
  EXPECT_EQ(answer.field(0, "grpc-status"), "16");
  EXPECT_EQ(answer.heads.size(), 1u);
  EXPECT_EQ(door.refusal(), "200 session_ended");
}

TEST(LocalForwarder, AnAnswerThatTheGateCutIsCutHereToo) {
  TestDoor door([](Exchange& exchange) -> Task<void> {
    (void)co_await exchange.reply.begin({});
    (void)co_await exchange.reply.write("begun");
    (void)co_await exchange.body.next();
    exchange.reply.abort();
  });
  http::RawClient client(door.address());
  client.send("POST /" + kSecret + "/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\n");
  EXPECT_THAT(client.read_until("begun"), HasSubstr("200"));
  client.send("x");
  EXPECT_EQ(client.read_to_end().find("0\r\n\r\n"), std::string::npos);
  EXPECT_EQ(door.refusal(), "0 -");
}

TEST(LocalForwarder, SaysThatTheGateCannotBeReached) {
  TestDoor door(echo);
  door.gateway->server.reset();
  const auto answer = ask_door(door.address(), "GET /x");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 502 "));
  for (const auto* part : {R"("reason":"gate_unreachable")", R"("found":)", R"("fix":)"})
    EXPECT_THAT(answer, HasSubstr(part));
  EXPECT_EQ(door.refusal(), "0 gate_unreachable");
}

TEST(LocalForwarder, EndsWithWhatIsUnderWay) {
  std::latch arrived(1);
  std::string answer = "none";
  {
    TestDoor door([&](Exchange& exchange) -> Task<void> {
      arrived.count_down();
      (void)co_await exchange.body.next();  // never comes
    });
    http::RawClient client(door.address());
    client.send("POST /" + kSecret + "/x HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\n\r\n");
    arrived.wait();
    door.door->close();
    answer = client.read_to_end();
    EXPECT_TRUE(door.silent());
  }
  EXPECT_EQ(answer, "");
}

}  // namespace
}  // namespace watchword::job
