// Requests over HTTP/2, to a backend that does what it should.
#include "http/h2_test_backend.h"
#include "net/tls.h"
#include "support/certificates.h"
#include "support/temporary_directory.h"

namespace watchword::http {
namespace {

using std::chrono::milliseconds;

// Says what it was asked, once it was asked all.
void describe(H2BackendSession& session, std::int32_t id, H2BackendStream& stream) {
  if (!stream.whole) return;
  auto& fields = stream.fields;
  std::string text = fields[":method"] + " " + fields[":scheme"] + "://" + fields[":authority"] + fields[":path"] +
                     " [" + stream.received + "]";
  for (const char* name : {"content-length", "te", "checksum"})
    if (fields.contains(name)) text.append(" ").append(name).append("=").append(fields[name]);
  session.send(id, stream, text);
}

// Begins at once and sends back what comes, as a gRPC method with streams both ways does.
void echo(H2BackendSession& session, std::int32_t id, H2BackendStream& stream) {
  if (stream.reset) return;
  if (stream.calls == 1) session.head(id, "200", {{"content-type", "application/grpc"}});
  stream.to_send += std::exchange(stream.received, {});
  stream.last = stream.whole;
  stream.trailers = {{"grpc-status", "0"}};
  session.body(id, stream);
}

TEST(H2Client, SendsRequestsOneAfterTheOtherOnOneConnection) {
  const H2Backend backend(describe);
  with_client(backend.origin(), {}, [&](Client& client) -> Task<void> {
    PiecesBody announced({"ab", "c"}, 3), streamed({"ab", "c"}, std::nullopt), empty({}, 0), at_hand({"abc"}, 3);
    at_hand.all_ready = true;
    const std::string to = "http://backend.example.com";
    EXPECT_EQ(co_await fetch(client, request("GET", "/1")), "200 GET " + to + "/1 []");
    EXPECT_EQ(co_await fetch(client, request("POST", "/2"), &announced),
              "200 POST " + to + "/2 [abc] content-length=3");
    EXPECT_EQ(co_await fetch(client, request("POST", "/3"), &streamed), "200 POST " + to + "/3 [abc] checksum=1");
    EXPECT_EQ(co_await fetch(client, request("POST", "/4"), &empty), "200 POST " + to + "/4 [] content-length=0");
    EXPECT_EQ(co_await fetch(client, request("POST", "/5"), &at_hand), "200 POST " + to + "/5 [abc] content-length=3");
    RequestHead grpc = request("POST", "/6");
    grpc.headers = {{"te", "trailers"}, {"connection", "te"}, {"transfer-encoding", "chunked"}};
    EXPECT_EQ(co_await fetch(client, std::move(grpc)), "200 POST " + to + "/6 [] content-length=0 te=trailers");
    EXPECT_EQ(backend.connections, 1u);
  });
}

TEST(H2Client, ReadsEachKindOfAnswer) {
  const H2Backend backend([](H2BackendSession& session, std::int32_t id, H2BackendStream& stream) {
    const std::string& path = stream.fields[":path"];
    const auto body = [&](const std::string& text) {
      stream.to_send = text;
      stream.last = true;
      session.body(id, stream);
    };
    if (path == "/interim") {
      session.head(id, "100");
      session.head(id, "103", {{"link", "x"}});
      session.send(id, stream, "ok");
    } else if (path == "/trailers-only") {
      session.head(id, "200", {{"grpc-status", "5"}}, true);
    } else if (path == "/none") {
      session.head(id, "204", {}, true);
    } else if (path == "/head") {
      session.head(id, "200", {{"content-length", "99"}}, true);
    } else if (path == "/trailers") {
      stream.trailers = {{"grpc-status", "0"}, {"grpc-message", "fine"}};
      session.send(id, stream, "ok");
    } else if (path == "/longer" || path == "/shorter") {
      session.head(id, "200", {{"content-length", path == "/longer" ? "2" : "4"}});
      body("abc");
    } else if (path == "/endless-interim") {
      for (int i = 0; i < 100; ++i) session.head(id, "103");
      session.send(id, stream, "ok");
    } else if (path == "/large-head") {
      session.head(id, "200", {{"x", std::string(2'000, 'a')}}, true);
    } else if (path == "/many-headers") {
      session.head(id, "200", Fields(101, {"x", "y"}), true);
    } else if (path == "/forbidden-trailer") {
      stream.trailers = {{"content-length", "2"}};
      session.send(id, stream, "ok");
    } else if (path == "/reset") {
      nghttp2_submit_rst_stream(session.raw(), 0, id, NGHTTP2_INTERNAL_ERROR);
    } else if (path == "/hangs-up") {
      session.hung_up = true;
    }
  });
  struct Case {
    std::string path, read;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"/interim", "200 ok"},
           {"/trailers-only", "200 "},
           {"/none", "204 "},
           {"/trailers", "200 ok grpc-status=0 grpc-message=fine"},
           // What is not an answer.
           {"/longer", "200 upstream_malformed"},
           {"/shorter", "200 upstream_malformed"},
           {"/endless-interim", "upstream_malformed"},
           {"/large-head", "upstream_malformed"},
           {"/many-headers", "upstream_malformed"},
           {"/forbidden-trailer", "200 upstream_malformed"},
           {"/reset", "upstream_unreachable"},
           {"/hangs-up", "upstream_unreachable"},
       })
    with_client(backend.origin(), {.header_bytes = 2'000}, [&](Client& client) -> Task<void> {
      const auto read = co_await fetch(client, request("POST", c.path));
      EXPECT_TRUE(read == c.read || (c.read.starts_with("200 up") && read.ends_with(c.read.substr(4))))
          << c.path << read;
    });
  with_client(backend.origin(), {}, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("HEAD", "/head")), "200 ");
  });
}

// Sends a piece, and the next only when the answer to the last has come: `rounds` times.
struct PingPong final : Body {
  Task<Result<std::string_view>> next() override {
    if (sent++ == rounds) co_return std::string_view();
    if (sent > 1) co_await answered.at(static_cast<std::size_t>(sent));
    piece = "ping " + std::to_string(sent);
    co_return piece;
  }
  std::optional<std::uint64_t> length() const override { return std::nullopt; }
  const Headers& trailers() const override { return none; }

