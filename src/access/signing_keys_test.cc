// Signing keys: published before they sign, kept until their last token is over, sealed in the store.
#include "access/signing_keys.h"

#include <gtest/gtest.h>

#include "access/sealed_keys.h"
#include "support/gate_fixture.h"

namespace watchword::access {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

crypto::SealingKey sealing_key(char fill) {
  return crypto::SealingKey::from_secret(Secret(std::string_view(std::string(32, fill)))).value();
}

class Keys : public ::testing::Test {
 protected:
  Keys() : store_(store::open_store({.url = "sqlite::memory:"}).value()) { open(); }
  void open() { keys_ = SigningKeys::open(store_, sealing_, config_, clock_, random_).value(); }
  void tick() { ASSERT_TRUE(keys_->tick(clock_.now()).has_value()); }
  std::string states() const {
    std::string text;
    for (const auto* state : {"next", "active", "retiring"})
      for (const auto& key : keys_->list())
        if (key.state == state) text += (text.empty() ? "" : " ") + key.state;
    return text;
  }
  std::string kid_of(std::string_view state) const {
    for (const auto& key : keys_->list())
      if (key.state == state) return key.kid;
    return "";
  }
  bool published(const std::string& kid) const {
    return keys_->ring()->jwks.find("\"" + kid + "\"") != std::string::npos;
  }
  testing::TroubledStore store_;
  crypto::SealingKey sealing_ = sealing_key('k');
  SigningConfig config_{.rotate_every = hours(24), .publish_ahead = hours(1), .longest_token = hours(2)};
  ManualClock clock_{from_unix(1'790'000'000)};
  SeededRandom random_{3};
  std::unique_ptr<SigningKeys> keys_;
};

TEST_F(Keys, ArePublishedAheadAndKeptUntilTheirLastTokenIsOver) {
  auto first = kid_of("active");
  EXPECT_EQ(states(), "active");
  clock_.advance(hours(23) - seconds(1));
  tick();
  EXPECT_EQ(states(), "active");
  clock_.advance(seconds(1));
  tick();
  EXPECT_EQ(states(), "next active");
  auto second = kid_of("next");
  EXPECT_TRUE(published(second)) << "before it signs";
  EXPECT_EQ(keys_->ring()->kid, first);
  EXPECT_NE(keys_->ring()->verify_with.find(second), nullptr);
  clock_.advance(hours(1) - seconds(1));
  tick();
  EXPECT_EQ(keys_->ring()->kid, first);
  clock_.advance(seconds(1));
  tick();
  EXPECT_EQ(keys_->ring()->kid, second);
  EXPECT_EQ(states(), "active retiring");
  clock_.advance(hours(2) - seconds(1));
  tick();
  EXPECT_TRUE(published(first)) << "a token of its last moment lives so long";
  clock_.advance(seconds(1));
  tick();
  EXPECT_FALSE(published(first));
  EXPECT_EQ(states(), "active");
  EXPECT_EQ(store_.keys()->size(), 1u);
}

TEST_F(Keys, SurviveARestartAndTheSameKeySigns) {
  auto kid = keys_->ring()->kid;
  clock_.advance(hours(23));
  tick();
  auto next = kid_of("next");
  open();
  EXPECT_EQ(keys_->ring()->kid, kid);
  EXPECT_EQ(kid_of("next"), next);
  clock_.advance(hours(100));
  open();
  EXPECT_EQ(keys_->ring()->kid, next) << "after a long sleep";
}

TEST_F(Keys, AreSealedInTheStore) {
  auto rows = store_.keys().value();
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_EQ(rows[0].sealed.find("PRIVATE"), std::string::npos);
  auto other = sealing_key('x');
  auto reopened = SigningKeys::open(store_, other, config_, clock_, random_);
  ASSERT_FALSE(reopened.has_value());
  EXPECT_EQ(reopened.error().reason, Reason::key_invalid);

  // Whoever can write the store cannot pass one key off as another, or as one for another use.
  auto spoil = [&](const std::function<void(store::KeyRow&)>& change) {
    auto row = rows[0];
    change(row);
    return unseal_key(row, sealing_);
  };
  EXPECT_TRUE(spoil([](auto&) {}).has_value());
  EXPECT_FALSE(spoil([](auto& row) { row.kid = "another"; }).has_value());
  EXPECT_FALSE(spoil([](auto& row) { row.purpose = "log"; }).has_value());
  EXPECT_FALSE(spoil([](auto& row) { row.algorithm = "EdDSA"; }).has_value());
  EXPECT_FALSE(spoil([](auto& row) { row.sealed[20] = static_cast<char>(row.sealed[20] ^ 1); }).has_value());
  EXPECT_FALSE(spoil([](auto& row) { row.sealed.resize(8); }).has_value());
}

TEST_F(Keys, RotateOnDemandAndNeverRetireTheActiveOne) {
  auto first = keys_->ring()->kid;
  ASSERT_TRUE(keys_->rotate("drill", clock_.now()).has_value());
  EXPECT_NE(keys_->ring()->kid, first);
  EXPECT_TRUE(published(first));
  EXPECT_EQ(keys_->retire(keys_->ring()->kid, "", clock_.now()).error().reason, Reason::request_invalid);
  EXPECT_EQ(keys_->retire("nobody", "", clock_.now()).error().reason, Reason::not_found);
  ASSERT_TRUE(keys_->retire(first, "stolen", clock_.now()).has_value());
  EXPECT_FALSE(published(first));
  EXPECT_EQ(store_.keys()->size(), 1u);
}

TEST_F(Keys, CountOnlyWhenTheyAreOnRecord) {
  auto first = keys_->ring()->kid;
  store_.fail(true);
  EXPECT_FALSE(keys_->rotate("", clock_.now()).has_value());
  clock_.advance(hours(25));
  EXPECT_FALSE(keys_->tick(clock_.now()).has_value());
  EXPECT_EQ(keys_->ring()->kid, first);
  EXPECT_EQ(states(), "active");
  store_.fail(false);
  tick();
  EXPECT_EQ(states(), "next active");
  store_.fail(true);
  clock_.advance(hours(1));
  EXPECT_FALSE(keys_->tick(clock_.now()).has_value());
  EXPECT_EQ(states(), "next active") << "not half promoted";
  EXPECT_EQ(keys_->ring()->kid, first);
  store_.fail(false);
  tick();
  EXPECT_EQ(states(), "active retiring");
}

TEST_F(Keys, MayChangeTheirAlgorithm) {
  for (auto algorithm : {crypto::Algorithm::eddsa, crypto::Algorithm::rs256}) {
    config_.algorithm = algorithm;
    open();
    ASSERT_TRUE(keys_->rotate("", clock_.now()).has_value());
    EXPECT_EQ(keys_->ring()->algorithm, algorithm);
  }
  EXPECT_EQ(keys_->list().size(), 3u);
}

TEST_F(Keys, OfTheLogAreMadeOnce) {
  auto first = log_key(store_, sealing_, clock_, random_).value();
  auto again = log_key(store_, sealing_, clock_, random_).value();
  EXPECT_EQ(first.public_key().pem(), again.public_key().pem());
  EXPECT_EQ(first.type(), crypto::KeyType::ed25519);
  EXPECT_FALSE(log_key(store_, sealing_key('x'), clock_, random_).has_value());
  open();
  EXPECT_EQ(states(), "active") << "the log's key does not sign tokens";
}

}  // namespace
}  // namespace watchword::access
