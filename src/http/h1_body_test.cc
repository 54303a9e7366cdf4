#include "http/h1_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/h1_test_util.h"

namespace watchword::http {
namespace {

using testing::body_in_steps;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The outcome of the whole, after a check that no way of cutting the bytes changes it.
std::string decode(BodyFraming framing, std::string_view bytes, BodyLimits limits = {}) {
  const std::string whole = body_in_steps(framing, bytes, bytes.size(), limits);
  for (std::size_t step = 1; step < bytes.size(); ++step)
    EXPECT_EQ(body_in_steps(framing, bytes, step, limits), whole) << step << " bytes at a time of " << bytes;
  return whole;
}

std::string chunked(std::string_view bytes, BodyLimits limits = {}) {
  return decode(BodyFraming::chunked(), bytes, limits);
}

TEST(BodyDecoder, LeavesWhatFollowsALength) {
  EXPECT_EQ(decode(BodyFraming::of_length(5), "helloGET /"), "hello||GET /");
  EXPECT_EQ(decode(BodyFraming::of_length(5), "hell"), "hell|more");
  EXPECT_EQ(decode(BodyFraming::of_length(0), "GET /"), "||GET /");
  EXPECT_EQ(decode(BodyFraming::none(), "GET /"), "||GET /");
  EXPECT_EQ(decode(BodyFraming::until_close(), "all of it"), "all of it|more");
}

TEST(BodyDecoder, ReadsChunksAndTrailers) {
  EXPECT_EQ(chunked("5\r\nhello\r\n0\r\n\r\nGET /"), "hello||GET /");
  EXPECT_EQ(chunked("5\r\nhello\r\n00b\r\n world\r\nabc\r\n000\r\n\r\n"), "hello world\r\nabc||");
  EXPECT_EQ(chunked("A\r\n0123456789\r\n0\r\nGrpc-Status: 0\r\nX: \r\n\r\nrest"), "0123456789|grpc-status=0;x=;|rest");
  EXPECT_EQ(chunked("0\r\n\r\n"), "||");
}

TEST(BodyDecoder, ReadsAndDropsWellFormedExtensions) {
  EXPECT_EQ(chunked("1;a\r\nx\r\n1;a=b;c=\"d;\\\"\"\r\ny\r\n0;end=1\r\n\r\n"), "xy||");
}

TEST(BodyDecoder, RefusesEveryChunkThatAnotherParserMayReadDifferently) {
  using namespace std::string_literals;
  for (const std::string& bytes :
       {"\r\nhello"s, ";a\r\nhello"s, " 5\r\nhello"s, "5 \r\nhello"s, "5\t\r\nhello"s, "+5\r\nhello"s, "-5\r\nhello"s,
        "0x5\r\nhello"s, "5h\r\nhello"s, "5,\r\nhello"s, "5_0\r\nhello"s, "00000000000000005\r\nhello"s,
        "10000000000000000\r\n"s, "fffffffffffffffff\r\n"s, "\xd9\xa5\r\nhello"s, "5\0\r\nhello"s, "5\r\r\nhello"s,
        // terminators
        "5\nhello\r\n0\r\n\r\n"s, "5\r\nhello\n0\r\n\r\n"s, "5\r\nhelloX"s, "5\r\nhello0\r\n\r\n"s, "5\r\nhello\r0"s,
        "5\r\nhelloworld"s, "5\r\nhello\r\n\r\n0\r\n\r\n"s, "0\n\n"s, "0\r\n\n"s, "0\r\n\rX"s + "\r\n",
        // extensions
        "5;\r\nhello"s, "5;;\r\nhello"s, "5; a\r\nhello"s, "5 ;a\r\nhello"s, "5;a=\r\nhello"s, "5;a=\"\r\nhello"s,
        "5;a=\"x\\\"\r\nhello"s, "5;a\nb\r\nhello"s, "5;a\rb\r\nhello"s, "5;a=b c\r\nhello"s, "5;\"a\"\r\nhello"s,
        "5;a=\"\x01\"\r\nhello"s, "5;a\n\r\nhello"s,
        // trailers
        "0\r\nX\r\n\r\n"s, "0\r\nX : y\r\n\r\n"s, "0\r\n: y\r\n\r\n"s, "0\r\nX: y\r\n z\r\n\r\n"s,
        "0\r\n X: y\r\n\r\n"s, "0\r\nX: y\n\r\n"s, "0\r\nX: \r y\r\n\r\n"s, "0\r\nX: \0\r\n\r\n"s})
    EXPECT_THAT(chunked(bytes), HasSubstr("|http_malformed: found ")) << bytes;
}

TEST(BodyDecoder, RefusesTrailersThatChangeWhatWasDecided) {
  for (const char* name : {"Content-Length",
                           "Transfer-Encoding",
                           "Host",
                           "Authorization",
                           "Proxy-Authorization",
                           "Cookie",
                           "Set-Cookie",
                           "Content-Type",
                           "Content-Encoding",
                           "Content-Range",
                           "Trailer",
                           "TE",
                           "Connection",
                           "Upgrade",
                           "Expect",
                           "DPoP",
                           "If-Match",
                           "X-Forwarded-For",
                           "Forwarded",
                           "Cache-Control",
                           "content_length",
                           "Transfer_Encoding",
                           "WWW-Authenticate",
                           "Max-Forwards",
                           "Range",
                           "Keep-Alive"})
    EXPECT_THAT(chunked("0\r\n" + std::string(name) + ": 1\r\n\r\n"), HasSubstr("as a trailer")) << name;
}

TEST(BodyDecoder, HoldsTheBodysLimit) {
  BodyLimits limits;
  limits.body_bytes = 5;
  EXPECT_EQ(decode(BodyFraming::of_length(5), "hello", limits), "hello||");
  EXPECT_THAT(decode(BodyFraming::of_length(6), "hello!", limits), StartsWith("|http_too_large"));
  EXPECT_EQ(chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", limits), "abcde||");
  EXPECT_THAT(chunked("3\r\nabc\r\n3\r\ndef\r\n", limits), StartsWith("abc|http_too_large"));
  EXPECT_THAT(chunked("1\r\na\r\nffffffffffffffff\r\n", limits), StartsWith("a|http_too_large"));
  EXPECT_EQ(decode(BodyFraming::until_close(), "hello", limits), "hello|more");
  EXPECT_THAT(body_in_steps(BodyFraming::until_close(), "hello!", 1, limits), StartsWith("hello|http_too_large"));
}

TEST(BodyDecoder, RefusesATooLargeLengthBeforeAnyByteCame) {
  BodyLimits limits;
  limits.body_bytes = 5;
  const auto step = BodyDecoder(BodyFraming::of_length(6), limits).feed("");
  ASSERT_FALSE(step);
  EXPECT_EQ(step.error().reason, Reason::http_too_large);
}

TEST(BodyDecoder, HoldsTheLimitsOfExtensionsAndTrailers) {
  BodyLimits limits{100, 12, 2, 4};
  EXPECT_EQ(chunked("1;abc\r\nx", limits), "x|more");
  EXPECT_THAT(chunked("1;ab\r\nx\r\n1;c\r\ny\r\n", limits), StartsWith("x|http_too_large"));
  EXPECT_THAT(chunked("1;" + std::string(40, 'a'), limits), StartsWith("|http_too_large"));
  EXPECT_EQ(chunked("0\r\na: b\r\nc: d\r\n\r\n", limits), "|a=b;c=d;|");
  EXPECT_THAT(chunked("0\r\na: b\r\nc: de\r\n\r\n", limits), StartsWith("|http_too_large"));
  EXPECT_THAT(chunked("0\r\na:\r\nb:\r\nc:\r\n\r\n", BodyLimits{100, 100, 2, 4}), StartsWith("|http_too_large"));
  EXPECT_THAT(chunked("0\r\n" + std::string(40, 'a'), limits), StartsWith("|http_too_large"));
}

TEST(BodyDecoder, TellsACutBodyFromAnEndedOne) {
  const auto end = [](BodyFraming framing, std::string_view bytes) {
    BodyDecoder decoder(framing, {});
    for (std::size_t at = 0; at < bytes.size();) at += decoder.feed(bytes.substr(at))->consumed;
    const Status status = decoder.end_of_stream();
    return status ? std::string(decoder.done() ? "done" : "open") : status.error().found;
  };
  EXPECT_EQ(end(BodyFraming::until_close(), "abc"), "done");
  EXPECT_EQ(end(BodyFraming::until_close(), ""), "done");
  EXPECT_EQ(end(BodyFraming::of_length(3), "abc"), "done");
  EXPECT_EQ(end(BodyFraming::of_length(3), "ab"), "a body that is cut short");
  for (const char* bytes :
       {"", "3", "3\r\n", "3\r\nab", "3\r\nabc\r\n", "3\r\nabc\r\n0\r\n", "3\r\nabc\r\n0\r\nx: y\r\n"})
    EXPECT_EQ(end(BodyFraming::chunked(), bytes), "a body that is cut short") << bytes;
}

TEST(BodyDecoder, GivesViewsIntoTheInput) {
  BodyDecoder decoder(BodyFraming::chunked(), {});
  const std::string input = "3\r\nabc\r\n0\r\n\r\n";
  const auto step = decoder.feed(input);
  ASSERT_TRUE(step);
  EXPECT_EQ(step->piece.data(), input.data() + 3);
  EXPECT_EQ(step->consumed, 6u);
  EXPECT_EQ(decoder.received(), 3u);
}

}  // namespace
}  // namespace watchword::http
