// Tunnels: upgrades and CONNECT over HTTP/1.1, extended CONNECT over HTTP/2.
#include "http/h2_test_backend.h"
#include "http/websocket_handshake.h"

namespace watchword::http {
namespace {

RequestHead websocket() {
  RequestHead head = request("GET", "/chat");
  head.protocol = "websocket";
  head.headers = {{"sec-websocket-protocol", "chat"}, {"sec-websocket-key", "the client's own"}};
  return head;
}

RequestHead connect_to(std::string authority) {
  RequestHead head = request("CONNECT", "");
  head.authority = std::move(authority);
  return head;
}

// Reads a request's head, says what `answer` makes of it, then sends back what comes, and ends after it.
struct TunnelBackend {
  using Answer = std::function<std::string(const std::string& head)>;
  explicit TunnelBackend(Answer its_answer) : answer(std::move(its_answer)), pool(1) {
    auto started = net::Listener::start(pool.loops(), *net::parse_address("127.0.0.1:0"), {}, [this](auto stream) {
      ++connections;
      net::spawn(serve(std::move(stream)));
    });
    EXPECT_TRUE(started);
    listener = *std::move(started);
  }
  Task<void> serve(std::unique_ptr<net::Stream> stream) {
    std::array<char, 4096> buffer;
    std::string received;
    while (!received.contains("\r\n\r\n")) {
      const auto got = co_await stream->read(buffer);
      if (!got || *got == 0) co_return;
      received.append(buffer.data(), *got);
    }
    const std::size_t end = received.find("\r\n\r\n") + 4;
    early = received.size() - end;
    if (!co_await stream->write(answer(received.substr(0, end)))) co_return;
    while (true) {
      const auto got = co_await stream->read(buffer);
      if (!got || *got == 0) break;
      if (!co_await stream->write({buffer.data(), *got})) co_return;
    }
    (void)co_await stream->write("bye");
    co_await stream->shutdown();
  }

  Answer answer;
  std::atomic<std::size_t> connections = 0, early = 0;  // bytes that came before the answer
  net::LoopPool pool;
  std::unique_ptr<net::Listener> listener;
};

std::string accept_of(const std::string& head) {
  const std::string name = "sec-websocket-key: ";
  const auto at = head.find(name) + name.size();
  return websocket_accept(std::string_view(head).substr(at, head.find("\r\n", at) - at));
}

std::string granted(const std::string& head) {
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\nSec-WebSocket-Protocol: "
         "chat\r\nSec-WebSocket-Accept: " +
         accept_of(head) + "\r\n\r\nhello ";
}

Task<std::string> through_tunnel(Client& client, RequestHead head, Body& body) {
  auto response = co_await client.send(std::move(head), &body);
  if (!response) co_return std::string(name(response.error().reason));
  const auto text = co_await read_all((*response)->body(), 1000);
  std::string all = std::to_string((*response)->head().status);
  for (const Header& header : (*response)->head().headers) all += " " + header.name + "=" + header.value;
  co_return all + " " + (text ? *text : std::string(name(text.error().reason)));
}

TEST(ClientTunnel, UpgradesAConnectionThatIsNotUsedAgain) {
  std::string asked;
  const TunnelBackend backend([&](const std::string& head) {
    asked = head;
    return granted(head);
  });
  with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
    for (std::size_t i = 1; i <= 2; ++i) {
      PiecesBody body({"ab", "c"}, std::nullopt);
      body.all_ready = true;
      EXPECT_EQ(co_await through_tunnel(client, websocket(), body), "200 sec-websocket-protocol=chat hello abcbye");
      EXPECT_EQ(backend.connections, i);
      EXPECT_EQ(backend.early, 0u);  // what the other side could take for a request of its own
    }
  });
  const auto key = asked.find("sec-websocket-key: ") + 19;
  EXPECT_TRUE(is_websocket_key(std::string_view(asked).substr(key, 24)));
  asked.erase(key, 24);
  EXPECT_EQ(asked,
            "GET /chat HTTP/1.1\r\nhost: backend.example.com\r\nsec-websocket-protocol: chat\r\nsec-websocket-key: \r\n"
            "sec-websocket-version: 13\r\nupgrade: websocket\r\nconnection: Upgrade\r\n\r\n");
}

