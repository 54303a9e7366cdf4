#include "http/h1_request_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "http/h1_test_util.h"

namespace watchword::http {
namespace {

using ::testing::HasSubstr;
using testing::request_bytewise;
using testing::request_in_two;
using testing::show;

std::string parse(std::string_view bytes, HeadLimits limits = {}) {
  return request_in_two(bytes, bytes.size(), limits);
}

// A request with one valid Host and `headers` (each with its CRLF).
std::string with(std::string_view headers, std::string_view line = "POST / HTTP/1.1") {
  return std::string(line) + "\r\nHost: a\r\n" + std::string(headers) + "\r\n";
}

std::string with_host(std::string_view host) { return "GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"; }
std::string with_line(std::string_view line) { return with("", line); }

struct Refused {
  std::string name;
  std::string bytes;
  std::string found;
};

void expect_refused(const std::vector<Refused>& cases) {
  for (const Refused& c : cases) {
    const std::string outcome = parse(c.bytes);
    EXPECT_THAT(outcome, HasSubstr("http_malformed: found " + c.found)) << c.name;
    EXPECT_EQ(request_bytewise(c.bytes), outcome) << c.name;
  }
}

TEST(RequestParser, ReadsOrdinaryRequests) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"GET /a?b=c HTTP/1.1\r\nHost: Api.Example.com:8443\r\nAccept:  */* \t\r\nX-Empty:\r\n\r\n",
       "GET https://api.example.com:8443 /a?b=c 1.1 {accept=*/*;x-empty=;} none keep +"},
      {"POST /v1 HTTP/1.1\r\nhost: [::1]:80\r\ncontent-length: 5\r\n\r\nhello",
       "POST https://[::1]:80 /v1 1.1 {content-length=5;} length 5 keep +"},
      {"PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ChUnKeD\r\nExpect: 100-Continue\r\n\r\n5\r\n",
       "PUT https://a / 1.1 {} chunked keep expect +"},
      {"GET / HTTP/1.0\r\nHost: a\r\n\r\n", "GET https://a / 1.0 {} none close +"},
      {"GET / HTTP/1.0\r\nHost: a\r\nConnection: foo, Keep-Alive\r\n\r\n",
       "GET https://a / 1.0 {connection=foo, Keep-Alive;} none keep +"},
      {"GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive,, Close\r\n\r\n",
       "GET https://a / 1.1 {connection=keep-alive,, Close;} none close +"},
      {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS https://a * 1.1 {} none keep +"},
      {"GET HTTP://A.example?q HTTP/1.1\r\nHost: a.EXAMPLE\r\n\r\n", "GET https://a.example /?q 1.1 {} none keep +"},
      {"GET https://a:1/x HTTP/1.1\r\nHost: a:1\r\n\r\n", "GET https://a:1 /x 1.1 {} none keep +"},
      {"OPTIONS http://a HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS https://a * 1.1 {} none keep +"},
      {"GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "GET https://a / 1.1 {} none keep +"},
      {"GET /s?scope[]=a|b HTTP/1.1\r\nHost: a\r\nX: \xc3\xa4\xff\r\n\r\n",
       "GET https://a /s?scope[]=a|b 1.1 {x=\xc3\xa4\xff;} none keep +"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
       "POST https://a / 1.1 {content-length=0;} length 0 keep +"},
      {"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n",
       "POST https://a / 1.0 {content-length=1;} length 1 close +"},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9223372036854775807\r\n\r\n",
       "POST https://a / 1.1 {content-length=9223372036854775807;} length 9223372036854775807 keep +"},
  };
  for (const auto& [bytes, expected] : cases)
    EXPECT_EQ(parse(bytes), expected + std::to_string(bytes.find("\r\n\r\n") + 4)) << bytes;
}

