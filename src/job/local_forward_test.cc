#include "job/local_forward.h"

#include <gtest/gtest.h>

namespace watchword::job {
namespace {

const std::string kLocal = "http://127.0.0.1:4711/SECRET";

Site site(const std::string& url = "https://billing.gate.example.com:8444") {
  auto made = Site::of(url);
  EXPECT_TRUE(made) << url;
  return *std::move(made);
}

http::RequestHead request(std::string target, http::Headers headers = {}) {
  return {"POST", "http", "127.0.0.1:4711", std::move(target), std::move(headers)};
}

TEST(LocalForward, ASiteIsTheOriginAndThePrefixOfItsUrl) {
  const auto one = site();
  EXPECT_EQ(one.origin.authority, "billing.gate.example.com:8444");
  EXPECT_EQ(one.prefix, "");
  const auto two = site("https://gate.example.com/billing/");
  EXPECT_EQ(two.root(), "https://gate.example.com");
  EXPECT_EQ(two.prefix, "/billing");
  EXPECT_EQ(two.origin.address.port, 443);
  EXPECT_EQ(site("http://127.0.0.1:8080").root(), "http://127.0.0.1:8080");
}

TEST(LocalForward, NoTokenGoesOverANetworkInPlain) {
  for (const auto* url :
       {"http://billing.gate.example.com", "http://192.0.2.7:8080/x", "http://localhost.example.com"}) {
    const auto made = Site::of(url);
    ASSERT_FALSE(made) << url;
    EXPECT_EQ(made.error().reason, Reason::gate_untrusted);
  }
  EXPECT_FALSE(Site::of("ftp://gate.example.com"));
  EXPECT_FALSE(Site::of("https://user@gate.example.com"));
}

TEST(LocalForward, ARequestGoesToTheResourceWithItsTargetAsItWasSent) {
  const auto head = to_gate(request("/a%20b/./c?q=/../x"), site(), kLocal);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->target, "/a%20b/./c?q=/../x");
  EXPECT_EQ(head->authority, "billing.gate.example.com:8444");
  EXPECT_EQ(head->scheme, "https");
  EXPECT_EQ(to_gate(request("/x?q=1"), site("https://gate.example.com/billing"), kLocal)->target, "/billing/x?q=1");
}

TEST(LocalForward, NoPathLeadsOutOfThePrefix) {
  const auto prefixed = site("https://gate.example.com/billing");
  for (const auto* path : {"/../admin", "/%2e%2e/admin", "/x/../../admin", "/..%2fadmin", "/%252e%252e/admin", "//x",
                           "/..;/admin", "/\\..\\admin"}) {
    const auto head = to_gate(request(path), prefixed, kLocal);
    ASSERT_FALSE(head) << path;
    EXPECT_EQ(head.error().reason, Reason::path_ambiguous) << path;
  }
}

TEST(LocalForward, DropsWhatACallerCouldSmuggle) {
  const auto head = to_gate(request("/x", {{"authorization", "Bearer other"},
                                           {"authorization", "DPoP other"},
                                           {"proxy-authorization", "Basic other"},
                                           {"dpop", "proof"},
                                           {"watchword-run", "secret"},
                                           {"expect", "100-continue"},
                                           {"connection", "keep-alive, x-mine"},
                                           {"keep-alive", "5"},
                                           {"te", "trailers"},
                                           {"transfer-encoding", "chunked"},
                                           {"upgrade", "h2c"},
                                           {"x-mine", "1"},
                                           {"cookie", "a=b"},
                                           {"x-other", "2"}}),
                            site(), kLocal);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->headers, (http::Headers{{"cookie", "a=b"}, {"x-other", "2"}}));
  http::Headers trailers{{"authorization", "Bearer other"}, {"checksum", "1"}, {"dpop", "x"}, {"te", "x"}};
  trailers_to_gate(trailers);
  EXPECT_EQ(trailers, (http::Headers{{"checksum", "1"}}));
}

TEST(LocalForward, GrpcKeepsItsTe) {
  const http::Headers grpc{{"content-type", "application/grpc+proto"}, {"te", "trailers"}};
  EXPECT_EQ(to_gate(request("/pkg.Service/Method", grpc), site(), kLocal)->headers, grpc);
}

TEST(LocalForward, TheRunsSecretDoesNotLeaveWithReferer) {
  const auto head = to_gate(request("/x", {{"origin", "http://127.0.0.1:4711"}, {"referer", kLocal + "/page?q"}}),
                            site("https://gate.example.com/billing"), kLocal);
  ASSERT_TRUE(head);
  EXPECT_EQ(head->headers, (http::Headers{{"origin", "https://gate.example.com"},
                                          {"referer", "https://gate.example.com/billing/page?q"}}));
}

TEST(LocalForward, TheRunsSecretDoesNotLeaveWithAddressesInOtherForms) {
  const auto of = [](const char* name, const char* value) {
    return to_gate(request("/x", {{name, value}}), site(), kLocal)->headers;
  };
  EXPECT_EQ(of("destination", "http://127.0.0.1:4711/SECRET/b"),
            (http::Headers{{"destination", "https://billing.gate.example.com:8444/b"}}));
  EXPECT_EQ(of("destination", "/SECRET/b"), http::Headers());
  EXPECT_EQ(of("referer", "http://localhost:4711/SECRET/page"), http::Headers());
  EXPECT_EQ(of("referer", "http://localhost:4711/page"), (http::Headers{{"referer", "http://localhost:4711/page"}}));
}

std::string location(std::string value, const Site& of = site(), std::string_view local = kLocal) {
  const auto head = to_caller({201, {{"location", std::move(value)}, {"connection", "close"}}}, of, local);
  EXPECT_EQ(head.headers.size(), 1u);
  return *head.headers.find("location");
}

TEST(LocalForward, WhatLeadsToTheResourceLeadsBackHere) {
  EXPECT_EQ(location("https://billing.gate.example.com:8444/v1/7?x#y"), kLocal + "/v1/7?x#y");
  EXPECT_EQ(location("https://billing.gate.example.com:8444"), kLocal);
  EXPECT_EQ(location("//billing.gate.example.com:8444/v1"), kLocal + "/v1");
  EXPECT_EQ(location("/v1/7"), "/SECRET/v1/7");
  EXPECT_EQ(location("/v1/7", site(), "http://127.0.0.1:4711"), "/v1/7");
  const auto prefixed = site("https://gate.example.com/billing");
  EXPECT_EQ(location("https://gate.example.com/billing/7", prefixed), kLocal + "/7");
  EXPECT_EQ(location("/billing/7", prefixed), "/SECRET/7");
  const auto head = to_caller({201, {{"content-location", "/v1"}}}, site(), kLocal);
  EXPECT_EQ(head.headers, (http::Headers{{"content-location", "/SECRET/v1"}}));
}

TEST(LocalForward, WhatLeadsElsewhereIsLeft) {
  for (const auto* elsewhere :
       {"https://billing.gate.example.com/v1", "https://billing.gate.example.com:84440/v1",
        "https://billing.gate.example.com:8444.example.org/", "https://billing.gate.example.com:8444@example.org/",
        "http://billing.gate.example.com:8444/v1", "//example.org/v1", "v1/7", "?q=1", ""})
    EXPECT_EQ(location(elsewhere), elsewhere);
  const auto prefixed = site("https://gate.example.com/billing");
  EXPECT_EQ(location("/billings/7", prefixed), "/billings/7");
  EXPECT_EQ(location("https://gate.example.com/other", prefixed), "https://gate.example.com/other");
}

}  // namespace
}  // namespace watchword::job
