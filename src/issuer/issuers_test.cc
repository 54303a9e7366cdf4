#include "issuer/issuers.h"

#include <gmock/gmock.h>

#include <thread>

#include "issuer/issuer_test_util.h"
#include "net/loop.h"

namespace watchword::issuer {
namespace {

using crypto::Algorithm;
using std::chrono::hours;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::Not;

IssuerConfig gitlab() {
  IssuerConfig config;
  config.name = "gitlab";
  config.profile.name = ProfileName::gitlab;
  config.expectations = expectations();
  return config;
}

IssuerConfig offline(std::string name, std::string url, const testing::Issuer& keys) {
  IssuerConfig config;
  config.name = std::move(name);
  config.expectations = expectations(std::move(url));
  config.keys.jwks_inline = keys.jwks();
  return config;
}

struct IssuersTest : ::testing::Test {
  void start(std::vector<IssuerConfig> configs) {
    issuers = Issuers::make(std::move(configs), network, clock, metrics).value();
  }
  Result<Principal> authenticate(const std::string& token) { return net::run_blocking(issuers->authenticate(token)); }
  Json claims() const { return testing::gitlab_claims(clock.now()); }

  const testing::Issuer first = testing::Issuer::make(Algorithm::eddsa, "first");
  const testing::Issuer second = testing::Issuer::make(Algorithm::es256, "second");
  FakeNetwork network;
  TestClock clock;
  Metrics metrics;
  std::unique_ptr<Issuers> issuers;
};

TEST_F(IssuersTest, TurnATokenIntoAPrincipal) {
  network.publish(first.jwks());
  start({gitlab()});
  const auto principal = authenticate(first.mint(claims()));
  ASSERT_TRUE(principal.has_value()) << to_string(principal.error());
  EXPECT_EQ(principal->issuer, "gitlab");
  EXPECT_EQ(principal->machine()->job, "4711");
  EXPECT_EQ(outcome(issuers->authenticate_with_keys_in_hand(first.mint(claims()))), "ok");
}

TEST_F(IssuersTest, ChooseTheIssuerByItsNameToTheLetter) {
  IssuerConfig auth0 = offline("auth0", "https://acme.eu.auth0.example/", second);
  start({offline("gitlab", std::string(testing::kIssuerUrl), first), auth0});
  const auto from = [&](const char* iss, const testing::Issuer& keys) {
    return outcome(authenticate(keys.mint(claims().set("iss", iss))));
  };
  EXPECT_EQ(from("https://gitlab.example.com", first), "ok");
  EXPECT_EQ(from("https://acme.eu.auth0.example/", second), "ok");
  EXPECT_EQ(from("https://acme.eu.auth0.example", second), "issuer_unknown");
  EXPECT_EQ(from("https://gitlab.example.com/", first), "issuer_unknown");
  EXPECT_EQ(from("https://GITLAB.example.com", first), "issuer_unknown");
  EXPECT_EQ(from("https://evil.example.com", first), "issuer_unknown");
  EXPECT_EQ(from("", first), "claim_missing");
  EXPECT_EQ(from("https://gitlab.example.com", second), "key_unknown") << "no issuer's key speaks for another issuer";
  EXPECT_EQ(from("https://acme.eu.auth0.example/", first), "key_unknown");
}

TEST_F(IssuersTest, AnotherIssuersKeyOfTheSameKidIsOfNoUse) {
  const testing::Issuer other = testing::Issuer::make(Algorithm::eddsa, "first");
  start({offline("gitlab", std::string(testing::kIssuerUrl), first),
         offline("other", "https://other.example.com", other)});
  EXPECT_EQ(outcome(authenticate(other.mint(claims()))), "signature_invalid");
}

TEST_F(IssuersTest, TellAnUnverifiedCallerNothingOfTheOtherIssuers) {
  start({offline("okta", "https://acme.okta.example", first)});
  const auto refused = authenticate(first.mint(claims().set("iss", std::string(5000, 'x'))));
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(to_string(refused.error()), Not(HasSubstr("okta")));
  EXPECT_LT(refused.error().found.size(), 300U);
}

TEST_F(IssuersTest, RefuseWhatTheVerifierAndTheProfileRefuse) {
  start({gitlab()});
  network.publish(first.jwks());
  const std::string good = first.mint(claims());
  EXPECT_EQ(outcome(authenticate("not a token")), "token_malformed");
  EXPECT_EQ(outcome(authenticate(first.mint(claims().set("aud", "https://other.example.com")))), "audience_mismatch");
  EXPECT_EQ(outcome(authenticate(first.mint(claims().set("project_id", 42)))), "claim_invalid");
  clock.advance(hours(2));
  EXPECT_EQ(outcome(authenticate(good)), "token_expired");
}

TEST_F(IssuersTest, ARotatedKeyIsFoundByOneFetchForAllWhoWait) {
  network.publish(first.jwks());
  start({gitlab()});
  ASSERT_EQ(outcome(authenticate(first.mint(claims()))), "ok");
  clock.advance(seconds(10));
  network.publish(second.jwks());
  const int before = network.asked(kKeys);
  network.gate(false);
  net::Loop loop;
  int good = 0, left = 1000;
  const std::string token = second.mint(claims());
  const auto ask = [&]() -> net::Task<void> {
    const Result<Principal> principal = co_await issuers->authenticate(token);
    good += principal ? 1 : 0;
    if (--left == 0) loop.stop();
  };
  loop.post([&] {
    for (int i = 0; i < 1000; ++i) net::spawn(ask());
    EXPECT_EQ(left, 1000) << "all wait, none blocks the loop";
    network.gate(true);
  });
  loop.run();
  EXPECT_EQ(good, 1000);
  EXPECT_EQ(network.asked(kKeys), before + 1);
  EXPECT_EQ(outcome(authenticate(first.mint(claims()))), "key_unknown") << "the old key is withdrawn";
}

TEST_F(IssuersTest, AKnownKeyNeverWaitsForTheNetwork) {
  network.publish(first.jwks());
  start({gitlab()});
  ASSERT_EQ(outcome(authenticate(first.mint(claims()))), "ok");
  clock.advance(seconds(10));
  network.gate(false);
  net::Loop loop;
  std::optional<Result<Principal>> known, unknown;
  const std::string good = first.mint(claims()), other = second.mint(claims());
  const auto ask = [&](const std::string& token, std::optional<Result<Principal>>& out) -> net::Task<void> {
    out.emplace(co_await issuers->authenticate(token));
    if (known && unknown) loop.stop();
  };
  loop.post([&] {
    net::spawn(ask(other, unknown));
    net::spawn(ask(good, known));
    EXPECT_FALSE(unknown.has_value());
    EXPECT_TRUE(known.has_value()) << "answered while the fetch for the other hangs";
    network.gate(true);
  });
  loop.run();
  EXPECT_EQ(outcome(*known), "ok");
  EXPECT_EQ(outcome(*unknown), "key_unknown");
}

TEST_F(IssuersTest, AnUnknownKidDuringAnOutageIsNotADenial) {
  network.publish(first.jwks());
  start({gitlab()});
  ASSERT_EQ(outcome(authenticate(first.mint(claims()))), "ok");
  network.go_down();
  clock.advance(seconds(10));
  EXPECT_EQ(outcome(authenticate(second.mint(claims()))), "issuer_unavailable");
  EXPECT_EQ(outcome(authenticate(first.mint(claims()))), "ok");
  clock.advance(hours(25));
  EXPECT_EQ(outcome(authenticate(first.mint(claims()))), "issuer_unavailable");
  network.publish(second.jwks());
  clock.advance(seconds(10));
  EXPECT_EQ(outcome(authenticate(second.mint(claims()))), "ok");
}

TEST_F(IssuersTest, WithKeysInHandNeverFetches) {
  start({gitlab()});
  EXPECT_EQ(outcome(issuers->authenticate_with_keys_in_hand(first.mint(claims()))), "issuer_unavailable");
}

TEST_F(IssuersTest, AnIssuersClockHalfAMinuteAheadIsNormal) {
  start({offline("gitlab", std::string(testing::kIssuerUrl), first)});
  EXPECT_EQ(outcome(authenticate(first.mint(testing::gitlab_claims(clock.now() + seconds(30))))), "ok");
}

TEST_F(IssuersTest, SayHowFarTheIssuersClockIsOffWhereATimeDoesNotFit) {
  network.publish(first.jwks());
  http::FetchReply keys;
  keys.status = 200;
  keys.content_type = "application/json";
  keys.body = first.jwks();
  keys.date = kNow + seconds(40);
  network.set(kKeys, std::move(keys));
  start({gitlab()});
  const auto expired = testing::gitlab_claims(clock.now() - hours(3));
  const auto refused = authenticate(first.mint(expired));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::token_expired);
  EXPECT_THAT(refused.error().found, HasSubstr("ago, while the issuer's clock is 40s ahead"));
  Json other = claims();
  other.set("aud", "https://vault.example.com");
  EXPECT_THAT(authenticate(first.mint(other)).error().found, Not(HasSubstr("clock")));
}

TEST_F(IssuersTest, NameWhatAloneSetsAnUnknownIssuerApart) {
  network.publish(first.jwks());
  start({gitlab()});
  Json slash = claims();
  slash.set("iss", std::string(testing::kIssuerUrl) + "/");
  const auto refused = authenticate(first.mint(slash));
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::issuer_unknown);
  EXPECT_THAT(refused.error().expected, HasSubstr("all but the slash at the end is the same"));
}