TEST(RequestParser, RefusesEveryWayToDisagreeOnTheLength) {
  std::vector<Refused> cases = {
      {"CL.TE", with("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n"), "both content-length and transfer"},
      {"TE.CL", with("Transfer-Encoding: chunked\r\nContent-Length: 6\r\n"), "both content-length and transfer"},
      {"CL.0 with TE", with("Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"), "both content-length and transfer"},
      {"CL twice, differing", with("Content-Length: 1\r\nContent-Length: 2\r\n"), "header 'content-length' twice"},
      {"CL twice, the same", with("Content-Length: 1\r\nContent-Length: 1\r\n"), "header 'content-length' twice"},
      {"TE twice", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
       "header 'transfer-encoding' tw"},
      {"TE twice, identity", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
       "header 'transfer-e"},
      {"TE in HTTP/1.0", with("Transfer-Encoding: chunked\r\n", "POST / HTTP/1.0"), "transfer-encoding in HTTP/1.0"},
      {"TE by underscore", with("Transfer_Encoding: chunked\r\n"), "header 'transfer_encoding'"},
      {"CL by underscore", with("content_LENGTH: 1\r\n"), "header 'content_length'"},
  };
  for (const char* value : {"", "+1", "-1", "1,1", "1, 1", "1 1", "0x1", "1.0", "1e1", "01", "00", "1;", "\"1\"", "1\v",
                            "9223372036854775808", "18446744073709551616", "00000000000000000001", "\xd9\xa1", "one"})
    cases.push_back({"CL " + std::string(value), with("Content-Length: " + std::string(value) + "\r\n"), ""});
  for (const char* value :
       {"", "identity", "gzip", "gzip, chunked", "chunked, chunked", "chunked, identity", "chunked,", ",chunked",
        "xchunked", "chunkedx", "chunked;q=1", "\"chunked\"", "'chunked'", "chun ked", "\vchunked", "chunked\v", "cow",
        "\xc2\xa0"
        "chunked"})
    cases.push_back({"TE " + std::string(value), with("Transfer-Encoding: " + std::string(value) + "\r\n"), ""});
  expect_refused(cases);
}

TEST(RequestParser, RefusesLinesThatEndOrFoldOddly) {
  using namespace std::string_literals;
  expect_refused({
      {"bare LF after the request line", "GET / HTTP/1.1\nHost: a\r\n\r\n", "a line that ends with a bare LF"},
      {"bare LF after a header", "GET / HTTP/1.1\r\nHost: a\n\r\n", "a line that ends with a bare LF"},
      {"bare LF as the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", "a line that ends with a bare LF"},
      {"LF CR", "GET / HTTP/1.1\r\nHost: a\n\r\n\r\n", "a line that ends with a bare LF"},
      {"bare CR in a value", with("X: a\rb\r\n"), "a control character in header 'x'"},
      {"bare CR hides a header", with("X: a\rContent-Length: 5\r\n"), "a control character in header 'x'"},
      {"CR CR LF", with("X: a\r\r\n"), "a control character in header 'x'"},
      {"CR CR LF as the end", "GET / HTTP/1.1\r\nHost: a\r\n\r\r\n", "a header line without a colon"},
      {"bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: a\r\n\r\n", "a request target with characters"},
      {"NUL in a value", with("X: a\0b\r\n"s), "a control character in header 'x'"},
      {"NUL in a name", with("X\0: a\r\n"s), "a character that may not stand in a header's name"},
      {"NUL in the target", with_line("GET /\0 HTTP/1.1"s), "a request target with characters"},
      {"DEL in a value", with("X: \x7f\r\n"), "a control character in header 'x'"},
      {"folded header, space", with("X: a\r\n b\r\n"), "a folded header line"},
      {"folded header, tab", with("X: a\r\n\tContent-Length: 5\r\n"), "a folded header line"},
      {"space before the first header", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "a folded header line"},
      {"empty line first", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "a first byte that begins no method"},
      {"TLS on a plain port", "\x16\x03\x01\x02", "a TLS handshake on a port without TLS"},
  });
}

TEST(RequestParser, RefusesHeaderNamesThatAnotherParserMayTrim) {
  expect_refused({
      {"space before the colon", with("Content-Length : 5\r\n"), "white space between a header's name and the colon"},
      {"tab before the colon", with("Transfer-Encoding\t: chunked\r\n"), "white space between"},
      {"no name", with(": chunked\r\n"), "a header without a name"},
      {"no colon", with("Transfer-Encoding\r\n"), "a header line without a colon"},
      {"space in a name", with("X Y: 1\r\n"), "a character that may not stand in a header's name"},
      {"slash in a name", with("X/Y: 1\r\n"), "a character that may not"},
      {"control character in a name", with("X\bY: 1\r\n"), "a character that may not"},
      {"a byte beyond ASCII in a name", with("Content-Length\xa0: 1\r\n"), "a character that may not"},
      {"quoted name", with("\"Content-Length\": 1\r\n"), "a character that may not"},
      {"connection option", with("Connection: close(\r\n"), "header 'connection' with an option"},
  });
}

