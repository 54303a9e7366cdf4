// The bytes that HAProxy's proxy-protocol.txt, 2.2, asks for.
#include "gateway/upstream_proxy_header.h"

#include <gtest/gtest.h>

namespace watchword::gateway {
namespace {

const std::string kSignature("\x0D\x0A\x0D\x0A\x00\x0D\x0A\x51\x55\x49\x54\x0A", 12);

TEST(ProxyHeader, CarriesAnIPv4Client) {
  EXPECT_EQ(proxy_header("192.0.2.7"),
            kSignature + std::string("\x21\x11\x00\x0C\xC0\x00\x02\x07\0\0\0\0\0\0\0\0", 16));
}

TEST(ProxyHeader, CarriesAnIPv6Client) {
  const std::string expected = kSignature + std::string("\x21\x21\x00\x24", 4) +
                               std::string("\x20\x01\x0D\xB8\0\0\0\0\0\0\0\0\0\0\0\x07", 16) + std::string(20, '\0');
  EXPECT_EQ(proxy_header("[2001:db8::7]"), expected);
  EXPECT_EQ(proxy_header("2001:db8::7"), expected);
}

TEST(ProxyHeader, SaysThatItIsTheGatesOwnWhereThereIsNoClient) {
  for (const char* client : {"", "[]", "localhost", "192.0.2.7, 192.0.2.8"})
    EXPECT_EQ(proxy_header(client), kSignature + std::string("\x20\x00\x00\x00", 4)) << client;
}

}  // namespace
}  // namespace watchword::gateway
