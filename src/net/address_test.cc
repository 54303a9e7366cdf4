#include <gtest/gtest.h>

#include "net/stream.h"

namespace watchword::net {
namespace {

TEST(Address, IsReadAndWritten) {
  struct Case {
    std::string_view text, host;
    std::uint16_t port;
    bool loopback;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"127.0.0.1:8443", "127.0.0.1", 8443, true},
           {"127.9.9.9:1", "127.9.9.9", 1, true},
           {"[::1]:0", "::1", 0, true},
           {"[2001:db8::7]:443", "2001:db8::7", 443, false},
           {":65535", "", 65535, false},
           {"localhost:80", "localhost", 80, true},
           {"billing.localhost:80", "billing.localhost", 80, true},
           {"billinglocalhost:80", "billinglocalhost", 80, false},
           {"localhost.example.com:80", "localhost.example.com", 80, false},
           {"192.0.2.7:443", "192.0.2.7", 443, false},
       }) {
    const auto address = parse_address(c.text);
    ASSERT_TRUE(address) << c.text;
    EXPECT_EQ(address->host, c.host);
    EXPECT_EQ(address->port, c.port);
    EXPECT_EQ(address->loopback(), c.loopback) << c.text;
    EXPECT_EQ(to_string(*address), c.text);
  }
}

TEST(Address, OfAUnixSocketIsAPath) {
  const auto address = parse_address("unix:/run/watchword/admin.sock");
  ASSERT_TRUE(address);
  EXPECT_EQ(address->unix_path, "/run/watchword/admin.sock");
  EXPECT_TRUE(address->loopback());
  EXPECT_EQ(to_string(*address), "unix:/run/watchword/admin.sock");
}

TEST(Address, IsLiteralOrANameToResolve) {
  for (const char* text : {"127.0.0.1:1", "[::1]:1", "[2001:db8::7]:1", "unix:/run/x"})
    EXPECT_TRUE(parse_address(text)->literal()) << text;
  for (const char* text : {"localhost:1", "a.example.com:1", "2130706433:1", "0x7f.1:1", "127.1:1", "169.254.43518:1"})
    EXPECT_FALSE(parse_address(text)->literal()) << text;
}

TEST(Address, IsRefusedWhenMalformed) {
  for (const std::string& text :
       {std::string(), std::string("8443"), std::string("host"), std::string("host:"), std::string("host:65536"),
        std::string("host:-1"), std::string("host:80x"), std::string("host:+80"), std::string("::1:80"),
        std::string("[::1:80"), std::string("[host]:80"), std::string("[]:80"), std::string("ho st:80"),
        std::string("host\0x:80", 9), std::string("user@host:80"), std::string("unix:"), std::string("unix:relative"),
        "unix:/" + std::string(120, 'a'), "unix:/a" + std::string(1, '\0')}) {
    const auto address = parse_address(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(address.error().reason, Reason::config_invalid);
  }
}

}  // namespace
}  // namespace watchword::net
