// Clients that abuse HTTP/2 (RFC 9113 10.5): what each attack costs is bounded, and others are served meanwhile.
#include <gtest/gtest.h>

#include <functional>
#include <latch>

#include "http/h2_test_client.h"
#include "http/server.h"

namespace watchword::http {
namespace {

using namespace h2;
using std::chrono::milliseconds;

net::Task<void> answer_ok(Exchange& exchange) { (void)co_await exchange.reply.send({}, "ok"); }

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

// The connection is ended with this code, though the client would send more.
void expect_farewell(const TestServer& server, std::string_view attack, std::uint32_t code) {
  H2RawClient client(server.address());
  client.send(attack);
  EXPECT_EQ(client.farewell(), code);
  H2RawClient honest(server.address());
  honest.send(get(1));
  EXPECT_EQ(honest.answer(1).body, "ok");
}

TEST(H2Attack, FloodsOfFramesThatDoNothingEndTheConnection) {
  const TestServer server(answer_ok);
  const std::string priority = frame(kPriority, kNone, 1, number(0) + "\x10");
  for (const std::string& nuisance :
       {ping(), frame(kPing, kAck, 0, "12345678"), settings({{3, 100}}), priority, window_update(0, 1),
        frame(99, kNone, 0, "unknown"), frame(99, kNone, 0, std::string(1000, 'x'))})
    expect_farewell(server, repeated(nuisance, 5000), kEnhanceYourCalm);
}

TEST(H2Attack, FloodsOfEmptyOrPaddedDataEndTheConnection) {
  const TestServer server([](Exchange& exchange) -> net::Task<void> {
    if (exchange.request.method == "POST") EXPECT_FALSE(co_await read_all(exchange.body, 1000));
    (void)co_await exchange.reply.send({}, "ok");
  });
  expect_farewell(server, post(1) + repeated(data(1, ""), 5000), kEnhanceYourCalm);
  expect_farewell(server, post(1) + repeated(data(1, std::string("\xff") + std::string(255, '\0'), kPadded), 5000),
                  kEnhanceYourCalm);
}

TEST(H2Attack, AFloodOfContinuationsEndsTheConnection) {
  const TestServer server(answer_ok);
  const std::string open = headers(1, request_fields("GET", "/"), kNone);
  expect_farewell(server, open + repeated(frame(kContinuation, kNone, 1, ""), 5000), kEnhanceYourCalm);
  expect_farewell(server,
                  open + repeated(frame(kContinuation, kNone, 1, block({{"x", std::string(10'000, 'x')}})), 100),
                  kEnhanceYourCalm);
}

TEST(H2Attack, RapidResetEndsTheConnectionAndStartsFewHandlers) {
  std::atomic<int> started = 0;
  const TestServer server([&](Exchange& exchange) -> net::Task<void> {
    if (exchange.request.target == "/attack") ++started;
    (void)co_await exchange.reply.send({}, "ok");
  });
  std::string attack;
  for (std::uint32_t stream = 1; stream < 20'000; stream += 2) attack += get(stream, "/attack") + reset(stream);
  expect_farewell(server, attack, kEnhanceYourCalm);
  EXPECT_LE(started, 400);
}

// They have cost more than those that have no answer yet.
TEST(H2Attack, ResetsOfAnswersThatHaveBegunEndTheConnection) {
  const TestServer server(answer_ok);
  H2RawClient client(server.address(), std::string(kPreface) + settings({{4, 0}}) + settings_ack());
  client.send(get(1));
  std::uint32_t stream = 1;
  auto frame = client.next();
  for (; frame && frame->type != kGoaway && stream < 4000; frame = client.next()) {
    if (frame->type != kHeaders) continue;
    client.send(reset(stream) + get(stream + 2));
    stream += 2;
  }
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->number(4), kEnhanceYourCalm);
  EXPECT_LT(stream, 1000U);
}

TEST(H2Attack, WhoMayHaveManyStreamsMayResetMany) {
  const TestServer server(answer_ok, {.streams_per_connection = 1000});
  std::string all;
  for (std::uint32_t stream = 1; stream < 3000; stream += 2) all += get(stream) + reset(stream);
  H2RawClient client(server.address());
  client.send(all + get(3001));
  EXPECT_EQ(client.answer(3001).body, "ok");
  for (std::uint32_t stream = 3003; stream < 20'000; stream += 2) client.send(get(stream) + reset(stream));
  EXPECT_EQ(client.farewell(), kEnhanceYourCalm);
}

TEST(H2Attack, ResetsThatTheServerIsMadeToSendCountAsWell) {
  const TestServer server(answer_ok);
  const auto overflow = [](std::uint32_t stream) { return post(stream) + window_update(stream, 0x7fffffff); };
  const auto no_path = [](std::uint32_t stream) {
    return headers(stream, {{":method", "GET"}}, kEndHeaders | kEndStream);
  };
  for (const std::function<std::string(std::uint32_t)>& mistake : {std::function(overflow), {no_path}}) {
    H2RawClient client(server.address());
    std::uint32_t stream = 1;
    std::optional<std::uint32_t> code;
    while (!code && stream < 4000) {
      for (int i = 0; i < 50; ++i, stream += 2) client.send(mistake(stream));
      client.send(ping());
      auto frame = client.next();
      while (frame && frame->type != kPing && frame->type != kGoaway) frame = client.next();
      if (!frame || frame->type == kGoaway) code = frame.value_or(H2Frame()).number(4);
    }
    EXPECT_EQ(code, kEnhanceYourCalm);
    EXPECT_LT(stream, 1000U);
  }
}

// Handlers that go on though their client has reset them.
struct Stubborn {
  net::Task<void> handle(Exchange& exchange) {
    if (exchange.request.target == "/late") {
      (void)co_await exchange.reply.send({}, "ok");
      co_return;
    }
    ++running;
    most = std::max(most.load(), running.load());
    if (running == 10) full.count_down();
    while (!release) co_await net::Loop::current()->sleep(milliseconds(1));  // a backend that is slow
    --running;
  }
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::atomic<bool> release = false;
  std::latch full{1};
};

TEST(H2Attack, AStreamThatWasResetCountsUntilItsHandlerHasEnded) {
  Stubborn stubborn;
  const TestServer server([&](Exchange& exchange) { return stubborn.handle(exchange); },
                          {.streams_per_connection = 10});
  H2RawClient client(server.address());
  for (std::uint32_t stream = 1; stream < 20; stream += 2) client.send(get(stream));
  stubborn.full.wait();
  for (std::uint32_t stream = 1; stream < 20; stream += 2) client.send(reset(stream));
  for (std::uint32_t stream = 21; stream < 39; stream += 2) {
    client.send(get(stream));
    EXPECT_EQ(client.answer(stream).reset, kRefusedStream);
  }
  EXPECT_EQ(stubborn.most, 10);
  stubborn.release = true;
}

TEST(H2Attack, MoreStreamsThanAllowedAreRefused) {
  Stubborn stubborn;
  const TestServer server([&](Exchange& exchange) { return stubborn.handle(exchange); },
                          {.streams_per_connection = 10});
  H2RawClient client(server.address(), greeting());  // the limit is not acknowledged
  for (std::uint32_t stream = 1; stream <= 21; stream += 2) client.send(get(stream));
  EXPECT_EQ(client.answer(21).reset, kRefusedStream);
  client.send(settings_ack() + get(23));
  EXPECT_EQ(client.farewell(), kProtocolError);
  EXPECT_EQ(stubborn.most, 10);
  stubborn.release = true;
}

TEST(H2Attack, ALargeHeadIsRefusedWithoutBeingKept) {
  const TestServer server(answer_ok);
  H2RawClient client(server.address());
  const std::string large = block({{"x", std::string(15'000, 'x')}});
  client.send(headers(1, request_fields("GET", "/"), kEndStream) + frame(kContinuation, kNone, 1, large) +
              frame(kContinuation, kNone, 1, large) + frame(kContinuation, kEndHeaders, 1, large));
  EXPECT_EQ(client.answer(1).status(), "431");
  // One byte for each further use of a field of the dynamic table (RFC 7541 7.3).
  const std::string indexed = '\x40' + block({{"x", std::string(3000, 'x')}}).substr(1);
  client.send(frame(kHeaders, kEndHeaders | kEndStream, 3,
                    block(request_fields("GET", "/")) + indexed + std::string(20, '\xbe')));
  EXPECT_EQ(client.answer(3).status(), "431");
  // Far beyond, what is decoded is not even looked at.
  client.send(frame(kHeaders, kEndHeaders | kEndStream, 5,
                    block(request_fields("GET", "/")) + indexed + std::string(10'000, '\xbe')));
  EXPECT_EQ(client.answer(5).reset, kInternalError);
  client.send(get(7));
  EXPECT_EQ(client.answer(7).body, "ok");
}

TEST(H2Attack, HeadsThatExpandFarBeyondReasonEndTheConnection) {
  const TestServer server(answer_ok);
  H2RawClient client(server.address());
  const std::string indexed = '\x40' + block({{"x", std::string(3000, 'x')}}).substr(1);
  for (std::uint32_t id = 1; id < 600; id += 2)
    client.send(frame(kHeaders, kEndHeaders | kEndStream, id,
                      block(request_fields("GET", "/")) + indexed + std::string(100, '\xbe')));
  EXPECT_EQ(client.farewell(), kEnhanceYourCalm);
}

// A client sends them again, whatever their method.
TEST(H2Attack, WhatFollowsALastRequestIsNotRunThoughItWasReadWithIt) {
  std::atomic<int> run{0};
  const TestServer server(
      [&](Exchange& exchange) -> net::Task<void> {
        ++run;
        (void)co_await exchange.reply.send({}, "ok");
      },
      {.requests_per_connection = 3});
  H2RawClient client(server.address());
  std::string all;
  for (std::uint32_t id = 1; id < 20; id += 2) all += get(id);
  client.send(all);
  EXPECT_EQ(client.answer(5).body, "ok");
  client.farewell();
  EXPECT_EQ(run, 3);
}

TEST(H2Attack, HeadersWithoutANameAreRefused) {
  const TestServer server(answer_ok);
  H2RawClient client(server.address());
  client.send(headers(1, request_fields("GET", "/", FieldList(50, {"", "x"})), kEndHeaders | kEndStream));
  EXPECT_EQ(client.answer(1).status(), "400");
}

TEST(H2Attack, AHeadThatNeverEndsEndsTheConnection) {
  const TestServer server(answer_ok, {.header_time = milliseconds(50)});
  H2RawClient unfinished(server.address());
  unfinished.send(headers(1, request_fields("GET", "/"), kNone));
  EXPECT_EQ(unfinished.farewell(), kEnhanceYourCalm);
  H2RawClient cut(server.address());
  cut.send(get(1).substr(0, 20));
  EXPECT_EQ(cut.farewell(), kEnhanceYourCalm);
}

TEST(H2Attack, ABodyThatStopsIsAnsweredAndItsStreamEnds) {
  const TestServer server(
      [](Exchange& exchange) -> net::Task<void> {
        if (co_await read_all(exchange.body, 100)) (void)co_await exchange.reply.send({}, "ok");
      },
      {.body_time = milliseconds(50)});
  H2RawClient client(server.address());
  client.send(post(1) + data(1, "a") + post(3) + data(3, "b", kEndStream));
  EXPECT_EQ(client.answer(3).body, "ok");
  const H2Answer answer = client.answer(1);
  EXPECT_EQ(answer.status(), "408");
  EXPECT_TRUE(answer.ended);
}

TEST(H2Attack, AClosedWindowEndsTheStreamAndNotTheConnection) {
  std::latch cut(1);
  const TestServer server(
      [&](Exchange& exchange) -> net::Task<void> {
        if (exchange.request.target != "/large") co_return co_await answer_ok(exchange);
        Status status = co_await exchange.reply.begin({});
        while (status) status = co_await exchange.reply.write(std::string(1 << 16, 'x'));
        EXPECT_EQ(status.error().reason, Reason::http_timeout);
        cut.count_down();
      },
      {.body_time = milliseconds(50)});
  H2RawClient client(server.address(), std::string(kPreface) + settings({{4, 10}}) + settings_ack());
  client.send(get(1, "/large"));
  const H2Answer answer = client.answer(1);
  EXPECT_EQ(answer.body.size(), 10U);
  EXPECT_EQ(answer.reset, kCancel);
  cut.wait();
  client.send(get(3));
  EXPECT_EQ(client.answer(3).body, "ok");
}

TEST(H2Attack, AClientThatReadsNothingIsCut) {
  std::latch cut(1);
  const TestServer server(
      [&](Exchange& exchange) -> net::Task<void> {
        Status status = co_await exchange.reply.begin({});
        while (status) status = co_await exchange.reply.write(std::string(1 << 20, 'x'));
        cut.count_down();
      },
      {.body_time = milliseconds(50)});
  H2RawClient client(server.address(), greeting() + window_update(0, 1 << 30));
  client.send(settings({{4, 1 << 30}}) + get(1));
  cut.wait();
}

TEST(H2Attack, AWindowThatOverflowsEndsTheStreamOrTheConnection) {
  const TestServer server(answer_ok);
  expect_farewell(server, window_update(0, 0x7fffffff), kFlowControlError);
  H2RawClient client(server.address());
  client.send(post(1) + window_update(1, 0x7fffffff));
  bool reset_seen = false;
  for (int i = 0; i < 2 && !reset_seen; ++i) reset_seen = client.answer(1).reset.has_value();
  EXPECT_TRUE(reset_seen);
  client.send(get(3));
  EXPECT_EQ(client.answer(3).body, "ok");
}

TEST(H2Attack, MoreContentThanTheWindowEndsTheStream) {
  net::Delivery<bool> release;
  const TestServer server([&](Exchange& exchange) -> net::Task<void> {
    if (exchange.request.method == "POST") co_await release;
    co_await answer_ok(exchange);
  });
  const std::string piece(16 * 1024, 'x');
  H2RawClient client(server.address());
  client.send(post(1));
  for (int i = 0; i < 17; ++i) client.send(data(1, piece));
  EXPECT_EQ(client.answer(1).reset, kFlowControlError);
  release.deliver(true);
}

TEST(H2Attack, AnIdleConnectionIsSentAwayWhateverItPings) {
  const TestServer server(answer_ok, {.idle_time = milliseconds(50)});
  H2RawClient client(server.address());
  client.send(get(1));
  EXPECT_EQ(client.answer(1).body, "ok");
  client.send(ping());
  EXPECT_EQ(client.farewell(), kNoError);
  H2RawClient silent(server.address(), kPreface);
  EXPECT_EQ(silent.farewell(), kNoError);
}

TEST(H2Attack, WhatIsNoHttp2EndsTheConnection) {
  const TestServer server(answer_ok);
  for (const std::string& nonsense :
       {std::string(kPreface) + get(1), greeting() + data(1, "x"), greeting() + headers(2, request_fields("GET", "/")),
        greeting() + frame(kHeaders, kEndHeaders, 1, "\xff\xff\xff\xff\xff\xff\xff\xff"),
        greeting() + frame(kPing, kNone, 0, "short"), greeting() + frame(kPushPromise, kEndHeaders, 1, number(2)),
        greeting() + number(0xffffff, 3) + std::string(20'000, '\0')}) {
    H2RawClient client(server.address(), nonsense);
    const auto code = client.farewell();
    ASSERT_TRUE(code);
    EXPECT_NE(code, kNoError);
  }
}

}  // namespace
}  // namespace watchword::http