TEST(RequestParser, RefusesRequestLinesThatCanBeReadInTwoWays) {
  std::vector<Refused> cases;
  for (const char* line : {"GET /",
                           "GET  / HTTP/1.1",
                           "GET / HTTP/1.1 ",
                           "GET / a HTTP/1.1",
                           "GET /  HTTP/1.1",
                           "GET\t/ HTTP/1.1",
                           "GET /\tHTTP/1.1",
                           "GET / HTTP/1.1\v",
                           "G(T / HTTP/1.1",
                           "GET",
                           "G\xc3\x84T / HTTP/1.1",
                           "GET / http/1.1",
                           "GET / HTTP/1.2",
                           "GET / HTTP/1.10",
                           "GET / HTTP/01.1",
                           "GET / HTTP/2.0",
                           "PRI * HTTP/2.0",
                           "GET / HTTP/0.9",
                           "GET / HTTP/1",
                           "GET / HTTP/1,1",
                           "GET / HTTPS/1.1",
                           "GET / HTTP/ 1.1",
                           "GET /#f HTTP/1.1",
                           "GET /\xc3\xa4 HTTP/1.1",
                           "GET /\x7f HTTP/1.1",
                           "GET /\x01 HTTP/1.1",
                           "GET /\"<> HTTP/1.1",
                           "GET a HTTP/1.1",
                           "GET a:80 HTTP/1.1",
                           "GET ftp://a/ HTTP/1.1",
                           "GET http:/a HTTP/1.1",
                           "GET \\a HTTP/1.1",
                           "GET * HTTP/1.1",
                           "OPTIONS *a HTTP/1.1",
                           "GET ?q HTTP/1.1",
                           "GET http:///x HTTP/1.1",
                           "GET http://u@a/ HTTP/1.1",
                           "GET http://u:p@a/ HTTP/1.1",
                           "GET http://a\\@b/ HTTP/1.1",
                           "GET http://b/ HTTP/1.1",
                           "GET http://a:80/ HTTP/1.1",
                           "GET http://a./ HTTP/1.1"})
    cases.push_back({line, with_line(line), ""});
  expect_refused(cases);
}

ParsedRequest parsed(const std::string& text) {
  RequestParser parser("https", {});
  auto request = parser.parse(text);
  EXPECT_TRUE(request && *request) << text;
  return **request;
}

TEST(RequestParser, TellsTheAuthorityThatConnectNames) {
  const auto request = parsed("CONNECT Ledger-DB:5432 HTTP/1.1\r\nhost: ledger-db:5432\r\n\r\n");
  EXPECT_EQ(request.head.method, "CONNECT");
  EXPECT_EQ(request.head.authority, "ledger-db:5432");
  EXPECT_EQ(request.head.target, "");
  EXPECT_TRUE(request.head.wants_tunnel());
  EXPECT_EQ(request.framing, BodyFraming::until_close());
}

TEST(RequestParser, RefusesConnectThatCouldBeReadInTwoWays) {
  const std::string more = "\r\nhost: a:1\r\n";
  expect_refused(
      {{"no port", "CONNECT a HTTP/1.1\r\nhost: a\r\n\r\n", "a target of CONNECT that is not host:port"},
       {"path", "CONNECT /x HTTP/1.1" + more + "\r\n", "a target of CONNECT that is not host:port"},
       {"URL", "CONNECT http://a:1/ HTTP/1.1" + more + "\r\n", "a target of CONNECT that is not host:port"},
       {"user", "CONNECT u@a:1 HTTP/1.1" + more + "\r\n", "a target of CONNECT that is not host:port"},
       {"star", "CONNECT * HTTP/1.1" + more + "\r\n", "a target of CONNECT that is not host:port"},
       {"other host", "CONNECT b:1 HTTP/1.1" + more + "\r\n",
        "a request target whose authority is not that of header 'host'"},
       {"other port", "CONNECT a:2 HTTP/1.1" + more + "\r\n",
        "a request target whose authority is not that of header 'host'"},
       {"length", "CONNECT a:1 HTTP/1.1" + more + "content-length: 0\r\n\r\n", "content before the tunnel"},
       {"chunks", "CONNECT a:1 HTTP/1.1" + more + "transfer-encoding: chunked\r\n\r\n", "content before the tunnel"}});
}

