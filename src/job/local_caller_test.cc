#include "job/local_caller.h"

#include <gtest/gtest.h>

namespace watchword::job {
namespace {

const std::string kSecret = "dGhlIHJ1bidzIHNlY3JldCwgMjQg";

http::RequestHead request(std::string target, http::Headers headers = {}, std::string authority = "127.0.0.1:4711") {
  return {"GET", "http", std::move(authority), std::move(target), std::move(headers)};
}

// "BASE -> TARGET", or the reason.
std::string admitted(http::RequestHead head, By by = By::tcp, std::string_view secret = kSecret) {
  auto base = admit(head, Secret(secret), by);
  if (!base) return std::string(name(base.error().reason));
  EXPECT_EQ(head.headers.find("watchword-run"), nullptr);
  return *base + " -> " + head.target;
}

const std::string kRefused = "local_caller_refused";
const http::Headers kShown = {{"watchword-run", kSecret}};

TEST(LocalCaller, TakesTheSecretOutOfThePath) {
  EXPECT_EQ(admitted(request("/" + kSecret + "/v1/x?q=1")), "/" + kSecret + " -> /v1/x?q=1");
  EXPECT_EQ(admitted(request("/" + kSecret)), "/" + kSecret + " -> /");
  EXPECT_EQ(admitted(request("/" + kSecret + "/")), "/" + kSecret + " -> /");
  EXPECT_EQ(admitted(request("/" + kSecret + "?q=1")), "/" + kSecret + " -> /?q=1");
  EXPECT_EQ(admitted(request("/" + kSecret + "/" + kSecret + "/x")), "/" + kSecret + " -> /" + kSecret + "/x");
}

TEST(LocalCaller, TakesTheSecretAsAHeaderWhereverThePathBegins) {
  EXPECT_EQ(admitted(request("/pkg.Service/Method", kShown)), " -> /pkg.Service/Method");
  EXPECT_EQ(admitted(request("/", kShown)), " -> /");
  // It must not reach the gate either way.
  EXPECT_EQ(admitted(request("/" + kSecret + "/x", kShown)), "/" + kSecret + " -> /x");
}

TEST(LocalCaller, RefusesWhoDoesNotKnowTheSecret) {
  for (const auto& target :
       {std::string("/"), std::string("/v1/x"), std::string(""), std::string("*"), "/?" + kSecret, "/x?" + kSecret,
        "/x/" + kSecret + "/", "//" + kSecret + "/x", "/./" + kSecret + "/x", "/x/../" + kSecret + "/x",
        "/" + kSecret + "x/", "/" + kSecret.substr(1), "/" + kSecret.substr(0, 27), "/%64" + kSecret.substr(1) + "/x",
        "/" + kSecret + "%2fx", "/" + kSecret + ";/x", kSecret + "/x"})
    EXPECT_EQ(admitted(request(target)), kRefused) << target;
}

TEST(LocalCaller, RefusesAHeaderThatIsNotTheRunsOwnEvenWhereThePathIs) {
  EXPECT_EQ(admitted(request("/x", {{"watchword-run", "another"}})), kRefused);
  EXPECT_EQ(admitted(request("/x", {{"watchword-run", ""}})), kRefused);
  EXPECT_EQ(admitted(request("/x", {{"watchword-run", kSecret + ", " + kSecret}})), kRefused);
  EXPECT_EQ(admitted(request("/x", {{"watchword-run", kSecret}, {"watchword-run", kSecret}})), kRefused);
  EXPECT_EQ(admitted(request("/" + kSecret + "/x", {{"watchword-run", "another"}})), kRefused);
  EXPECT_EQ(admitted(request("/x", {{"x-watchword-run", kSecret}})), kRefused);
}

TEST(LocalCaller, TakesNobodyWithoutASecret) {
  EXPECT_EQ(admitted(request("//x"), By::tcp, ""), kRefused);
  EXPECT_EQ(admitted(request("/x", {{"watchword-run", ""}}), By::tcp, ""), kRefused);
}

TEST(LocalCaller, RefusesNamesThatWereMadeToMeanThisHost) {
  for (const auto* host : {"127.0.0.1", "127.0.0.1:80", "localhost", "localhost:4711", "[::1]", "[::1]:4711"})
    EXPECT_EQ(admitted(request("/x", kShown, host)), " -> /x") << host;
  for (const auto* host : {"evil.example.com", "127.0.0.1.example.com:4711", "localhost.example.com", "0.0.0.0:4711",
                           "127.0.0.2", "[::2]", "192.0.2.7", ""})
    EXPECT_EQ(admitted(request("/x", kShown, host)), kRefused) << host;
  // No page can reach a Unix socket, and its clients write there what they like.
  EXPECT_EQ(admitted(request("/x", kShown, "any.example.com"), By::unix_socket), " -> /x");
  EXPECT_EQ(admitted(request("/x"), By::unix_socket), kRefused);
}

TEST(LocalCaller, RefusesPagesOfOtherSites) {
  const auto with = [](std::string header, std::string value) {
    return admitted(request("/x", {{"watchword-run", kSecret}, {std::move(header), std::move(value)}}));
  };
  EXPECT_EQ(with("origin", "http://127.0.0.1:4711"), " -> /x");
  EXPECT_EQ(with("sec-fetch-site", "same-origin"), " -> /x");
  EXPECT_EQ(with("sec-fetch-site", "none"), " -> /x");  // somebody typed it
  for (const auto* origin : {"https://evil.example.com", "http://127.0.0.1:8080", "http://127.0.0.1",
                             "https://127.0.0.1:4711", "null", "", "http://127.0.0.1:4711.example.com"})
    EXPECT_EQ(with("origin", origin), kRefused) << origin;
  for (const auto* site : {"cross-site", "same-site", "", "Same-Origin"})
    EXPECT_EQ(with("sec-fetch-site", site), kRefused) << site;
}

}  // namespace
}  // namespace watchword::job
