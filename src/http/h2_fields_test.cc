#include "http/h2_fields.h"

#include <gmock/gmock.h>

#include <algorithm>

namespace watchword::http {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

FieldCollector collect(FieldBlock kind, const Fields& fields, HeadLimits limits = {}) {
  FieldCollector collector(kind, limits);
  for (const auto& [name, value] : fields) collector.add(name, value);
  return collector;
}

Result<FieldCollector::Request> request(const Fields& fields, HeadLimits limits = {}) {
  return collect(FieldBlock::request, fields, limits).request("https");
}
Result<FieldCollector::Response> response(const Fields& fields) {
  return collect(FieldBlock::response, fields).response();
}
Result<Headers> trailers(const Fields& fields, HeadLimits limits = kTrailerLimits) {
  return collect(FieldBlock::trailers, fields, limits).trailers();
}

Fields get(const Fields& more = {}) {
  Fields fields = {{":method", "GET"}, {":scheme", "http"}, {":authority", "A.example:1"}, {":path", "/p?q"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

// Like get(), with one pseudo field replaced, or left out when `value` is null.
Fields get_with(std::string_view name, const char* value) {
  Fields fields = get();
  const auto at = std::ranges::find(fields, name, &Fields::value_type::first);
  if (value == nullptr) {
    fields.erase(at);
  } else {
    at->second = value;
  }
  return fields;
}

Fields sent(const OutgoingFields& out) {
  Fields fields;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const nghttp2_nv& field = out.data()[i];
    fields.emplace_back(std::string(reinterpret_cast<const char*>(field.name), field.namelen),
                        std::string(reinterpret_cast<const char*>(field.value), field.valuelen));
  }
  return fields;
}

TEST(H2Fields, ReadsARequest) {
  const auto read = request(get({{"accept", "*/*"}, {"content-length", "3"}, {"te", "trailers"}}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head.method, "GET");
  EXPECT_EQ(read->head.scheme, "https") << "the connection's, not the client's";
  EXPECT_EQ(read->head.authority, "a.example:1");
  EXPECT_EQ(read->head.target, "/p?q");
  EXPECT_EQ(read->head.headers, (Headers{{"accept", "*/*"}, {"content-length", "3"}, {"te", "trailers"}}));
  EXPECT_EQ(read->content_length, 3);
  EXPECT_FALSE(read->expect_continue);
  EXPECT_FALSE(read->head.wants_tunnel());
}

TEST(H2Fields, TakesTheAuthorityFromHostWhereThatIsAllThereIs) {
  Fields fields = get_with(":authority", nullptr);
  EXPECT_FALSE(request(fields));
  fields.emplace_back("host", "B.example");
  const auto read = request(fields);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head.authority, "b.example");
  EXPECT_TRUE(read->head.headers.empty());
  EXPECT_TRUE(request(get({{"host", "a.example:1"}})));
  EXPECT_FALSE(request(get({{"host", "a.example"}})));
  EXPECT_FALSE(request(get({{"host", "a.example:1"}, {"host", "a.example:1"}})));
}

TEST(H2Fields, JoinsTheCrumbsOfACookie) {
  const auto read = request(get({{"cookie", "a=1"}, {"x", "y"}, {"cookie", "b=2"}}));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head.headers, (Headers{{"x", "y"}, {"cookie", "a=1; b=2"}}));
}

TEST(H2Fields, TellsTheExpectationApartFromTheHeaders) {
  const auto read = request(get({{"expect", "100-Continue"}}));
  ASSERT_TRUE(read);
  EXPECT_TRUE(read->expect_continue);
  EXPECT_TRUE(read->head.headers.empty());
  EXPECT_FALSE(request(get({{"expect", "200-ok"}})));
  EXPECT_FALSE(request(get({{"expect", "100-continue"}, {"expect", "100-continue"}})));
}

TEST(H2Fields, TellsAnExtendedConnectAsAGetThatWantsATunnel) {
  Fields fields = get_with(":method", "CONNECT");
  fields.emplace_back(":protocol", "WebSocket");
  fields.emplace_back("sec-websocket-version", "13");
  fields.emplace_back("sec-websocket-key", "left over");
  const auto read = request(fields);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head.method, "GET");
  EXPECT_EQ(read->head.protocol, "websocket");
  EXPECT_EQ(read->head.target, "/p?q");
  EXPECT_TRUE(read->head.headers.empty());
  EXPECT_TRUE(read->head.wants_tunnel());
  fields[4].second = "connect-udp";
  EXPECT_EQ(request(fields).error().reason, Reason::upgrade_unsupported);
  fields[4].second = "web socket";
  EXPECT_EQ(request(fields).error().reason, Reason::http_malformed);
  EXPECT_FALSE(request(get({{":protocol", "websocket"}})));  // with GET
}

TEST(H2Fields, RefusesAnotherVersionOfWebSocket) {
  Fields fields = get_with(":method", "CONNECT");
  fields.emplace_back(":protocol", "websocket");
  EXPECT_TRUE(request(fields)) << "none is said";
  fields.emplace_back("sec-websocket-version", "8");
  EXPECT_EQ(request(fields).error().found, "another version of WebSocket");
  fields.back().second = "13";
  EXPECT_TRUE(request(fields));
  fields.push_back(fields.back());
  EXPECT_EQ(request(fields).error().found, "another version of WebSocket");
}

TEST(H2Fields, ReadsConnectWithoutSchemeAndPath) {
  const auto read = request({{":method", "CONNECT"}, {":authority", "db.example:5432"}});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head.authority, "db.example:5432");
  EXPECT_EQ(read->head.target, "");
  EXPECT_TRUE(read->head.wants_tunnel());
  EXPECT_FALSE(request({{":method", "CONNECT"}, {":authority", "db.example"}}));
  EXPECT_FALSE(request({{":method", "CONNECT"}, {"host", "db.example:5432"}}));
  EXPECT_FALSE(request({{":method", "CONNECT"}, {":authority", "db.example:5432"}, {"content-length", "3"}}));
  EXPECT_FALSE(request(get_with(":method", "CONNECT")));
}

