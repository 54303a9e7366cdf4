// Calls that are held open for as long as something else runs (Envoy's ext_proc): silent for long, then reset.
#include "http/h2_test_client.h"
#include "http/server.h"

namespace watchword::http {
namespace {

using namespace h2;
using std::chrono::milliseconds;

const FieldList kGrpc = {{"content-type", "application/grpc"}};

net::Task<void> echo(Exchange& exchange) {
  const auto body = co_await read_all(exchange.body, 1 << 20);
  if (body) (void)co_await exchange.reply.send({}, *body);
}

TEST(H2Calls, MayBeSilentForLongerThanABody) {
  const TestServer server(echo, {.body_time = milliseconds(50), .call_idle_time = std::chrono::hours(1)});
  H2RawClient client(server.address());
  client.send(post(1, "/", kGrpc) + data(1, "be"));
  client.send(post(3));  // its body does not come: when that is told, a body's time is over
  EXPECT_EQ(client.answer(3).status(), "408");
  client.send(data(1, "gun", kEndStream));
  EXPECT_EQ(client.answer(1).body, "begun");
}

TEST(H2Calls, MustBeginToSpeakInABodysTime) {
  const TestServer server(echo, {.body_time = milliseconds(50), .call_idle_time = std::chrono::hours(1)});
  H2RawClient client(server.address());
  client.send(post(1, "/", kGrpc));
  EXPECT_EQ(client.answer(1).status(), "408");
}

// As many as there are requests: that is how Envoy says that what a call was held for is over.
TEST(H2Calls, MayBeResetOnceTheirAnswerHasBegun) {
  const TestServer server(
      [](Exchange& exchange) -> net::Task<void> {
        if (exchange.request.method == "GET") {
          (void)co_await exchange.reply.send({}, "ok");
          co_return;
        }
        (void)co_await exchange.reply.begin({});
        EXPECT_FALSE(co_await exchange.body.next());
      },
      {.streams_per_connection = 10, .resets_end_calls = true});
  H2RawClient client(server.address());
  std::uint32_t stream = 1;
  for (; stream < 100; stream += 2) {
    client.send(post(stream, "/", kGrpc));
    ASSERT_TRUE(client.until(kHeaders)) << stream;
    client.send(reset(stream));
  }
  client.send(get(stream));
  EXPECT_EQ(client.answer(stream).status(), "200");
}

// Whoever makes Envoy drop requests, however fast, must not end what it holds for others on the same connection.
TEST(H2Calls, MayBeResetBeforeTheirAnswerToo) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> { (void)co_await exchange.reply.send({}, "ok"); },
                          {.streams_per_connection = 10, .resets_end_calls = true});
  H2RawClient client(server.address());
  std::uint32_t stream = 1;
  for (; stream < 1000; stream += 2) client.send(post(stream, "/", kGrpc) + reset(stream));
  client.send(get(stream));
  EXPECT_EQ(client.answer(stream).status(), "200");
}

// Their bodies have arrived whole, and nobody reads them: the connection's window must not shrink by them.
TEST(H2Calls, ThatAreResetAtOnceTakeNoRoomFromTheOthers) {
  const TestServer server(echo, {.streams_per_connection = 100, .resets_end_calls = true});
  H2RawClient client(server.address());
  const std::string body(10'000, 'x');
  std::uint32_t stream = 1;
  for (int round = 0; round < 20; ++round) {
    std::string burst;
    for (int i = 0; i < 10; ++i, stream += 2)
      burst += post(stream, "/", kGrpc) + data(stream, body, kEndStream) + reset(stream);
    client.send(burst);
    client.send(post(stream) + data(stream, "here", kEndStream));
    ASSERT_EQ(client.answer(stream).body, "here") << round;
    stream += 2;
  }
}

}  // namespace
}  // namespace watchword::http
