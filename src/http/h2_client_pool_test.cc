// Which HTTP/2 connection a request takes, what is sent again, and backends that mean harm.
#include "http/h2_test_backend.h"

namespace watchword::http {
namespace {

using std::chrono::milliseconds;

void say_ok(H2BackendSession& session, std::int32_t id, H2BackendStream& stream) {
  if (stream.whole) session.send(id, stream, "ok");
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

TEST(H2Client, OpensAnotherConnectionOnlyWhenTheOthersAreFull) {
  struct Case {
    std::uint32_t streams;
    std::size_t limit, requests, most;
  };
  for (const Case& c : {Case{100, 256, 50, 1}, Case{1, 256, 3, 3}, Case{2, 3, 20, 3}, Case{1, 1, 5, 1}}) {
    const H2Backend backend(say_ok, {.settings = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, c.streams}}});
    with_client(backend.origin(), {.connections = c.limit}, [&](Client& client) -> Task<void> {
      Together together{.answers = std::vector<std::string>(c.requests)};
      co_await together.fetch_all(client);
      for (const std::string& answer : together.answers) EXPECT_EQ(answer, "200 ok");
      EXPECT_LE(backend.connections, c.most);
      EXPECT_GE(backend.connections, 1u);
    });
  }
}

TEST(H2Client, GivesUpWaitingForAStream) {
  const H2Backend backend([](auto&, auto, auto&) {}, {.settings = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 1}}});
  const ClientLimits limits{.response_time = milliseconds(50), .connections = 1};
  with_client(backend.origin(), limits, [&](Client& client) -> Task<void> {
    Together together{.answers = std::vector<std::string>(2)};
    co_await together.fetch_all(client);
    EXPECT_EQ(together.answers[0], "upstream_timeout");
    // Its turn came at the last moment and the backend hung, or it did not come.
    EXPECT_THAT(together.answers[1], ::testing::AnyOf("overloaded", "upstream_timeout"));
  });
}

TEST(H2Client, FailsAllWhoWaitWhenNoConnectionCanBeMade) {
  net::Address gone;
  {
    const H2Backend backend(say_ok);
    gone = backend.listener->address();
  }
  Origin origin = origin_of(gone);
  origin.protocol = Protocol::http2;
  const H2Backend closed(say_ok, {.settings = {{NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, 0}}});
  for (const Origin& to : {origin, closed.origin()})
    with_client(to, {}, [&](Client& client) -> Task<void> {
      Together together{.answers = std::vector<std::string>(3)};
      co_await together.fetch_all(client);
      for (const std::string& answer : together.answers) EXPECT_EQ(answer, "upstream_unreachable");
    });
}

enum class How : std::uint8_t { refuses, says_goodbye, hangs_up, resets };

TEST(H2Client, RepeatsWhatTheBackendHasNotLookedAt) {
  struct Case {
    How how;
    std::string method;
    bool body;
    int times;  // that the backend behaves so, after a first request
    std::string answer;
  };
  for (const Case& c : std::initializer_list<Case>{
           {How::refuses, "POST", false, 1, "200 ok"},
           {How::refuses, "POST", true, 1, "upstream_unreachable"},
           {How::refuses, "POST", false, 3, "200 ok"},
           {How::refuses, "GET", false, 4, "upstream_unreachable"},
           {How::says_goodbye, "POST", false, 1, "200 ok"},
           {How::says_goodbye, "POST", true, 1, "upstream_unreachable"},
           {How::hangs_up, "GET", false, 1, "200 ok"},
           {How::hangs_up, "POST", false, 1, "upstream_unreachable"},
           {How::hangs_up, "PUT", true, 1, "upstream_unreachable"},
           {How::resets, "GET", false, 1, "upstream_unreachable"},
       }) {
    std::atomic<int> asked = 0;
    const H2Backend backend([&](H2BackendSession& session, std::int32_t id, H2BackendStream& stream) {
      if (stream.calls > 1) return;
      if (asked == 0 || asked > c.times) {
        ++asked;
        return session.send(id, stream, "ok");
      }
      ++asked;
      switch (c.how) {
        case How::refuses:
          nghttp2_submit_rst_stream(session.raw(), 0, id, NGHTTP2_REFUSED_STREAM);
          break;
        case How::resets:
          nghttp2_submit_rst_stream(session.raw(), 0, id, NGHTTP2_CANCEL);
          break;
        case How::says_goodbye:
          nghttp2_session_terminate_session2(session.raw(), 1, NGHTTP2_NO_ERROR);
          break;
        case How::hangs_up:
          session.hung_up = true;
          break;
      }
    });
    with_client(backend.origin(), {}, [&](Client& client) -> Task<void> {
      PiecesBody body({"x"}, 1);
      EXPECT_EQ(co_await fetch(client, request("GET", "/first")), "200 ok");
      EXPECT_EQ(co_await fetch(client, request(c.method, "/"), c.body ? &body : nullptr), c.answer)
          << static_cast<int>(c.how) << c.method;
    });
  }
}

TEST(H2Client, ClosesAConnectionThatIsNotUsed) {
  const auto ended = std::make_shared<net::Delivery<bool>>();
  net::LoopPool pool(1);
  const auto listener = net::Listener::start(pool.loops(), *net::parse_address("127.0.0.1:0"), {}, [&](auto stream) {
    net::spawn([](auto its_stream, auto told) -> Task<void> {
      H2BackendSession session(say_ok, {}, false);
      co_await session.run(*its_stream);
      told->deliver(true);
    }(std::move(stream), ended));
  });
  ASSERT_TRUE(listener);
  Origin origin = origin_of((*listener)->address());
  origin.protocol = Protocol::http2;
  with_client(origin, {.keep_alive = milliseconds(20)}, [&](Client& client) -> Task<void> {
    EXPECT_EQ(co_await fetch(client, request("GET", "/")), "200 ok");
    EXPECT_TRUE(co_await *ended);
  });
}