TEST(H2Fields, RefusesARequestThatIsMalformed) {
  const std::string nul("a\0b", 3);
  for (const Fields& fields : std::initializer_list<Fields>{
           {},
           get_with(":method", nullptr),
           get_with(":method", ""),
           get_with(":method", "GE T"),
           get_with(":scheme", nullptr),
           get_with(":scheme", "ftp"),
           get_with(":authority", ""),
           get_with(":authority", "user@a.example"),
           get_with(":path", nullptr),
           get_with(":path", ""),
           get_with(":path", "*"),
           get_with(":path", "p"),
           get_with(":path", "http://a.example/p"),
           get_with(":path", "/a b"),
           get_with(":path", "/a#b"),
           get_with(":path", "/\xc3\xa9"),
           get({{":path", "/p"}}),
           get({{"x", "y"}, {":protocol", "websocket"}}),
           get({{":status", "200"}}),
           get({{":unknown", "1"}}),
           get({{"", "empty name"}}),
           get({{"Accept", "*/*"}}),
           get({{"a b", "1"}}),
           get({{"a:b", "1"}}),
           get({{"x", nul}}),
           get({{"x", "a\nb"}}),
           get({{"x", "a\rb"}}),
           get({{"x", "a\x7f"}}),
           get({{"x", " a"}}),
           get({{"x", "a\t"}}),
           get({{"connection", "close"}}),
           get({{"keep-alive", "1"}}),
           get({{"proxy-connection", "1"}}),
           get({{"transfer-encoding", "chunked"}}),
           get({{"transfer_encoding", "chunked"}}),
           get({{"upgrade", "h2c"}}),
           get({{"http2-settings", "AAA"}}),
           get({{"te", "gzip"}}),
           get({{"te", "trailers, gzip"}}),
           get({{"content-length", "+1"}}),
           get({{"content-length", "01"}}),
           get({{"content-length", "1, 1"}}),
           get({{"content-length", "9223372036854775808"}}),
           get({{"content-length", "1"}, {"content-length", "1"}}),
           get({{"content_length", "1"}}),
       }) {
    const auto read = request(fields);
    ASSERT_FALSE(read) << (fields.empty() ? "" : fields.back().first + ": " + fields.back().second);
    EXPECT_EQ(read.error().reason, Reason::http_malformed);
    EXPECT_FALSE(read.error().found.empty());
  }
  Fields options = get_with(":path", "*");
  options[0].second = "OPTIONS";
  EXPECT_TRUE(request(options));
}