  int rounds = 10;
  int sent = 0;
  std::string piece;
  Headers none;
  std::array<net::Delivery<bool>, 11> answered;
};

Task<void> talk_both_ways(Client& client) {
  PingPong body;
  auto response = co_await client.send(request("POST", "/echo"), &body);
  EXPECT_TRUE(response);
  if (!response) co_return;
  std::string heard;
  for (std::size_t next = 2;; ++next) {
    const auto piece = co_await (*response)->body().next();
    EXPECT_TRUE(piece);
    if (!piece || piece->empty()) break;
    heard += *piece;
    if (next < body.answered.size()) body.answered[next].deliver(true);
  }
  EXPECT_TRUE(heard.starts_with("ping 1ping 2") && heard.ends_with("ping 10")) << heard;
  EXPECT_EQ((*response)->body().trailers(), (Headers{{"grpc-status", "0"}}));
}

TEST(H2Client, StreamsBothWaysAtTheSameTime) {
  const H2Backend backend(echo);
  with_client(backend.origin(), {}, [](Client& client) -> Task<void> { return talk_both_ways(client); });
}

TEST(H2Client, SpeaksToOurOwnServer) {
  const TestServer server([](Exchange& exchange) -> Task<void> {
    if (exchange.request.target == "/") co_return co_await describe_request(exchange);
    (void)co_await exchange.reply.begin({});
    for (auto piece = co_await exchange.body.next(); piece && !piece->empty(); piece = co_await exchange.body.next())
      (void)co_await exchange.reply.write(*piece);
    (void)co_await exchange.reply.end(exchange.request.wants_tunnel() ? Headers() : Headers{{"grpc-status", "0"}});
  });
  Origin origin = origin_of(server.address());
  origin.protocol = Protocol::http2;
  with_client(origin, {}, [&](Client& client) -> Task<void> {
    PiecesBody body({"ab", "c"}, std::nullopt);
    EXPECT_EQ(co_await fetch(client, request("POST", "/"), &body), "200 POST backend.example.com/ [abc] checksum=1");
    co_await talk_both_ways(client);
    RequestHead websocket = request("GET", "/chat");
    websocket.protocol = "websocket";
    PiecesBody into_tunnel({"ping"}, std::nullopt);
    EXPECT_EQ(co_await fetch(client, std::move(websocket), &into_tunnel), "200 ping");
    EXPECT_EQ(connections_of(server.metrics), 1u);
  });
}

TEST(H2Client, CarriesALargeBodyBothWays) {
  const H2Backend backend(echo);
  with_client(backend.origin(), {}, [&](Client& client) -> Task<void> {
    const std::vector<std::optional<std::string>> pieces(200, std::string(50'000, 'x'));
    PiecesBody body(pieces, std::nullopt);
    EXPECT_EQ(co_await fetch(client, request("POST", "/"), &body),
              "200 " + std::string(200 * 50'000, 'x') + " grpc-status=0");
  });
}

TEST(H2Client, PassesOnAnErrorOfTheBodyItself) {
  const H2Backend backend(describe);
  with_client(backend.origin(), {}, [&](Client& client) -> Task<void> {
    for (const bool ready : {false, true}) {
      PiecesBody failing({std::nullopt}, 10), late({"abc", std::nullopt}, std::nullopt), shorter({"abc"}, 10),
          longer({"abc"}, 2);
      for (PiecesBody* body : {&failing, &late, &shorter, &longer}) body->all_ready = ready;
      EXPECT_EQ(co_await fetch(client, request("POST", "/"), &failing), "http_too_large");
      EXPECT_EQ(co_await fetch(client, request("POST", "/"), &late), "http_too_large");
      EXPECT_EQ(co_await fetch(client, request("POST", "/"), &shorter), "internal");
      EXPECT_EQ(co_await fetch(client, request("POST", "/"), &longer), "internal");
    }
    EXPECT_EQ(co_await fetch(client, request("GET", "/ HTTP/1.1\r\nx: y")), "internal");
    EXPECT_EQ(backend.connections, 1u);
  });
}

TEST(H2Client, TakesNoMoreOfAResponseThanIsRead) {
  const H2Backend backend([](H2BackendSession& session, std::int32_t id, H2BackendStream& stream) {
    if (stream.fields[":path"] != "/large") return describe(session, id, stream);
    session.send(id, stream, std::string(1'000'000, 'x'));
  });
  with_client(backend.origin(), {}, [&](Client& client) -> Task<void> {
    auto large = co_await client.send(request("GET", "/large"), nullptr);
    EXPECT_TRUE(large);
    // Others are not held up by it.
    for (int i = 0; i < 20; ++i) EXPECT_TRUE((co_await fetch(client, request("GET", "/"))).starts_with("200 GET"));
    if (!large) co_return;
    const auto first = co_await (*large)->body().next();
    EXPECT_TRUE(first && first->size() <= 128 * 1024);
    const auto rest = co_await read_all((*large)->body(), 1'000'000);
    EXPECT_TRUE(rest && rest->size() + first->size() == 1'000'000);
  });
}

TEST(H2Client, TakesNoMoreOfABodyThanTheBackendDoes) {
  std::atomic<std::size_t> got = 0;
  const H2Backend backend(
      [&](H2BackendSession& session, std::int32_t id, H2BackendStream& stream) {
        got = stream.received.size();
        if (stream.received.size() == 65'535) session.head(id, "200", {}, true);  // the first window of HTTP/2
      },
      {.slow = true});
  with_client(backend.origin(), {}, [&](Client& client) -> Task<void> {
    PiecesBody body(std::vector<std::optional<std::string>>(100, std::string(10'000, 'x')), std::nullopt);
    EXPECT_EQ(co_await fetch(client, request("POST", "/"), &body), "200 ");
    EXPECT_EQ(got, 65'535u);
    EXPECT_LE(body.asked, 8);
  });
}

// TLS contexts for a backend and its client.
struct Certificates {
  Certificates() {
    const auto issued = authority.issue({.hosts = {"127.0.0.1"}});
    testing::write_text(directory.file("ca"), authority.pem());
    testing::write_text(directory.file("cert"), issued.certificate);
    testing::write_text(directory.file("key"), issued.key);
  }
  std::shared_ptr<net::TlsServerContext> server(const std::vector<std::string>& protocols) const {
    return *net::TlsServerContext::make({.certificate = directory.file("cert"), .key = directory.file("key")},
                                        protocols);
  }
  std::shared_ptr<net::TlsClientContext> client() const {
    return *net::TlsClientContext::make({.ca_file = directory.file("ca")});
  }
  testing::TemporaryDirectory directory;
  testing::CertificateAuthority authority;
};

TEST(H2Client, SpeaksWhatTheBackendOffers) {
  const Certificates certificates;
  const H2Backend speaks_2(describe, {.tls = certificates.server({"h2", "http/1.1"})});
  const TestServer speaks_1(describe_request, {}, certificates.server({"http/1.1"}));
  Origin one = origin_of(speaks_1.address(), "https"), two = speaks_2.origin("https");
  one.protocol = two.protocol = Protocol::http2_where_offered;
  with_client(
      two, {},
      [](Client& client) -> Task<void> {
        EXPECT_EQ(co_await fetch(client, request("GET", "/")), "200 GET https://backend.example.com/ []");
      },
      certificates.client());
  with_client(
      one, {},
      [&](Client& client) -> Task<void> {
        EXPECT_EQ(co_await fetch(client, request("GET", "/1")), "200 GET backend.example.com/1 []");
        EXPECT_EQ(co_await fetch(client, request("GET", "/2")), "200 GET backend.example.com/2 []");
        EXPECT_EQ(connections_of(speaks_1.metrics), 1u);
      },
      certificates.client());
  one.protocol = Protocol::http2;
  for (const auto& tls : {certificates.client(), std::shared_ptr<net::TlsClientContext>()})
    with_client(
        one, {},
        [](Client& client) -> Task<void> {
          EXPECT_EQ(co_await fetch(client, request("GET", "/")), "upstream_tls_failed");
        },
        tls);
}

// What comes of a request, when `abort` has ended it.
Task<void> send_and_tell(Client& client, Abort& abort, std::shared_ptr<net::Delivery<bool>> answered,
                         std::shared_ptr<net::Delivery<std::string>> outcome) {
  auto response = co_await client.send(request("GET", "/begun"), nullptr, &abort);
  if (!response) co_return outcome->deliver("failed");
  answered->deliver(true);
  const auto piece = co_await (*response)->body().next();
  outcome->deliver(piece ? "begun, and went on" : "begun, then failed");
}

TEST(H2Client, AnAbortOrADroppedResponseResetsItsStreamAndNoOther) {
  auto resets = std::make_shared<std::array<net::Delivery<std::uint32_t>, 2>>();
  std::size_t reset = 0;
  const H2Backend backend([&](H2BackendSession& session, std::int32_t id, H2BackendStream& stream) {
    if (stream.fields[":path"] != "/begun") return describe(session, id, stream);
    if (stream.reset) return (*resets)[reset++].deliver(*stream.reset);
    session.head(id, "200");
  });
  with_client(backend.origin(), {}, [&](Client& client) -> Task<void> {
    Abort abort;
    auto answered = std::make_shared<net::Delivery<bool>>();
    auto told = std::make_shared<net::Delivery<std::string>>();
    net::spawn(send_and_tell(client, abort, answered, told));
    co_await *answered;
    abort.fire();
    EXPECT_EQ(co_await *told, "begun, then failed");
    EXPECT_EQ(co_await (*resets)[0], std::uint32_t{NGHTTP2_CANCEL});
    {
      EXPECT_TRUE(co_await client.send(request("GET", "/begun"), nullptr));
    }
    EXPECT_EQ(co_await (*resets)[1], std::uint32_t{NGHTTP2_CANCEL});
    EXPECT_EQ(co_await fetch(client, request("GET", "/")), "200 GET http://backend.example.com/ []");
    EXPECT_EQ(backend.connections, 1u);
  });
}

TEST(H2Client, TellsAStreamThatHangsFromTheConnection) {
  const H2Backend backend([&](H2BackendSession& session, std::int32_t id, H2BackendStream& stream) {
    if (stream.reset || stream.fields[":path"] == "/silent") return;
    if (stream.fields[":path"] == "/begun") return session.head(id, "200");
    describe(session, id, stream);
  });
  const ClientLimits limits{.response_time = milliseconds(50), .idle_time = milliseconds(50)};
  with_client(backend.origin(), limits, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("GET", "/silent")), "upstream_timeout");
    EXPECT_EQ(co_await fetch(client, request("GET", "/begun")), "200 upstream_timeout");
    EXPECT_EQ(co_await fetch(client, request("GET", "/")), "200 GET http://backend.example.com/ []");
  });
  const RawH2Backend mute({}, {});
  with_client(mute.origin(), {.connect_time = milliseconds(50)}, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("GET", "/")), "upstream_timeout");
  });
}

}  // namespace
}  // namespace watchword::http
