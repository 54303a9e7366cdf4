// No name leads to an address that hands out credentials of the machine, in whatever form it is written.
#include "net/forbidden_address.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace watchword::net {
namespace {

std::string kind_of(const std::string& text) {
  std::array<std::uint8_t, 16> bytes{};
  const bool v6 = text.find(':') != std::string::npos;
  EXPECT_EQ(inet_pton(v6 ? AF_INET6 : AF_INET, text.c_str(), bytes.data()), 1) << text;
  return std::string(forbidden_kind(std::span(bytes).first(v6 ? 16 : 4)));
}

TEST(ForbiddenAddress, IsKnownByItsKind) {
  const std::pair<const char*, const char*> cases[] = {{"169.254.169.254", "link-local"},
                                                       {"169.254.0.1", "link-local"},
                                                       {"fe80::1", "link-local"},
                                                       {"febf:ffff::1", "link-local"},
                                                       {"100.100.100.200", "cloud metadata"},
                                                       {"168.63.129.16", "cloud metadata"},
                                                       {"192.0.0.192", "cloud metadata"},
                                                       {"fd00:ec2::254", "cloud metadata"},
                                                       {"fd00:ec2::23", "cloud metadata"},
                                                       {"fd20:ce::254", "cloud metadata"},
                                                       {"fd00:c1::a9fe:a9fe", "cloud metadata"},
                                                       {"fd00:42::42", "cloud metadata"},
                                                       {"fd00:a9fe:a9fe::1", "cloud metadata"},
                                                       {"fd00:100::100:200", "cloud metadata"},
                                                       {"224.0.0.1", "multicast"},
                                                       {"239.255.255.255", "multicast"},
                                                       {"ff02::1", "multicast"},
                                                       {"0.0.0.0", "unspecified"},
                                                       {"0.1.2.3", "unspecified"},
                                                       {"::", "unspecified"},
                                                       {"255.255.255.255", "broadcast"}};
  for (const auto& [text, kind] : cases) EXPECT_EQ(kind_of(text), kind) << text;
}

TEST(ForbiddenAddress, IsSeenWithinAnIPv6Address) {
  for (const char* text : {"::ffff:169.254.169.254", "::ffff:a9fe:a9fe", "::169.254.169.254",
                           "::ffff:0:169.254.169.254", "64:ff9b::169.254.169.254", "64:ff9b::a9fe:a9fe",
                           "64:ff9b:1::169.254.169.254", "64:ff9b:1:fffe::169.254.169.254", "64:ff9b:1:a9fe:a9:fe00::",
                           "64:ff9b:1:a9:fe:a9fe::", "64:ff9b:1:0:a9:fea9:fe00:0", "2002:a9fe:a9fe::1"})
    EXPECT_EQ(kind_of(text), "link-local") << text;
  EXPECT_EQ(kind_of("::ffff:100.100.100.200"), "cloud metadata");
  EXPECT_EQ(kind_of("64:ff9b::0.0.0.0"), "unspecified");
}

TEST(ForbiddenAddress, NoOtherIs) {
  for (const char* text : {"127.0.0.1",
                           "::1",
                           "10.0.0.1",
                           "172.16.0.1",
                           "192.168.1.1",
                           "100.64.0.1",
                           "100.100.100.201",
                           "168.63.129.17",
                           "169.253.255.255",
                           "169.255.0.0",
                           "223.255.255.255",
                           "255.255.255.254",
                           "fd00::1",
                           "fd00:ec3::254",
                           "fec0::1",
                           "fd20:ce::255",
                           "2001:db8::1",
                           "::ffff:10.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::10.0.0.1",
                           "64:ff9b:1:a00:0:100::",
                           "2002:a00:1::1"})
    EXPECT_EQ(kind_of(text), "") << text;
}

TEST(ForbiddenAddress, IsRefusedWithWhatItIs) {
  const std::array<std::uint8_t, 4> metadata{169, 254, 169, 254}, backend{10, 0, 0, 1};
  const auto refused = refuse_forbidden(metadata);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::upstream_forbidden);
  EXPECT_EQ(refused.error().found, "169.254.169.254 (link-local)");
  EXPECT_TRUE(refuse_forbidden(backend));
}

}  // namespace
}  // namespace watchword::net
