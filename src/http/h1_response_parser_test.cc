#include "http/h1_response_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/h1_test_util.h"

namespace watchword::http {
namespace {

using ::testing::HasSubstr;
using testing::response_bytewise;
using testing::response_in_two;
using testing::show;

std::string parse(std::string_view bytes, std::string_view method = "GET") {
  const std::string whole = response_in_two(bytes, bytes.size(), method);
  EXPECT_EQ(response_bytewise(bytes, method), whole) << bytes;
  for (std::size_t split = 0; split < bytes.size(); ++split)
    EXPECT_EQ(response_in_two(bytes, split, method), whole) << "split at " << split << " of " << bytes;
  return whole;
}

std::string answer(std::string_view status, std::string_view headers) {
  return "HTTP/1.1 " + std::string(status) + "\r\n" + std::string(headers) + "\r\n";
}

TEST(ResponseParser, KnowsWhereEachBodyEnds) {
  const std::string length = "Content-Length: 5\r\n";
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  struct Case {
    std::string bytes, method, expected;
  };
  for (const Case& c : std::vector<Case>{
           {answer("200 OK", length), "GET", "200 1.1 {content-length=5;} length 5 keep"},
           {answer("200 OK", chunked), "GET", "200 1.1 {} chunked keep"},
           {answer("200", "Server: x\r\n"), "GET", "200 1.1 {server=x;} until_close close"},
           {answer("404 ", length + "Connection: close\r\n"), "GET",
            "404 1.1 {content-length=5;connection=close;} length 5 close"},
           {answer("200 OK", length), "HEAD", "200 1.1 {content-length=5;} none keep"},
           {answer("200 OK", chunked), "HEAD", "200 1.1 {} none keep"},
           {answer("200 OK", ""), "HEAD", "200 1.1 {} none keep"},
           {answer("304 Not Modified", length), "GET", "304 1.1 {content-length=5;} none keep"},
           {answer("204 No Content", ""), "GET", "204 1.1 {} none keep"},
           {answer("204 No Content", "Content-Length: 0\r\n"), "DELETE", "204 1.1 {content-length=0;} none keep"},
           {answer("100 Continue", ""), "POST", "100 1.1 {} none keep interim"},
           {answer("103 Early Hints", "Link: </a>\r\n"), "GET", "103 1.1 {link=</a>;} none keep interim"},
           {answer("200 \xc3\xa4 b\tc", length), "head", "200 1.1 {content-length=5;} length 5 keep"},
           {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", "GET", "200 1.0 {content-length=5;} length 5 close"},
           {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", "GET",
            "200 1.0 {content-length=5;connection=keep-alive;} length 5 keep"},
           {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", "GET",
            "200 1.0 {connection=keep-alive;} until_close close"}})
    EXPECT_EQ(parse(c.bytes, c.method), c.expected + " +" + std::to_string(c.bytes.size())) << c.bytes;
}

TEST(ResponseParser, RefusesAnswersThatDesynchroniseAPooledConnection) {
  for (const auto& bytes : {
           answer("200 OK", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"),
           answer("200 OK", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
           answer("200 OK", "Content-Length: 5\r\nContent-Length: 5\r\n"),
           answer("200 OK", "Content-Length: 5, 5\r\n"),
           answer("200 OK", "Content-Length: -1\r\n"),
           answer("200 OK", "Content-Length : 5\r\n"),
           answer("200 OK", "Transfer-Encoding: gzip, chunked\r\n"),
           answer("200 OK", "Transfer-Encoding: identity\r\n"),
           answer("200 OK", "Transfer_Encoding: chunked\r\n"),
           std::string("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
           answer("204 No Content", "Content-Length: 5\r\n"),
           answer("204 No Content", "Transfer-Encoding: chunked\r\n"),
           answer("100 Continue", "Content-Length: 5\r\n"),
           answer("103 Early Hints", "Transfer-Encoding: chunked\r\n"),
           answer("101 Switching Protocols", "Upgrade: websocket\r\n"),
           answer("200 OK", "X: a\r\n b\r\n"),
           answer("200 OK", "X: a\rb\r\n"),
           answer("200 OK", "X: a\nb: c\r\n"),
           answer("200 OK", "\x01: a\r\n"),
           answer("200 O\rK", ""),
           answer("200 O\x01K", ""),
           answer("099 Low", ""),
           answer("600 High", ""),
           answer("20", ""),
           answer("2000 OK", ""),
           answer("2x0 OK", ""),
           answer("+20 OK", ""),
           answer(" 200 OK", ""),
           answer("200\tOK", ""),
           answer("", ""),
           std::string("HTTP/1.1\t200 OK\r\n\r\n"),
           std::string("HTTP/2.0 200 OK\r\n\r\n"),
           std::string("HTTP/1.2 200 OK\r\n\r\n"),
           std::string("http/1.1 200 OK\r\n\r\n"),
           std::string("HTTP/1.1 200 OK\nX: a\n\n"),
           std::string("<html>no HTTP</html>\r\n\r\n"),
           std::string("ICY 200 OK\r\n\r\n"),
           std::string("\r\nHTTP/1.1 200 OK\r\n\r\n"),
       })
    EXPECT_THAT(parse(bytes), HasSubstr("http_malformed: found ")) << bytes;
}

TEST(ResponseParser, ReadsInterimAnswersAndThenTheFinalOne) {
  std::string buffer = answer("100 Continue", "") + answer("103 Early Hints", "A: b\r\n") +
                       answer("201 Created", "Content-Length: 2\r\n") + "ok";
  ResponseParser parser({});
  for (const char* expected : {"100 1.1 {} none keep interim +25", "103 1.1 {a=b;} none keep interim +34",
                               "201 1.1 {content-length=2;} length 2 keep +43"}) {
    const auto parsed = parser.parse(buffer, "POST");
    EXPECT_EQ(show(parsed), expected);
    ASSERT_TRUE(parsed && *parsed);
    buffer.erase(0, (*parsed)->consumed);
  }
  EXPECT_EQ(buffer, "ok");
}

TEST(ResponseParser, HoldsItsLimits) {
  EXPECT_THAT(response_bytewise(std::string("HTTP/1.1 200 ") + std::string(100, 'a'), "GET", {50, 100, 2}),
              HasSubstr("http_too_large"));
  EXPECT_THAT(response_bytewise(answer("200 OK", "A: " + std::string(100, 'a') + "\r\n"), "GET", {50, 100, 2}),
              HasSubstr("http_too_large"));
  EXPECT_THAT(response_bytewise(answer("200 OK", "A:\r\nB:\r\nC:\r\n"), "GET", {50, 100, 2}),
              HasSubstr("http_too_large"));
}

TEST(ResponseParser, TakesATunnelWhereOneWasAskedFor) {
  const auto upgraded = [](std::string_view headers) {
    return ResponseParser({}).parse(answer("101 Switching Protocols", headers) + "raw", "GET", true);
  };
  const auto granted = upgraded("Connection: Upgrade\r\nUpgrade: websocket\r\n");
  ASSERT_TRUE(granted && *granted);
  EXPECT_TRUE((*granted)->tunnel && !(*granted)->interim && !(*granted)->keep_alive);
  EXPECT_EQ((*granted)->framing, BodyFraming::until_close());
  for (const char* headers :
       {"", "Upgrade: websocket\r\n", "Connection: close\r\n", "Connection: Upgrade\r\nContent-Length: 3\r\n"})
    EXPECT_FALSE(upgraded(headers)) << headers;
  EXPECT_FALSE(ResponseParser({}).parse("HTTP/1.0 101 x\r\nConnection: upgrade\r\n\r\n", "GET", true));

  EXPECT_EQ(parse(answer("200 OK", "Content-Length: 5\r\n"), "CONNECT"), "200 1.1 {} until_close close +38");
  EXPECT_EQ(parse(answer("200 OK", "Transfer-Encoding: chunked\r\n"), "CONNECT"), "200 1.1 {} until_close close +47");
  EXPECT_EQ(parse(answer("407 No", "Content-Length: 5\r\n"), "CONNECT"),
            "407 1.1 {content-length=5;} length 5 keep +38");
}

}  // namespace
}  // namespace watchword::http