TEST(ClientTunnel, TakesOnlyTheRightAnswerForAGrant) {
  const auto with = [](std::string status, std::string headers) {
    return [=](const std::string& head) {
      std::string text = headers;
      if (const auto at = text.find("ACCEPT"); at != text.npos) text.replace(at, 6, accept_of(head));
      return "HTTP/1.1 " + status + "\r\n" + text + "\r\n";
    };
  };
  const std::string upgrade = "upgrade: websocket\r\n", connection = "connection: upgrade\r\n",
                    accept = "sec-websocket-accept: ACCEPT\r\n", none = "content-length: 0\r\n";
  struct Case {
    TunnelBackend::Answer answer;
    std::string read;
  };
  for (const Case& c : std::initializer_list<Case>{
           {with("101 x", upgrade + connection + accept), "200 bye"},
           {with("101 x", upgrade + connection), "upstream_malformed"},
           {with("101 x", upgrade + accept), "upstream_malformed"},
           {with("101 x", connection + accept), "upstream_malformed"},
           {with("101 x", upgrade + connection + accept + accept), "upstream_malformed"},
           {with("101 x", upgrade + connection + "sec-websocket-accept: AAAA\r\n"), "upstream_malformed"},
           {with("101 x", "upgrade: h2c\r\n" + connection + accept), "upstream_malformed"},
           {with("200 x", none), "upstream_malformed"},
           {with("403 x", none), "403 content-length=0 "},
       }) {
    const TunnelBackend backend(c.answer);
    with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
      PiecesBody body({}, std::nullopt);
      EXPECT_EQ(co_await through_tunnel(client, websocket(), body), c.read);
      RequestHead other = websocket();
      other.protocol = "irc";
      EXPECT_EQ(co_await through_tunnel(client, std::move(other), body), "internal");
    });
  }
}

TEST(ClientTunnel, ConnectsToAnAuthority) {
  std::string asked;
  const TunnelBackend backend([&](const std::string& head) {
    asked = head;
    return "HTTP/1.1 299 Fine\r\ncontent-length: 3\r\n\r\n";  // a length that counts for nothing
  });
  with_client(origin_of(backend.listener->address()), {}, [&](Client& client) -> Task<void> {
    PiecesBody body({"ab"}, std::nullopt), none({}, std::nullopt);
    EXPECT_EQ(co_await through_tunnel(client, connect_to("db.example.com:5432"), body), "200 abbye");
    EXPECT_EQ(asked, "CONNECT db.example.com:5432 HTTP/1.1\r\nhost: db.example.com:5432\r\n\r\n");
    for (const char* authority : {"db.example.com", "db.example.com:1 HTTP/1.1", "a b:1"})
      EXPECT_EQ(co_await through_tunnel(client, connect_to(authority), none), "internal");
  });
}

// Grants tunnels, and sends back what comes.
void tunnel(H2BackendSession& session, std::int32_t id, H2BackendStream& stream) {
  if (stream.reset) return;
  if (stream.calls == 1) {
    std::string seen;
    for (const char* name : {":method", ":protocol", ":scheme", ":path", ":authority", "sec-websocket-protocol"})
      seen += "/" + stream.fields[name];
    const bool denied = stream.fields[":path"] == "/denied" || stream.fields.contains("sec-websocket-key");
    if (denied) return session.head(id, "403", {}, true);
    session.head(id, "200", {{"seen", seen}});
  }
  stream.to_send += std::exchange(stream.received, {});
  stream.last = stream.whole;
  session.body(id, stream);
}

TEST(ClientTunnel, GoesByHttp2WhereTheBackendTakesPart) {
  const H2Backend backend(tunnel, {.settings = {{NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1}}});
  with_client(backend.origin(), {}, [&](Client& client) -> Task<void> {
    PiecesBody body({"ab", "c"}, std::nullopt), to_db({"x"}, std::nullopt), untouched({"x"}, std::nullopt);
    EXPECT_EQ(co_await through_tunnel(client, websocket(), body),
              "200 seen=/CONNECT/websocket/http//chat/backend.example.com/chat abc");
    EXPECT_EQ(co_await through_tunnel(client, connect_to("db.example.com:5432"), to_db),
              "200 seen=/CONNECT////db.example.com:5432/ x");
    RequestHead denied = websocket();
    denied.target = "/denied";
    EXPECT_EQ(co_await through_tunnel(client, std::move(denied), untouched), "403 ");
    EXPECT_EQ(untouched.asked, 0);
    EXPECT_EQ(backend.connections, 1u);
  });
}

// One port, as an origin has, with both versions: the first bytes say which.
TEST(ClientTunnel, GoesByHttp1WhereTheBackendDoesNot) {
  const auto serve = [](std::unique_ptr<net::Stream> stream, bool second) -> Task<void> {
    if (!second) {
      H2BackendSession session(tunnel, {}, false);
      co_return co_await session.run(*stream);
    }
    std::array<char, 4096> buffer;
    const auto got = co_await stream->read(buffer);
    if (got && co_await stream->write(granted(std::string(buffer.data(), *got)))) co_await stream->shutdown();
  };
  net::LoopPool pool(1);
  std::atomic<int> connections = 0;
  const auto listener = net::Listener::start(pool.loops(), *net::parse_address("127.0.0.1:0"), {}, [&](auto stream) {
    net::spawn(serve(std::move(stream), connections++ > 0));
  });
  ASSERT_TRUE(listener);
  Origin origin = origin_of((*listener)->address());
  origin.protocol = Protocol::http2;
  with_client(origin, {}, [&](Client& client) -> Task<void> {
    PiecesBody body({}, std::nullopt);
    EXPECT_EQ(co_await through_tunnel(client, websocket(), body), "200 sec-websocket-protocol=chat hello ");
  });
}

}  // namespace
}  // namespace watchword::http
