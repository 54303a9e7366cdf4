#include "issuer/key_source.h"

#include <gmock/gmock.h>

#include <atomic>
#include <latch>
#include <thread>

#include "base/file.h"
#include "issuer/issuer_test_util.h"

namespace watchword::issuer {
namespace {

using crypto::Algorithm;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;

struct KeySourceTest : ::testing::Test {
  std::unique_ptr<KeySource> make(KeySourceConfig config = {}) {
    config.issuer_name = "gitlab";
    config.issuer_url = testing::kIssuerUrl;
    return KeySource::make(std::move(config), network, clock, metrics);
  }
  // A source whose first fetch has ended, and that has not yet fetched for an unknown kid.
  std::unique_ptr<KeySource> start() {
    network.gate(false);
    auto source = make();
    std::promise<void> done;
    source->refetch([&] { done.set_value(); });
    network.gate(true);
    done.get_future().wait();
    return source;
  }
  static std::string kids(const KeySource& source) {
    const auto keys = source.current();
    if (!keys) return outcome(keys);
    std::string all;
    for (const jose::Jwk& key : (*keys)->keys()) all += (all.empty() ? "" : " ") + key.kid;
    return all;
  }

  const testing::Issuer first = testing::Issuer::make(Algorithm::eddsa, "first");
  const testing::Issuer second = testing::Issuer::make(Algorithm::eddsa, "second");
  FakeNetwork network;
  TestClock clock;
  Metrics metrics;
};

TEST_F(KeySourceTest, FetchesAtOnceAndNeverWaitsInCurrent) {
  network.publish(first.jwks());
  network.gate(false);
  const auto source = make();
  EXPECT_EQ(kids(*source), "issuer_unavailable");
  std::promise<void> done;
  source->refetch([&] { done.set_value(); });
  network.gate(true);
  done.get_future().wait();
  EXPECT_EQ(kids(*source), "first");
  EXPECT_FALSE(source->trouble().has_value());
  EXPECT_EQ(network.asked(kKeys), 1) << "who asks during the first fetch waits for that one";
}

TEST_F(KeySourceTest, FollowsARotationAndForgetsTheOldKey) {
  network.publish(first.jwks());
  const auto source = start();
  const auto kept_by_a_request = source->current();
  network.publish(second.jwks());
  refetch(*source);
  EXPECT_EQ(kids(*source), "second");
  EXPECT_NE((*kept_by_a_request)->find("first"), nullptr) << "a set in use stays whole";
}

TEST_F(KeySourceTest, ReadersSeeWholeSetsWhileTheyAreReplaced) {
  network.publish(first.jwks());
  const auto source = start();
  std::atomic<bool> ended = false;
  const auto read = [&] {
    while (!ended) {
      const std::string seen = kids(*source);
      EXPECT_TRUE(seen == "first" || seen == "second") << seen;
    }
  };
  std::vector<std::jthread> readers;
  for (int i = 0; i < 2; ++i) readers.emplace_back(read);
  for (int i = 0; i < 50; ++i) {
    network.publish(i % 2 == 0 ? second.jwks() : first.jwks());
    clock.advance(seconds(10));
    refetch(*source);
  }
  ended = true;
}

TEST_F(KeySourceTest, FetchesForUnknownKidsOnlyOnceInTheInterval) {
  network.publish(first.jwks());
  const auto source = start();
  EXPECT_EQ(network.asked(kKeys), 1);
  refetch(*source);
  EXPECT_EQ(network.asked(kKeys), 2);
  for (int i = 0; i < 100; ++i) refetch(*source);
  EXPECT_EQ(network.asked(kKeys), 2);
  clock.advance(seconds(10));
  refetch(*source);
  EXPECT_EQ(network.asked(kKeys), 3);
  clock.advance(-hours(1));
  refetch(*source);
  EXPECT_EQ(network.asked(kKeys), 3);
}

TEST_F(KeySourceTest, OneFetchServesAStormOfUnknownKids) {
  network.publish(first.jwks());
  const auto source = start();
  network.gate(false);
  constexpr int kThreads = 4, kEach = 250;
  std::latch asked(kThreads), answered(kThreads * kEach);
  std::vector<std::jthread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < kEach; ++i) source->refetch([&] { answered.count_down(); });
      asked.count_down();
    });
  asked.wait();
  EXPECT_FALSE(answered.try_wait());
  network.gate(true);
  answered.wait();
  EXPECT_EQ(network.asked(kDiscovery), 2);
}

TEST_F(KeySourceTest, KeepsKeysThroughAnOutageButNotForEver) {
  network.publish(first.jwks());
  const auto source = start();
  network.go_down();
  clock.advance(hours(23));
  refetch(*source);
  EXPECT_EQ(kids(*source), "first");
  ASSERT_TRUE(source->trouble().has_value());
  EXPECT_EQ(source->trouble()->reason, Reason::issuer_unavailable);
  clock.advance(hours(1));
  EXPECT_EQ(kids(*source), "first");
  clock.advance(seconds(1));
  EXPECT_EQ(kids(*source), "issuer_unavailable");
  EXPECT_THAT(source->current().error().expected, HasSubstr("1d"));
  network.publish(second.jwks());
  refetch(*source);
  EXPECT_EQ(kids(*source), "second");
  EXPECT_FALSE(source->trouble().has_value());
}