std::string handshake(std::string_view changed, std::string_view to, std::string_view version = "HTTP/1.1") {
  std::string text = "GET /chat " + std::string(version) +
                     "\r\nhost: a\r\nconnection: Upgrade\r\nupgrade: WebSocket\r\nsec-websocket-version: 13\r\n"
                     "sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-protocol: chat\r\n\r\n";
  if (!changed.empty()) text.replace(text.find(changed), changed.size(), to);
  return text;
}

TEST(RequestParser, TakesTheHandshakeOutOfARequestForAWebSocket) {
  const auto request = parsed(handshake("", ""));
  EXPECT_EQ(request.head.protocol, "websocket");
  EXPECT_EQ(request.head.method, "GET");
  EXPECT_EQ(request.websocket_key, "dGhlIHNhbXBsZSBub25jZQ==");
  EXPECT_EQ(request.head.headers, Headers({{"connection", "Upgrade"}, {"sec-websocket-protocol", "chat"}}));
  EXPECT_EQ(request.framing, BodyFraming::until_close());
}

TEST(RequestParser, LeavesAloneWhatAsksForNoWebSocket) {
  for (const auto& text : {handshake("connection: Upgrade", "connection: close"), handshake("WebSocket", "h2c"),
                           handshake("", "", "HTTP/1.0")}) {
    const auto request = parsed(text);
    EXPECT_FALSE(request.head.wants_tunnel()) << text;
    EXPECT_EQ(request.framing, BodyFraming::none()) << text;
  }
}

TEST(RequestParser, RefusesABadHandshake) {
  expect_refused({{"method", handshake("GET", "POST"), "a WebSocket's handshake with another method or target"},
                  {"version", handshake("13", "8"), "another version of WebSocket"},
                  {"no version", handshake("sec-websocket-version: 13\r\n", ""), "another version of WebSocket"},
                  {"two versions", handshake("version: 13", "version: 13\r\nsec-websocket-version: 13"),
                   "another version of WebSocket"},
                  {"short key", handshake("dGhlIHNhbXBsZSBub25jZQ==", "dGhlIHNhbXBsZQ=="), "no sec-websocket-key"},
                  {"no key", handshake("sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n", ""), "no sec-websocket-key"},
                  {"content", handshake("host: a", "host: a\r\ncontent-length: 1"), "content before the tunnel"}});
}