TEST_F(IssuersTest, SayHowTheyAre) {
  IssuerConfig broken = offline("broken", "https://broken.example.com", first);
  broken.keys.jwks_inline = "{}";
  start({offline("gitlab", std::string(testing::kIssuerUrl), first), broken});
  const auto health = issuers->health();
  ASSERT_EQ(health.size(), 2U);
  EXPECT_EQ(health[0].name, "gitlab");
  EXPECT_TRUE(health[0].ready);
  EXPECT_FALSE(health[0].trouble.has_value());
  EXPECT_FALSE(health[1].ready);
  EXPECT_EQ(health[1].trouble->reason, Reason::key_set_invalid);
}

TEST_F(IssuersTest, RefuseAConfigurationThatWouldTrustTooMuchOrNothing) {
  const auto made = [&](std::vector<IssuerConfig> configs) {
    return outcome(Issuers::make(std::move(configs), network, clock, metrics));
  };
  const auto changed = [&](const std::function<void(IssuerConfig&)>& change) {
    IssuerConfig config = offline("gitlab", std::string(testing::kIssuerUrl), first);
    change(config);
    return made({config});
  };
  EXPECT_EQ(made({}), "ok");
  EXPECT_EQ(changed([](auto&) {}), "ok");
  EXPECT_EQ(changed([](auto& c) { c.name = ""; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.expectations.issuer = ""; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.expectations.audiences = {}; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.expectations.audiences = {""}; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.expectations.algorithms = {}; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.keys.jwks_uri = "http://x.example.com/k"; }), "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.keys.jwks_inline = "", c.expectations.issuer = "http://x.example.com"; }),
            "config_invalid");
  EXPECT_EQ(changed([](auto& c) { c.profile.mapping = MachineMapping{.kind = Kind::person}; }), "config_invalid");
  const auto a = offline("a", "https://a.example.com", first), b = offline("b", "https://b.example.com", first);
  EXPECT_EQ(made({a, b}), "ok");
  EXPECT_EQ(made({a, offline("b", "https://a.example.com", first)}), "config_invalid");
  EXPECT_EQ(made({a, offline("a", "https://b.example.com", first)}), "config_invalid");
  const auto error = Issuers::make({a, offline("b", "https://a.example.com", first)}, network, clock, metrics).error();
  EXPECT_EQ(error.where, "issuer b");
}

}  // namespace
}  // namespace watchword::issuer
