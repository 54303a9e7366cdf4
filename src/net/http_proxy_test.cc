// A way through an HTTP proxy is taken only once the proxy has granted it.
#include "net/http_proxy.h"

#include <gtest/gtest.h>

namespace watchword::net {
namespace {

TEST(HttpProxy, IsAskedForHostAndPort) {
  EXPECT_EQ(proxy_preface("gate.example.com", 443, ""),
            "CONNECT gate.example.com:443 HTTP/1.1\r\nHost: gate.example.com:443\r\n\r\n");
  EXPECT_EQ(
      proxy_preface("2001:db8::7", 8444, "Basic eDp5"),
      "CONNECT [2001:db8::7]:8444 HTTP/1.1\r\nHost: [2001:db8::7]:8444\r\nProxy-Authorization: Basic eDp5\r\n\r\n");
}

TEST(HttpProxy, IsFoundInItsPrefaceOnly) {
  for (const auto* host : {"gate.example.com", "192.0.2.7", "2001:db8::7"})
    EXPECT_EQ(host_behind_proxy(proxy_preface(host, 443, "Basic eDp5")), host);
  EXPECT_EQ(host_behind_proxy(""), "");
  EXPECT_EQ(host_behind_proxy("PROXY TCP4 192.0.2.7 192.0.2.8 1 2\r\n"), "");
}

TEST(HttpProxy, GrantsByASuccessAndNothingMore) {
  for (const auto* answer : {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 200 Connection established\r\nvia: x\r\n\r\n",
                             "HTTP/1.1 200\r\n\r\n", "HTTP/1.1 299 x\r\n\r\n"})
    EXPECT_TRUE(proxy_grants(answer).value_or(false)) << answer;
  const std::string whole = "HTTP/1.1 200 OK\r\nvia: x\r\n\r\n";
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_FALSE(proxy_grants(whole.substr(0, size)).value()) << "it may still come";
}

TEST(HttpProxy, RefusesByAnythingElse) {
  for (const auto* answer :
       {"HTTP/1.1 407 x\r\n\r\n", "HTTP/1.1 502 x\r\n\r\n", "HTTP/1.1 100 x\r\n\r\n", "SSH-2.0-x\r\n\r\n", "\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nmore", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/2 200\r\n\r\n"}) {
    const auto granted = proxy_grants(answer);
    ASSERT_FALSE(granted) << answer;
    EXPECT_EQ(granted.error().reason, Reason::upstream_unreachable);
  }
  EXPECT_FALSE(proxy_grants(std::string(kMaxProxyAnswer, 'a')));
}

}  // namespace
}  // namespace watchword::net
