// What Envoy passes on is read as the built-in gateway's own parser reads a request, or is refused.
#include "envoy/check_request.h"

#include <gmock/gmock.h>

#include "envoy/check_test_util.h"

namespace watchword::envoy {
namespace {

using ::testing::Pointee;

using std::string_literals::operator""s;

CheckRequest read(const wire::CheckRequest& check) { return read_check_request(check.SerializeAsString()).value(); }

// The reason why the client's request is none.
std::string why_not(const wire::CheckRequest& check) {
  const auto asked = read(check);
  return asked.malformed ? std::string(name(asked.malformed->reason)) : "well-formed";
}

// The same with one of the message's own fields and its pseudo header.
wire::CheckRequest with_path(const std::string& path) {
  auto check = envoys_check();
  http_of(check).set_path(path);
  (*http_of(check).mutable_headers())[":path"] = path;
  return check;
}

TEST(CheckRequest, IsTheClientsRequest) {
  const auto asked = read(envoys_check());
  ASSERT_FALSE(asked.malformed) << to_string(*asked.malformed);
  EXPECT_EQ(asked.resource, "billing-api");
  EXPECT_EQ(asked.request.method, "GET");
  EXPECT_EQ(asked.request.scheme, "https");
  EXPECT_EQ(asked.request.authority, "billing.gate.example.com");
  EXPECT_EQ(asked.request.target, "/v1/invoices?page=2");
  EXPECT_EQ(asked.request.headers, (http::Headers{{"accept", "*/*"}}));
  EXPECT_EQ(asked.peer.address, "192.0.2.7");
  EXPECT_EQ(asked.peer.port, 4242);
}

TEST(CheckRequest, TakesHeadersAsRawBytesToo) {
  auto check = envoys_check();
  http_of(check).clear_headers();
  auto& header = *http_of(check).mutable_header_map()->add_headers();
  header.set_key("x-name");
  header.set_raw_value("caf\xe9");
  auto& other = *http_of(check).mutable_header_map()->add_headers();
  other.set_key("x-name");
  other.set_value("tea");
  EXPECT_EQ(read(check).request.headers, (http::Headers{{"x-name", "caf\xe9"}, {"x-name", "tea"}}));
}

TEST(CheckRequest, TellsTwoCredentialsFromOneThatEnvoyHasJoined) {
  auto check = envoys_check();
  (*http_of(check).mutable_headers())["authorization"] = "Bearer a,Bearer b";
  (*http_of(check).mutable_headers())["dpop"] = "proof, another";
  (*http_of(check).mutable_headers())["accept"] = "text/html, */*";
  const auto headers = read(check).request.headers;
  EXPECT_EQ(headers.count("authorization"), 2u);
  EXPECT_EQ(headers.count("dpop"), 2u);
  EXPECT_THAT(headers.find("dpop"), Pointee("proof"s));
  EXPECT_THAT(headers.find("accept"), Pointee("text/html, */*"s));
}

TEST(CheckRequest, TheRouteNamesTheResourceAndNothingElseDoes) {
  auto check = envoys_check();
  check.mutable_attributes()->clear_context_extensions();
  (*http_of(check).mutable_headers())["watchword.resource"] = "ledger";
  (*http_of(check).mutable_headers())["x-watchword-resource"] = "ledger";
  EXPECT_EQ(read(check).resource, "");
}

TEST(CheckRequest, APseudoHeaderThatSaysAnotherThingIsRefused) {
  for (const auto* pseudo : {":method", ":path", ":authority", ":scheme", "host"}) {
    auto check = envoys_check();
    (*http_of(check).mutable_headers())[pseudo] = "/other";
    EXPECT_EQ(why_not(check), "http_malformed") << pseudo;
  }
}

TEST(CheckRequest, FieldsThatAreMissingAreThoseOfThePseudoHeaders) {
  auto check = envoys_check();
  for (auto clear :
       {&wire::AttributeContext::HttpRequest::clear_method, &wire::AttributeContext::HttpRequest::clear_path,
        &wire::AttributeContext::HttpRequest::clear_host, &wire::AttributeContext::HttpRequest::clear_scheme})
    (http_of(check).*clear)();
  EXPECT_EQ(why_not(check), "well-formed");
  EXPECT_EQ(read(check).request.target, "/v1/invoices?page=2");
  for (const auto* pseudo : {":method", ":path", ":authority", ":scheme"}) {
    auto lacking = check;
    http_of(lacking).mutable_headers()->erase(pseudo);
    EXPECT_EQ(why_not(lacking), "http_malformed") << pseudo;
  }
}

TEST(CheckRequest, ARequestThatNoStrictServerTakesIsRefused) {
  for (const auto& path : {"/v1/a b"s, "/v1/\x01"s, "/v1/caf\xe9"s, "/v1/x#frag"s, "/v1/\0x"s})
    EXPECT_EQ(why_not(with_path(path)), "http_malformed") << path;
  EXPECT_EQ(why_not(with_path("/" + std::string(9000, 'x'))), "http_too_large");
  for (const auto& [name, value] : std::vector<std::pair<std::string, std::string>>{{"X-Upper", "a"},
                                                                                    {"x name", "a"},
                                                                                    {"", "a"},
                                                                                    {"x-name", "a\r\nb: c"},
                                                                                    {"x-name", "a\0b"s},
                                                                                    {"x-caf\xe9", "a"}}) {
    auto check = envoys_check();
    http_of(check).clear_headers();
    auto& header = *http_of(check).mutable_header_map()->add_headers();
    header.set_key(name);
    header.set_raw_value(value);
    EXPECT_EQ(why_not(check), "http_malformed") << name;
  }
  for (const auto& host : {"a@b", "a/b", "a b", "billing.test:", "[::1"}) {
    auto check = envoys_check();
    http_of(check).clear_headers();
    http_of(check).set_host(host);
    EXPECT_EQ(why_not(check), "http_malformed") << host;
  }
}

TEST(CheckRequest, HeadersInTwoEncodingsAreRefused) {
  auto check = envoys_check();
  auto& header = *http_of(check).mutable_header_map()->add_headers();
  header.set_key("authorization");
  header.set_raw_value("Bearer another");
  EXPECT_EQ(why_not(check), "http_malformed");
}

TEST(CheckRequest, HoldsNoMoreHeadersThanTheGatewayTakes) {
  auto check = envoys_check();
  for (int i = 0; i < 95; ++i) (*http_of(check).mutable_headers())["x-" + std::to_string(i)] = "1";
  EXPECT_EQ(why_not(check), "well-formed");
  (*http_of(check).mutable_headers())["x-one-more"] = "1";
  EXPECT_EQ(why_not(check), "http_too_large");
}

TEST(CheckRequest, APeerThatIsNoAddressIsNone) {
  auto check = envoys_check();
  auto& source = *check.mutable_attributes()->mutable_source()->mutable_address()->mutable_socket_address();
  source.set_address("2001:db8::7");
  EXPECT_EQ(read(check).peer.address, "[2001:db8::7]");
  for (const auto& address : {"192.0.2.7\n"s, "billing.test"s, std::string(46, '1')}) {
    source.set_address(address);
    EXPECT_EQ(read(check).peer.address, "") << address;
  }
}

TEST(CheckRequest, WhatNoFilterSendsIsNoQuestion) {
  auto about_nothing = envoys_check();
  about_nothing.mutable_attributes()->clear_request();
  for (const auto& message :
       {"\xff\xff"s, std::string(), about_nothing.SerializeAsString(), std::string(600'000, '\0')}) {
    const auto asked = read_check_request(message);
    ASSERT_FALSE(asked) << message.size();
    EXPECT_EQ(asked.error().reason, Reason::request_invalid);
  }
}

http::RequestHead http_form(std::string target, http::Headers headers = {}) {
  return {"PUT", "http", "billing.test", std::move(target), std::move(headers)};
}

TEST(HttpCheck, IsTheClientsRequestBehindTheResourcesName) {
  const auto asked = read_http_check(http_form("/authz/billing-api/v1/x?y=/z"), {}, "/authz/").value();
  EXPECT_EQ(asked.resource, "billing-api");
  EXPECT_EQ(asked.request.target, "/v1/x?y=/z");
  EXPECT_EQ(asked.request.method, "PUT");
  EXPECT_EQ(asked.request.scheme, "https");
}

TEST(HttpCheck, ADotSegmentNamesNoOtherResource) {
  const auto asked = read_http_check(http_form("/authz/billing-api/../ledger/v1"), {}, "/authz/").value();
  EXPECT_EQ(asked.resource, "billing-api");
  EXPECT_EQ(asked.request.target, "/../ledger/v1");
}

TEST(HttpCheck, WithoutAPathThereIsNoQuestion) {
  for (const auto* target : {"/authz/", "/authz/billing-api"})
    EXPECT_EQ(read_http_check(http_form(target), {}, "/authz/").error().reason, Reason::request_invalid) << target;
}

TEST(HttpCheck, TakesCredentialsApartAndTheSchemeFromEnvoy) {
  const auto asked =
      read_http_check(
          http_form("/authz/a/x",
                    {{"authorization", "Bearer a, Bearer b"}, {"accept", "a, b"}, {"x-forwarded-proto", "http"}}),
          {}, "/authz/")
          .value();
  EXPECT_EQ(asked.request.headers.count("authorization"), 2u);
  EXPECT_THAT(asked.request.headers.find("accept"), Pointee("a, b"s));
  EXPECT_EQ(asked.request.scheme, "http");
}

}  // namespace
}  // namespace watchword::envoy