TEST_F(KeySourceTest, AClockThatIsSetBackKeepsTheKeys) {
  network.publish(first.jwks());
  const auto source = start();
  clock.advance(-hours(24 * 365));
  EXPECT_EQ(kids(*source), "first");
  refetch(*source);
  EXPECT_EQ(kids(*source), "first");
}

TEST_F(KeySourceTest, RefreshesByItselfWhenTheClockSaysSo) {
  network.publish(first.jwks());
  const auto source = start();
  clock.advance(minutes(10));
  network.wait_until_asked(kKeys, 2);  // the thread looks at the clock by itself
}

TEST_F(KeySourceTest, TriesAgainByItselfAfterAFailure) {
  const auto source = start();
  EXPECT_EQ(kids(*source), "issuer_unavailable");
  network.publish(first.jwks());
  clock.advance(seconds(1));
  network.wait_until_asked(kKeys, 1);
}

TEST_F(KeySourceTest, BlamesTheIssuerAndNotTheTokenWhenItLies) {
  network.publish(first.jwks());
  network.set_json(kDiscovery,
                   R"({"issuer": "https://evil.example.com", "jwks_uri": "https://evil.example.com/keys"})");
  const auto source = start();
  const auto keys = source->current();
  ASSERT_FALSE(keys.has_value());
  EXPECT_EQ(keys.error().reason, Reason::issuer_unavailable) << "issuer_mismatch would speak of the caller's token";
  EXPECT_THAT(keys.error().found, HasSubstr("issuer_mismatch"));
  EXPECT_EQ(source->trouble()->reason, Reason::issuer_mismatch);
}

TEST_F(KeySourceTest, ABadSetLeavesTheGoodOneInForceAnEmptyOneDoesNot) {
  network.publish(first.jwks());
  const auto source = start();
  network.set_json(kKeys, "<html>");
  refetch(*source);
  EXPECT_EQ(kids(*source), "first");
  EXPECT_EQ(source->trouble()->reason, Reason::key_set_invalid);
  for (const char* withdrawn : {R"({"keys": []})", R"({"keys": [{"kty": "oct", "k": "AAAA", "kid": "first"}]})"}) {
    network.set_json(kKeys, withdrawn);
    clock.advance(seconds(10));
    refetch(*source);
    EXPECT_EQ(kids(*source), "key_set_invalid");
  }
}

TEST_F(KeySourceTest, InlineKeysNeedNoNetworkNoThreadAndNoTime) {
  const ManualClock still(kNow);
  KeySourceConfig config;
  config.issuer_name = "offline";
  config.jwks_inline = first.jwks();
  const auto source = KeySource::make(config, network, still, metrics);
  EXPECT_EQ(kids(*source), "first");
  bool done = false;
  source->refetch([&] { done = true; });
  EXPECT_TRUE(done);
  config.jwks_inline = "{}";
  EXPECT_EQ(kids(*KeySource::make(config, network, still, metrics)), "key_set_invalid");
}

TEST_F(KeySourceTest, AKeyFileIsReadAgain) {
  const std::string file = ::testing::TempDir() + "/keys.json";
  ASSERT_TRUE(write_file_atomically(file, first.jwks()));
  KeySourceConfig config;
  config.jwks_file = file;
  const auto source = make(config);
  EXPECT_EQ(kids(*source), "first") << "at hand as soon as the source is";
  ASSERT_TRUE(write_file_atomically(file, second.jwks()));
  refetch(*source);
  EXPECT_EQ(kids(*source), "second");
  ASSERT_TRUE(write_file_atomically(file, "not JSON"));
  clock.advance(seconds(10));
  refetch(*source);
  EXPECT_EQ(kids(*source), "second");
  EXPECT_EQ(source->trouble()->where, file);
  EXPECT_EQ(network.asked(kDiscovery), 0);
}

TEST_F(KeySourceTest, WhoWaitsIsCalledWhenTheSourceEnds) {
  network.publish(first.jwks());
  network.gate(false);
  auto source = make();
  network.wait_until_asked(kDiscovery, 1);
  int called = 0;
  source->refetch([&] { ++called; });
  network.gate(true);
  source.reset();
  EXPECT_EQ(called, 1);
}

TEST_F(KeySourceTest, CountsFetchesByResult) {
  network.publish(first.jwks());
  const auto source = start();
  network.go_down();
  refetch(*source);
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr(R"(watchword_issuer_key_fetches_total{issuer="gitlab",result="ok"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(watchword_issuer_key_fetches_total{issuer="gitlab",result="issuer_unavailable"} )"));
  EXPECT_THAT(text, HasSubstr(R"(watchword_issuer_keys{issuer="gitlab"} 1)"));
}

}  // namespace
}  // namespace watchword::issuer