TEST(H2Fields, HoldsTheLimitsOfAHead) {
  const HeadLimits limits{.start_line = 7, .header_bytes = 50, .header_count = 3};
  EXPECT_TRUE(request(get(), limits));  // GET and /p?q are 7 bytes; the other pseudo fields 40
  EXPECT_TRUE(request(get({{"x", "12345"}}), limits));
  for (const Fields& fields : {get_with(":path", "/p?qr"), get({{"x", "123456"}})})
    EXPECT_EQ(request(fields, limits).error().reason, Reason::http_too_large);
  const HeadLimits few{.start_line = 100, .header_bytes = 1000, .header_count = 3};
  EXPECT_TRUE(request(get({{"a", ""}, {"b", ""}, {"cookie", ""}}), few));
  EXPECT_EQ(request(get({{"a", ""}, {"b", ""}, {"cookie", ""}, {"cookie", ""}}), few).error().reason,
            Reason::http_too_large);
}

TEST(H2Fields, KeepsNothingAfterTheFirstError) {
  FieldCollector collector(FieldBlock::request, {});
  for (const auto& [name, value] : get()) collector.add(name, value);
  EXPECT_FALSE(collector.failed());
  collector.reject("a field that HPACK refused");
  EXPECT_TRUE(collector.failed());
  collector.add("x", "y");
  EXPECT_THAT(collector.request("http").error().found, HasSubstr("HPACK"));
}

TEST(H2Fields, ReadsAResponse) {
  const auto read = response({{":status", "204"}, {"set-cookie", "a"}, {"set-cookie", "b"}, {"host", "x"}});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head.status, 204);
  EXPECT_EQ(read->head.headers, (Headers{{"set-cookie", "a"}, {"set-cookie", "b"}, {"host", "x"}}));
  EXPECT_EQ(response({{":status", "100"}})->head.status, 100);
  EXPECT_EQ(response({{":status", "200"}, {"content-length", "5"}})->content_length, 5);
}

TEST(H2Fields, RefusesAResponseThatIsMalformed) {
  for (const Fields& fields : std::initializer_list<Fields>{{},
                                                            {{"x", "y"}},
                                                            {{":status", "20"}},
                                                            {{":status", "+20"}},
                                                            {{":status", "2000"}},
                                                            {{":status", "099"}},
                                                            {{":status", "600"}},
                                                            {{":status", "101"}},
                                                            {{":status", "200"}, {":status", "200"}},
                                                            {{":status", "200"}, {":path", "/"}},
                                                            {{"x", "y"}, {":status", "200"}},
                                                            {{":status", "200"}, {"connection", "close"}}})
    EXPECT_FALSE(response(fields)) << (fields.empty() ? "" : fields.back().second);
}

TEST(H2Fields, ReadsTrailersWithinTheirOwnLimits) {
  EXPECT_EQ(trailers({{"grpc-status", "0"}}), (Headers{{"grpc-status", "0"}}));
  for (const Fields& fields : std::initializer_list<Fields>{
           {{":status", "200"}}, {{"authorization", "x"}}, {{"content-length", "1"}}, {{"X", "1"}}})
    EXPECT_EQ(trailers(fields).error().reason, Reason::http_malformed) << fields[0].first;
  EXPECT_EQ(trailers(Fields(33, {"x", "y"})).error().reason, Reason::http_too_large);
}

TEST(H2Fields, WritesARequest) {
  const RequestHead head{.method = "POST",
                         .scheme = "https",
                         .authority = "a.example",
                         .target = "/p",
                         .headers = {{"x", "y"}, {"connection", "x"}, {"te", "trailers"}, {"content-length", "9"}}};
  OutgoingFields out;
  ASSERT_TRUE(out.request(head, 3));
  EXPECT_THAT(sent(out), ElementsAre(Pair(":method", "POST"), Pair(":scheme", "https"), Pair(":path", "/p"),
                                     Pair(":authority", "a.example"), Pair("x", "y"), Pair("te", "trailers"),
                                     Pair("content-length", "3")));
}