constexpr std::uint8_t kData = 0, kHeaders = 1, kReset = 3, kSettings = 4, kPush = 5, kPing = 6, kGoaway = 7,
                       kWindow = 8, kContinuation = 9;
constexpr std::uint8_t kEnd = 1, kEndHeaders = 4;

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(H2Client, AnEarlyAnswerStandsThoughTheBackendWantsNoMoreOfTheBody) {
  const RawH2Backend backend(frame(kSettings, 0, 0), frame(kHeaders, kEndHeaders | kEnd, 1, field(":status", "413")) +
                                                         frame(kReset, 0, 1, word(NGHTTP2_NO_ERROR)));
  with_client(backend.origin(), {}, [&](Client& client) -> Task<void> {
    PiecesBody body(std::vector<std::optional<std::string>>(100, std::string(10'000, 'x')), std::nullopt);
    EXPECT_EQ(co_await fetch(client, request("POST", "/"), &body), "413 ");
    EXPECT_LT(body.asked, 100);
  });
}

TEST(H2Client, HoldsAgainstABackendThatMeansHarm) {
  const std::string settings = frame(kSettings, 0, 0), status = "\x88";  // :status 200, of HPACK's table
  const std::string head = frame(kHeaders, kEndHeaders, 1, status),
                    ended = frame(kHeaders, kEndHeaders | kEnd, 1, status);
  struct Case {
    std::string what, greeting, answer, read;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"an answer", settings, head + frame(kData, kEnd, 1, "ok"), "200 ok"},
           {"HTTP/1.1", "HTTP/1.1 400 Bad Request\r\n\r\n", "", "upstream_malformed"},
           {"no settings", frame(kPing, 0, 0, "12345678"), "", "upstream_malformed"},
           {"pings", settings, repeated(frame(kPing, 0, 0, "12345678"), 100'000), "upstream_malformed"},
           {"settings", settings, repeated(settings, 100'000), "upstream_malformed"},
           {"large settings", frame(kSettings, 0, 0, repeated(std::string(6, '\1'), 100)), "", "upstream_malformed"},
           {"empty data", settings, head + repeated(frame(kData, 0, 1), 100'000), "200 upstream_malformed"},
           {"unknown frames", settings, repeated(frame(99, 0, 0), 100'000), "upstream_malformed"},
           {"windows", settings, repeated(frame(kWindow, 0, 0, word(1)), 100'000), "upstream_malformed"},
           {"window overflow", settings, frame(kWindow, 0, 0, word(0x7fffffff)), "upstream_malformed"},
           {"continuations", settings,
            frame(kHeaders, 0, 1, status) + repeated(frame(kContinuation, 0, 1, field("x", "y")), 100'000),
            "upstream_malformed"},
           {"a push that is of no use", settings,
            frame(kPush, kEndHeaders, 1, word(2) + "\x82\x84\x86") + head + frame(kData, kEnd, 1, "ok"), "200 ok"},
           {"a push after it was told", settings + frame(kSettings, 1, 0),
            frame(kPush, kEndHeaders, 1, word(2) + "\x82\x84\x86"), "upstream_malformed"},
           {"data before a head", settings, frame(kData, kEnd, 1, "ok"), "upstream_malformed"},
           {"a stream nobody opened", settings, frame(kHeaders, kEndHeaders, 3, status), "upstream_malformed"},
           {"no status", settings, frame(kHeaders, kEndHeaders | kEnd, 1, field("x", "y")), "upstream_malformed"},
           {"two statuses", settings, frame(kHeaders, kEndHeaders | kEnd, 1, status + status), "upstream_malformed"},
           {"status 101", settings, frame(kHeaders, kEndHeaders, 1, field(":status", "101")), "upstream_malformed"},
           {"upper case", settings, frame(kHeaders, kEndHeaders | kEnd, 1, status + field("X", "y")),
            "upstream_malformed"},
           {"connection", settings, frame(kHeaders, kEndHeaders | kEnd, 1, status + field("connection", "close")),
            "upstream_malformed"},
           {"a line break", settings, frame(kHeaders, kEndHeaders | kEnd, 1, status + field("x", "a\r\nb: c")),
            "upstream_malformed"},
           {"a bad index", settings, frame(kHeaders, kEndHeaders | kEnd, 1, "\xff\xff\x7f"), "upstream_malformed"},
           {"too long a frame", settings, std::string("\xff\xff\xff\0\0\0\0\0\1", 9), "upstream_malformed"},
           {"data after the end", settings, ended + frame(kData, 0, 1, "forged"), "200 "},
           {"a body to no content", settings, frame(kHeaders, kEndHeaders, 1, "\x89") + frame(kData, kEnd, 1, "forged"),
            "204 upstream_malformed"},
           {"goodbye to all", settings, frame(kGoaway, 0, 0, word(0) + word(0)), "upstream_unreachable"},
           {"goodbye after this one", settings,
            frame(kGoaway, 0, 0, word(1) + word(0)) + head + frame(kData, kEnd, 1, "ok"), "200 ok"},
           {"goodbye from above", settings,
            frame(kGoaway, 0, 0, word(1) + word(0)) + frame(kGoaway, 0, 0, word(5) + word(0)), "upstream_malformed"},
       }) {
    const RawH2Backend backend(c.greeting, c.answer);
    with_client(backend.origin(), {.connect_time = std::chrono::seconds(5)}, [&](Client& client) -> Task<void> {
      EXPECT_EQ(co_await fetch(client, request("GET", "/")), c.read) << c.what;
    });
  }
}

}  // namespace
}  // namespace watchword::http
