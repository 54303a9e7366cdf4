// Which connection a request takes, and what becomes of it afterwards.
#include "http/test_backend.h"

namespace watchword::http {
namespace {

using std::chrono::milliseconds;

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

}  // namespace
}  // namespace watchword::http