TEST(H2Fields, WritesBothKindsOfConnect) {
  RequestHead head{.method = "CONNECT", .scheme = "https", .authority = "a.example:5432", .target = "", .headers = {}};
  OutgoingFields plain;
  ASSERT_TRUE(plain.request(head, std::nullopt));
  EXPECT_THAT(sent(plain), ElementsAre(Pair(":method", "CONNECT"), Pair(":authority", "a.example:5432")));
  EXPECT_FALSE(OutgoingFields().request(head, 3));

  head = {.method = "GET", .scheme = "https", .authority = "a.example", .target = "/ws", .headers = {}};
  head.protocol = "websocket";
  head.headers = {{"sec-websocket-key", "k"}, {"sec-websocket-version", "8"}, {"upgrade", "websocket"}};
  OutgoingFields extended;
  ASSERT_TRUE(extended.request(head, std::nullopt));
  EXPECT_THAT(sent(extended), ElementsAre(Pair(":method", "CONNECT"), Pair(":scheme", "https"), Pair(":path", "/ws"),
                                          Pair(":authority", "a.example"), Pair(":protocol", "websocket"),
                                          Pair("sec-websocket-version", "13")));
}

TEST(H2Fields, ReadsBackWhatItWrites) {
  const RequestHead head{.method = "PUT",
                         .scheme = "https",
                         .authority = "a.example:8443",
                         .target = "/p?q",
                         .headers = {{"accept", "a"}, {"accept", "b"}, {"x-empty", ""}}};
  OutgoingFields out;
  ASSERT_TRUE(out.request(head, std::nullopt));
  const auto read = request(sent(out));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->head.method, head.method);
  EXPECT_EQ(read->head.authority, head.authority);
  EXPECT_EQ(read->head.target, head.target);
  EXPECT_EQ(read->head.headers, head.headers);
}

TEST(H2Fields, WritesAResponseWithItsLengthAndDate) {
  const ResponseHead head{200, {{"x", "y"}, {"transfer-encoding", "chunked"}, {"te", "gzip"}}};
  OutgoingFields out;
  ASSERT_TRUE(out.response(head, 0, "now"));
  EXPECT_THAT(sent(out),
              ElementsAre(Pair(":status", "200"), Pair("x", "y"), Pair("content-length", "0"), Pair("date", "now")));
  const ResponseHead dated{404, {{"date", "then"}}};
  OutgoingFields second;
  ASSERT_TRUE(second.response(dated, std::nullopt, "now"));
  EXPECT_THAT(sent(second), ElementsAre(Pair(":status", "404"), Pair("date", "then")));
}

TEST(H2Fields, LetsHpackIndexOnlyWhatIsCertainlyNoCredential) {
  const ResponseHead head{200, {{"x-injected-key", "s"}, {"content-type", "y"}}};
  OutgoingFields out;
  ASSERT_TRUE(out.response(head, std::nullopt, {}));
  EXPECT_EQ(out.data()[1].flags, NGHTTP2_NV_FLAG_NO_INDEX);
  EXPECT_EQ(out.data()[2].flags, NGHTTP2_NV_FLAG_NONE);
}

TEST(H2Fields, SendsNothingThatCouldBreakTheMessage) {
  for (const Header& header : {Header{"X", "1"}, Header{"", "1"}, Header{":status", "1"}, Header{"x", "a\r\nb: c"}}) {
    EXPECT_FALSE(OutgoingFields().response({200, {header}}, std::nullopt, {})) << header.name;
    EXPECT_FALSE(OutgoingFields().trailers({header})) << header.name;
  }
  EXPECT_FALSE(OutgoingFields().response({101, {}}, std::nullopt, {}));
  EXPECT_FALSE(OutgoingFields().trailers({{"content-length", "1"}}));
  const RequestHead good{.method = "GET", .scheme = "http", .authority = "a", .target = "/", .headers = {}};
  EXPECT_TRUE(OutgoingFields().request(good, std::nullopt));
  for (std::string RequestHead::* part :
       {&RequestHead::method, &RequestHead::scheme, &RequestHead::authority, &RequestHead::target}) {
    RequestHead bad = good;
    bad.*part = "/ \r\n";
    EXPECT_FALSE(OutgoingFields().request(bad, std::nullopt));
  }
}

}  // namespace
}  // namespace watchword::http