TEST(RequestParser, DemandsExactlyOneValidHost) {
  std::vector<Refused> cases = {
      {"none", "GET / HTTP/1.1\r\nA: b\r\n\r\n", "no header 'host'"},
      {"none in HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "no header 'host'"},
      {"none with absolute form", "GET http://a/ HTTP/1.1\r\n\r\n", "no header 'host'"},
      {"two", with("Host: b\r\n"), "header 'host' twice"},
      {"twice the same", with("host: a\r\n"), "header 'host' twice"},
      {"folded", "GET / HTTP/1.1\r\nHost:\r\n a\r\n\r\n", "header 'host' that is not a name"},
  };
  for (const char* host :
       {"",        "a,b",   "a b",     "u@a",          "a/b",  "a\\b",  "http://a", "a:",  "a:x",       "a:+1", "a:0",
        "a:65536", "a:-1",  "a:80:80", "a:080808",     "a%00", "a%2eb", "a?b",      "a#b", "\xc3\xa4",  "[::1", "::1",
        "[::1]x",  "[::g]", "[v1.a]",  "[::1%25eth0]", "[]",   ":80",   "a\tb",     "a;b", "[1.2.3.4]", "\"a\""})
    cases.push_back({"host " + std::string(host), with_host(host), "header 'host' that is not"});
  cases.push_back({"very long", with_host(std::string(256, 'a')), "header 'host' that is not"});
  expect_refused(cases);
}

TEST(RequestParser, RefusesExpectationsThatItCannotMeet) {
  expect_refused({
      {"other", with("Expect: 200-ok\r\n"), "header 'expect'"},
      {"list", with("Expect: 100-continue, x\r\n"), "header 'expect'"},
      {"twice", with("Expect: 100-continue\r\nExpect: 100-continue\r\n"), "header 'expect'"},
  });
}

TEST(RequestParser, HoldsItsLimitsToTheByte) {
  const HeadLimits limits{20, 30, 3};  // "GET /23456 HTTP/1.1" has 19 bytes
  EXPECT_THAT(parse("GET /234567 HTTP/1.1\r\nHost: a\r\n\r\n", limits), HasSubstr("none keep"));
  EXPECT_THAT(parse("GET /2345678 HTTP/1.1\r\nHost: a\r\n\r\n", limits),
              HasSubstr("http_too_large: found a longer first"));
  EXPECT_THAT(parse("GET / HTTP/1.1\r\nHost: a\r\nX: 5678901234567890\r\n\r\n", limits), HasSubstr("none keep"));
  EXPECT_THAT(parse("GET / HTTP/1.1\r\nHost: a\r\nX: 567890123456789012\r\n\r\n", limits),
              HasSubstr("more bytes of headers"));
  EXPECT_THAT(parse("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\n\r\n", limits), HasSubstr("none keep"));
  EXPECT_THAT(parse("GET / HTTP/1.1\r\nHost: a\r\nA:\r\nB:\r\nC:\r\n\r\n", limits), HasSubstr("more headers"));
}

TEST(RequestParser, GivesUpOnEndlessLinesBeforeTheyEnd) {
  const HeadLimits limits{20, 30, 3};
  EXPECT_THAT(parse(std::string(22, 'A'), limits), HasSubstr("http_too_large"));
  EXPECT_THAT(parse("GET / HTTP/1.1\r\n" + std::string(32, 'a'), limits), HasSubstr("http_too_large"));
}

TEST(RequestParser, ReadsTheSameHoweverTheBytesAreCut) {
  const HeadLimits tight{24, 60, 4};
  for (const std::string& bytes :
       {with("Content-Length: 3\r\nX: y\r\n") + "abc", with("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n"),
        std::string("GET http://a/ HTTP/1.1\r\nX: " + std::string(60, 'y') + "\r\nHost: a\r\n\r\n"),
        with("A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n"), with_line("GET /" + std::string(30, 'p') + " HTTP/1.1"),
        with("X: a\nY: b\r\n"), std::string("GET / HTTP/1.1\r\nHost: a\r\nX")}) {
    for (const HeadLimits& limits : {HeadLimits{}, tight}) {
      const std::string whole = parse(bytes, limits);
      EXPECT_EQ(request_bytewise(bytes, limits), whole);
      for (std::size_t split = 0; split < bytes.size(); ++split)
        EXPECT_EQ(request_in_two(bytes, split, limits), whole) << "split at " << split << " of " << bytes;
    }
  }
}

TEST(RequestParser, ReadsPipelinedRequestsOneByOne) {
  std::string buffer =
      "POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGET GET /2 HTTP/1.0\r\nHost: b\r\n\r\nGET /3 HT";
  RequestParser parser("http", {});
  const auto first = parser.parse(buffer);
  ASSERT_TRUE(first && *first);
  EXPECT_EQ((*first)->head.target, "/1");
  buffer.erase(0, (*first)->consumed + (*first)->framing.length);
  const auto second = parser.parse(buffer);
  ASSERT_TRUE(second && *second);
  EXPECT_EQ((*second)->head.target, "/2");
  EXPECT_EQ((*second)->head.authority, "b");
  EXPECT_FALSE((*second)->keep_alive);
  buffer.erase(0, (*second)->consumed);
  EXPECT_EQ(show(parser.parse(buffer)), "more");
  EXPECT_EQ(show(parser.parse(buffer + "TP/1.1\r\nHost: c\r\n\r\n")), "GET http://c /3 1.1 {} none keep +28");
}

TEST(RequestParser, KeepsHeaderValuesOutOfErrors) {
  const std::string secret = "s3cret-t0ken";
  for (const std::string& bytes :
       {with("Authorization: " + secret + "\x01\r\n"), with("Authorization : " + secret + "\r\n"),
        with(secret + "\r\n"), with("Host: " + secret + "\r\n"), with("Content-Length: " + secret + "\r\n"),
        with("Connection: (" + secret + "\r\n"), with_line("GET /?token=" + secret + "# HTTP/1.1"),
        with_line(secret + " / HTTP/9.9")})
    EXPECT_THAT(parse(bytes), Not(HasSubstr(secret)));
}

}  // namespace
}  // namespace watchword::http
