// Which endpoints are in rotation, by checks and by what came of requests; which of them is next.
#include "gateway/upstream.h"

#include <gtest/gtest.h>

#include "gateway/upstream_balancer.h"

namespace watchword::gateway {
namespace {

using std::chrono::seconds;

const Upstream::Now kStart{std::chrono::hours(1)};

policy::HttpTarget target(std::size_t endpoints) {
  policy::HttpTarget target;
  for (std::size_t i = 0; i < endpoints; ++i)
    target.upstream.endpoints.push_back("http://127.0.0.1:" + std::to_string(8080 + i));
  return target;
}
std::shared_ptr<Upstream> make(const policy::HttpTarget& target) { return Upstream::make(target).value(); }

TEST(Upstream, AnEndpointIsEjectedByFailuresInARowForATime) {
  auto settings = target(2);
  settings.upstream.eject_after = 3;
  settings.upstream.eject_time = seconds(30);
  const auto upstream = make(settings);
  EXPECT_FALSE(upstream->failed(0, kStart));
  EXPECT_FALSE(upstream->failed(0, kStart));
  upstream->succeeded(0);
  EXPECT_FALSE(upstream->failed(0, kStart));
  EXPECT_FALSE(upstream->failed(0, kStart));
  EXPECT_TRUE(upstream->in_rotation(0, kStart));
  EXPECT_TRUE(upstream->failed(0, kStart));
  EXPECT_FALSE(upstream->in_rotation(0, kStart));
  EXPECT_EQ(upstream->count_in_rotation(kStart), 1u);
  EXPECT_FALSE(upstream->in_rotation(0, kStart + seconds(29)));
  EXPECT_TRUE(upstream->in_rotation(0, kStart + seconds(30)));
}

TEST(Upstream, AnEndpointThatIsBackIsEjectedByItsNextFailure) {
  const auto upstream = make(target(1));
  for (unsigned i = 1; i < upstream->settings().eject_after; ++i) EXPECT_FALSE(upstream->failed(0, kStart));
  EXPECT_TRUE(upstream->failed(0, kStart));
  EXPECT_FALSE(upstream->failed(0, kStart + seconds(1)));  // of a request begun before: it is out already
  const auto back = kStart + seconds(31);
  EXPECT_TRUE(upstream->in_rotation(0, back));
  EXPECT_TRUE(upstream->failed(0, back));
  upstream->succeeded(0);  // an answer is better evidence than the time that was set
  EXPECT_TRUE(upstream->in_rotation(0, back));
  EXPECT_FALSE(upstream->failed(0, back));
}

TEST(Upstream, ChecksTakeAnEndpointOutAndBringItBack) {
  auto settings = target(1);
  settings.upstream.health = policy::HttpUpstream::Health{.path = "/healthz", .healthy = 2, .unhealthy = 3};
  const auto upstream = make(settings);
  std::string seen, changes;
  for (const char outcome : std::string_view("--+---+-++-")) {
    changes += upstream->probed(0, outcome == '+') ? '!' : ' ';
    seen += upstream->in_rotation(0, kStart) ? '+' : '-';
  }
  EXPECT_EQ(seen, "+++++----++");
  EXPECT_EQ(changes, "     !   ! ");
}

TEST(Upstream, AdmitsSoManyRequestsAtOnceAndNoMore) {
  auto settings = target(1);
  settings.upstream.max_requests = 2;
  const auto upstream = make(settings);
  EXPECT_TRUE(upstream->enter());
  EXPECT_TRUE(upstream->enter());
  EXPECT_FALSE(upstream->enter());
  upstream->leave();
  EXPECT_TRUE(upstream->enter());
}

std::string picks(Balancer& balancer, int count, const Balancer::Tried& tried = {}) {
  std::string all;
  for (int i = 0; i < count; ++i) {
    const auto endpoint = balancer.pick(tried, kStart);
    all += endpoint ? static_cast<char>('0' + *endpoint) : '-';
  }
  return all;
}

void eject(Upstream& upstream, std::size_t endpoint) {
  while (!upstream.failed(endpoint, kStart)) continue;
}

TEST(Balancer, GoesRoundThoseInRotation) {
  const auto upstream = make(target(3));
  Balancer balancer(upstream);
  EXPECT_EQ(picks(balancer, 7), "0120120");
  eject(*upstream, 1);
  EXPECT_EQ(picks(balancer, 4), "2020");
}

TEST(Balancer, TriesAllWhenNoneIsInRotation) {
  const auto upstream = make(target(2));
  Balancer balancer(upstream);
  eject(*upstream, 0);
  eject(*upstream, 1);
  EXPECT_EQ(picks(balancer, 4), "0101");
}

TEST(Balancer, SkipsWhatWasTriedAndWhatIsOut) {
  const auto upstream = make(target(3));
  Balancer balancer(upstream);
  EXPECT_EQ(picks(balancer, 3, 0b001), "121");
  eject(*upstream, 1);
  EXPECT_EQ(picks(balancer, 2, 0b101), "--");
}

TEST(Balancer, OfLeastRequestsTakesTheEndpointWithTheFewest) {
  auto settings = target(3);
  settings.upstream.balance = policy::Balance::least_requests;
  const auto upstream = make(settings);
  const auto balancer = std::make_shared<Balancer>(upstream);
  EXPECT_EQ(picks(*balancer, 4), "0120");
  const Balancer::Turn one(balancer, 1), two(balancer, 1), three(balancer, 2);
  EXPECT_EQ(picks(*balancer, 2), "00");
  std::optional<Balancer::Turn> four(std::in_place, balancer, 0), five(std::in_place, balancer, 0);
  EXPECT_EQ(picks(*balancer, 2), "22");
  four.reset();
  five.reset();
  EXPECT_EQ(picks(*balancer, 1), "0");
}

}  // namespace
}  // namespace watchword::gateway
