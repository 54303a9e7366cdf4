// Names are asked of a DNS server of the test's own (RFC 1035), which answers, refuses or is silent.
#include "net/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "net/fake_dns_test_util.h"
#include "net/forbidden_address.h"
#include "net/test_server.h"

namespace watchword::net {
namespace {

constexpr Steady::duration kAnyAge = Steady::duration::max();

std::string text(const NameAnswer& answer) {
  std::string all;
  for (const auto& address : answer.addresses) {
    std::array<char, INET6_ADDRSTRLEN> one{};
    ::inet_ntop(address.size == 4 ? AF_INET : AF_INET6, address.bytes.data(), one.data(), one.size());
    all += (all.empty() ? "" : " ") + std::string(one.data());
  }
  return all;
}

struct ResolverTest : ::testing::Test {
  std::shared_ptr<Resolver> make(NameCache::Limits limits = {}) const {
    return Resolver::make({.servers = {dns.server()}, .cache = limits});
  }
  // The addresses, or the error.
  static std::string find(Resolver& resolver, const std::string& name = "backend.example.com",
                          Steady::duration max_age = kAnyAge) {
    auto told = std::make_shared<std::promise<std::string>>();
    auto result = told->get_future();
    const auto entry = resolver.find(name, max_age, [told](Resolver::Found found) {
      told->set_value(found ? text(**found) : "error: " + found.error());
    });
    return entry.fresh ? text(*entry.answer) : result.get();
  }
  FakeDns dns;
};

TEST_F(ResolverTest, AsksOnceForAsLongAsTheTtlSays) {
  const auto resolver = make();
  dns.say({"192.0.2.1"}, 3600);
  EXPECT_EQ(find(*resolver), "192.0.2.1");
  dns.say({"192.0.2.2"}, 3600);
  EXPECT_EQ(find(*resolver), "192.0.2.1");
  EXPECT_EQ(dns.asked(), 1);
  EXPECT_EQ(find(*resolver, "other.example.com"), "192.0.2.2");
  EXPECT_EQ(find(*resolver, "backend.example.com", Steady::duration::zero()), "192.0.2.2");  // whoever wants it new
  EXPECT_EQ(find(*resolver), "192.0.2.2");
  EXPECT_EQ(dns.asked(), 3);
}

TEST_F(ResolverTest, AsksAgainWhenTheTtlHasPassed) {
  const auto resolver = make({.shortest = {}});  // so that it has passed at once
  dns.say({"192.0.2.1"}, 0);
  EXPECT_EQ(find(*resolver), "192.0.2.1");
  dns.say({"192.0.2.2"}, 0);
  EXPECT_EQ(find(*resolver), "192.0.2.2");
}

TEST_F(ResolverTest, KeepsTheLastAnswerWhileTheServerFailsAndNotWhenItSaysThatThereIsNone) {
  const auto resolver = make();
  dns.say({"192.0.2.1"}, 60);
  EXPECT_EQ(find(*resolver), "192.0.2.1");
  dns.refuse(FakeDns::Code::server_failure);
  EXPECT_EQ(find(*resolver, "backend.example.com", Steady::duration::zero()), "192.0.2.1");
  EXPECT_THAT(find(*resolver, "other.example.com"), ::testing::StartsWith("error: "));
  dns.refuse(FakeDns::Code::no_such_name);
  EXPECT_EQ(find(*make()), "error: Domain name not found");
  EXPECT_EQ(find(*resolver, "third.example.com"), "error: Domain name not found");
}

TEST_F(ResolverTest, AnswersAtOnceWhenItStopsAndFindsNothingAfterwards) {
  const auto resolver = make();
  std::atomic<int> told = 0;
  dns.say({"192.0.2.1"}, 60);
  for (int i = 0; i < 100; ++i)
    static_cast<void>(resolver->find(std::to_string(i) + ".example.com", kAnyAge, [&](const auto&) { ++told; }));
  resolver->stop();
  EXPECT_EQ(told, 100);
  EXPECT_FALSE(resolver->find("late.example.com", kAnyAge, [&](const auto&) { ++told; }).answer);
  EXPECT_EQ(told, 100);
}

TEST_F(ResolverTest, KnowsTheHostsFileAndLocalhost) {
  dns.refuse(FakeDns::Code::no_such_name);
  const auto found = find(*make(), "localhost");
  EXPECT_THAT(found, ::testing::AnyOf("127.0.0.1", "::1", "127.0.0.1 ::1", "::1 127.0.0.1"));
}

TEST_F(ResolverTest, ConnectGoesWhereTheNameLeadsAndNowhereElseOnceItHasMoved) {
  const EchoServer server("127.0.0.1:0");
  LoopPool pool(1, make());
  const auto ask_name = [&](const std::string& name) {
    auto to = server.address();
    to.host = name;
    auto dial = std::make_shared<Dial>();
    dial->permit = refuse_forbidden;
    to.dial = std::move(dial);
    std::promise<std::string> answer;
    pool.loops().front()->post([&answer, to] {
      spawn([](Address address, std::promise<std::string>& out) -> Task<void> {
        const auto got = co_await ask(std::move(address), nullptr, "hello");
        out.set_value(got ? *got : std::string(watchword::name(got.error().reason)));
      }(to, answer));
    });
    return answer.get_future().get();
  };
  dns.say({"127.0.0.1"}, 60);
  EXPECT_EQ(ask_name("backend.example.com"), "hello");
  // A name that changes its answer gains nothing: each address is looked at in the moment of connecting.
  dns.say({"169.254.169.254"}, 60);
  EXPECT_EQ(ask_name("rebound.example.com"), "upstream_forbidden");
  dns.say({"169.254.169.254", "127.0.0.1"}, 60);
  EXPECT_EQ(ask_name("both.example.com"), "hello");
}

TEST(DnsServer, IsAnAddressWithOrWithoutPort) {
  for (const char* good : {"192.0.2.53", "192.0.2.53:5353", "2001:db8::53", "[2001:db8::53]:53"})
    EXPECT_TRUE(check_dns_server(good)) << good;
  for (const char* bad : {"", "dns.example.com", "dns.example.com:53", "192.0.2.53:", "192.0.2.53:0",
                          "192.0.2.53:65536", "192.0.2.53,192.0.2.54", "unix:/run/dns", "[2001:db8::53]", ":53"})
    EXPECT_FALSE(check_dns_server(bad)) << bad;
}

}  // namespace
}  // namespace watchword::net
