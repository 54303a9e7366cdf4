#include "http/h1_write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/h1_test_util.h"

namespace watchword::http {
namespace {

using ::testing::HasSubstr;

const RequestHead kRequest{
    "POST", "https", "api.example.com:8443", "/v1?a=b", {{"accept", "*/*"}, {"x", ""}, {"x", "2"}}};

TEST(Write, RequestsAreReadBackAsTheyWere) {
  for (const BodyFraming framing :
       {BodyFraming::none(), BodyFraming::of_length(0), BodyFraming::of_length(INT64_MAX), BodyFraming::chunked()}) {
    for (const bool keep_alive : {true, false}) {
      std::string bytes;
      ASSERT_TRUE(append_request_head(bytes, kRequest, framing, keep_alive));
      const auto parsed = RequestParser("https", {}).parse(bytes);
      ASSERT_TRUE(parsed && *parsed) << testing::show(parsed);
      RequestHead head = (*parsed)->head;
      head.headers.remove("content-length");
      head.headers.remove("connection");
      EXPECT_EQ(head.method + head.scheme + head.authority + head.target, "POSThttpsapi.example.com:8443/v1?a=b");
      EXPECT_EQ(head.headers, kRequest.headers);
      EXPECT_EQ((*parsed)->framing, framing);
      EXPECT_EQ((*parsed)->keep_alive, keep_alive);
      EXPECT_EQ((*parsed)->consumed, bytes.size());
    }
  }
}

TEST(Write, ResponsesLookAsRfc9112Says) {
  struct Case {
    ResponseHead head;
    BodyFraming framing;
    bool keep_alive;
    int minor;
    std::string expected;
  };
  for (const Case& c : std::vector<Case>{
           {{200, {{"a", "b"}}},
            BodyFraming::of_length(5),
            true,
            1,
            "HTTP/1.1 200 OK\r\na: b\r\ncontent-length: 5\r\n\r\n"},
           {{404, {}},
            BodyFraming::chunked(),
            false,
            1,
            "HTTP/1.1 404 Not Found\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"},
           {{204, {}}, BodyFraming::none(), true, 1, "HTTP/1.1 204 No Content\r\n\r\n"},
           {{200, {}}, BodyFraming::until_close(), true, 0, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n"},
           {{599, {}},
            BodyFraming::of_length(0),
            true,
            0,
            "HTTP/1.1 599 \r\ncontent-length: 0\r\nconnection: keep-alive\r\n\r\n"}}) {
    std::string bytes;
    ASSERT_TRUE(append_response_head(bytes, c.head, c.framing, c.keep_alive, c.minor));
    EXPECT_EQ(bytes, c.expected);
    EXPECT_EQ(testing::response_bytewise(bytes, "GET").substr(0, 3), std::to_string(c.head.status));
  }
}

TEST(Write, TakesFramingFromItsArgumentsOnly) {
  RequestHead head = kRequest;
  head.headers = {{"content-length", "1"}, {"transfer-encoding", "chunked"}, {"connection", "x"}, {"host", "b"},
                  {"keep-alive", "1"},     {"expect", "100-continue"}};
  std::string bytes;
  ASSERT_TRUE(append_request_head(bytes, head, BodyFraming::of_length(7)));
  EXPECT_EQ(bytes, "POST /v1?a=b HTTP/1.1\r\nhost: api.example.com:8443\r\ncontent-length: 7\r\n\r\n");
}

TEST(Write, RefusesWhatWouldSplitTheMessage) {
  using namespace std::string_literals;
  std::vector<RequestHead> heads(15, kRequest);
  heads[0].headers.add("x", "a\r\ncontent-length: 5");
  heads[1].headers.add("x", "a\nb");
  heads[2].headers.add("x", "a\0b"s);
  heads[3].headers.add("x\r\ny", "a");
  heads[4].headers.add("", "a");
  heads[5].headers.add("Content-Length", "5");
  heads[6].headers.add("x y", "a");
  heads[7].method = "GET /x HTTP/1.1\r\nX:";
  heads[8].method = "";
  heads[9].method = "CONNECT";
  heads[10].target = "/ HTTP/1.1\r\nx: y\r\n";
  heads[11].target = "x";
  heads[12].target = "";
  heads[13].authority = "a\r\nx: y";
  heads[14].authority = "";
  for (const RequestHead& head : heads) {
    std::string out = "before";
    const Status status = append_request_head(out, head, BodyFraming::none());
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().reason, Reason::internal);
    EXPECT_EQ(out, "before");
  }
  std::string out = "before";
  EXPECT_FALSE(append_response_head(out, {200, {{"x", "a\rb"}}}, BodyFraming::none(), true));
  EXPECT_FALSE(append_response_head(out, {99, {}}, BodyFraming::none(), true));
  EXPECT_FALSE(append_response_head(out, {200, {}}, BodyFraming::chunked(), true, 0));
  EXPECT_FALSE(append_request_head(out, kRequest, BodyFraming::until_close()));
  EXPECT_FALSE(append_last_chunk(out, {{"x", "a\r\n"}}));
  EXPECT_FALSE(append_last_chunk(out, {{"content-length", "1"}}));
  EXPECT_EQ(out, "before");
}

TEST(Write, ChunksAreReadBackAsTheyWere) {
  std::string bytes;
  std::string content;
  for (const std::string& piece :
       {std::string("a"), std::string(), std::string(15, 'b'), std::string(65536, '\r'), std::string("0\r\n\r\n")}) {
    append_chunk(bytes, piece);
    content += piece;
  }
  ASSERT_TRUE(append_last_chunk(bytes, {{"grpc-status", "0"}}));
  EXPECT_EQ(testing::body_in_steps(BodyFraming::chunked(), bytes, bytes.size()), content + "|grpc-status=0;|");
}

}  // namespace
}  // namespace watchword::http
