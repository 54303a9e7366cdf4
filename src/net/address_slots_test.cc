// Who counts as one address, and that what has gone is forgotten.
#include "net/address_slots.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <atomic>
#include <cstring>
#include <thread>
#include <vector>

namespace watchword::net {
namespace {

sockaddr_storage socket_address(const char* text) {
  sockaddr_storage all{};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    std::memcpy(&all, &v4, sizeof v4);
  } else {
    EXPECT_EQ(::inet_pton(AF_INET6, text, &v6.sin6_addr), 1) << text;
    v6.sin6_family = AF_INET6;
    std::memcpy(&all, &v6, sizeof v6);
  }
  return all;
}
AddressKey key(const char* text) { return AddressKey::of(socket_address(text)).value(); }

TEST(AddressKey, IsAnIpv4AddressOrTheNetOfAnIpv6Address) {
  EXPECT_EQ(to_string(key("192.0.2.7")), "192.0.2.7");
  EXPECT_EQ(to_string(key("2001:db8:0:1:2:3:4:5")), "2001:db8:0:1::/64");
  EXPECT_EQ(key("2001:db8::1"), key("2001:db8::ffff:ffff:ffff:ffff"));
  EXPECT_NE(key("2001:db8::1"), key("2001:db8:0:1::1"));
  EXPECT_NE(key("192.0.2.7"), key("192.0.2.8"));
}

TEST(AddressKey, AnIpv4AddressIsTheSameInEitherForm) {
  EXPECT_EQ(key("::ffff:192.0.2.7"), key("192.0.2.7"));
  EXPECT_NE(key("::192.0.2.7"), key("192.0.2.7"));
}

TEST(AddressKey, AUnixSocketHasNone) {
  sockaddr_storage unix_socket{};
  unix_socket.ss_family = AF_UNIX;
  EXPECT_FALSE(AddressKey::of(unix_socket));
}

TEST(AddressSlots, EachAddressHasItsOwnPlacesAndGetsThemBack) {
  AddressSlots slots(2);
  const auto one = key("192.0.2.7"), other = key("192.0.2.8");
  EXPECT_TRUE(slots.take(one) && slots.take(one));
  EXPECT_FALSE(slots.take(one));
  EXPECT_TRUE(slots.take(other));
  slots.give_back(one);
  EXPECT_TRUE(slots.take(one));
  EXPECT_FALSE(slots.take(one));
}

TEST(AddressSlots, RemembersOnlyThoseThatAreConnected) {
  AddressSlots slots(1);
  for (std::uint32_t i = 0; i < 100'000; ++i) {
    const AddressKey passing{.v6 = true, .bits = i * 0x10001ULL};
    ASSERT_TRUE(slots.take(passing));
    ASSERT_FALSE(slots.take(passing));
    slots.give_back(passing);
  }
  EXPECT_EQ(slots.addresses(), 0U);
  AddressSlots none(0);
  EXPECT_FALSE(none.take(key("192.0.2.7")));
  EXPECT_EQ(none.addresses(), 0U);
}

TEST(AddressSlots, CountsRightFromManyThreads) {
  AddressSlots slots(3);
  std::atomic<int> there = 0, most = 0;
  std::vector<std::jthread> threads;
  for (int thread = 0; thread < 4; ++thread)
    threads.emplace_back([&] {
      for (int i = 0; i < 10'000; ++i) {
        if (!slots.take(key("192.0.2.7"))) continue;
        const int now = ++there;
        for (int before = most; before < now && !most.compare_exchange_weak(before, now);) {
        }
        --there;
        slots.give_back(key("192.0.2.7"));
      }
    });
  threads.clear();
  EXPECT_LE(most, 3);
  EXPECT_EQ(slots.addresses(), 0U);
}

}  // namespace
}  // namespace watchword::net
