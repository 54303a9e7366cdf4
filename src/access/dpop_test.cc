// RFC 9449 4.3, check by check, and what a proof must not be good for twice.
#include "access/dpop.h"

#include <gtest/gtest.h>

#include "support/gate_fixture.h"

namespace watchword::access {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using testing::DpopKey;

const std::string kUrl = "https://gate.example.com/oauth/token";

class DpopProof : public ::testing::Test {
 protected:
  explicit DpopProof(Dpop::Options options = {}) : dpop_(options, random_) {}
  std::string proof(const std::function<void(Json&)>& change = {}) {
    return key_.proof("POST", kUrl, now_, dpop_.nonce(now_), "", change);
  }
  Reason verify(const std::string& text, std::string_view url = kUrl) {
    auto verified = dpop_.verify({text, "POST", url, {}}, now_);
    if (verified) EXPECT_EQ(*verified, key_.thumbprint());
    return verified ? Reason::internal : verified.error().reason;
  }
  SeededRandom random_{1};
  Dpop dpop_;
  DpopKey key_;
  Time now_ = from_unix(1'790'000'000);
};
constexpr auto kGood = Reason::internal;

TEST_F(DpopProof, IsForExactlyOneRequest) {
  auto iat = to_unix(now_);
  const struct {
    const char* name;
    std::function<void(Json&)> change;
    Reason reason;
  } rows[] = {
      {"as it should be", {}, kGood},
      {"another spelling of the URL", [](Json& c) { c.set("htu", "HTTPS://Gate.example.com:443/oauth/token"); }, kGood},
      {"the URL with a query", [](Json& c) { c.set("htu", kUrl + "?x=1"); }, kGood},
      {"another path", [](Json& c) { c.set("htu", kUrl + "/"); }, Reason::dpop_invalid},
      {"another host", [](Json& c) { c.set("htu", "https://evil.example.net/oauth/token"); }, Reason::dpop_invalid},
      {"another port", [](Json& c) { c.set("htu", "https://gate.example.com:8443/oauth/token"); },
       Reason::dpop_invalid},
      {"another scheme", [](Json& c) { c.set("htu", "http://gate.example.com/oauth/token"); }, Reason::dpop_invalid},
      {"no URL", [](Json& c) { c.set("htu", nullptr); }, Reason::dpop_invalid},
      {"another method", [](Json& c) { c.set("htm", "GET"); }, Reason::dpop_invalid},
      {"the method in lower case", [](Json& c) { c.set("htm", "post"); }, Reason::dpop_invalid},
      {"no iat", [](Json& c) { c.set("iat", nullptr); }, Reason::dpop_invalid},
      {"iat as text", [&](Json& c) { c.set("iat", std::to_string(iat)); }, Reason::dpop_invalid},
      {"a minute old", [&](Json& c) { c.set("iat", iat - 60); }, kGood},
      {"older", [&](Json& c) { c.set("iat", iat - 61); }, Reason::dpop_invalid},
      {"a minute ahead", [&](Json& c) { c.set("iat", iat + 60); }, kGood},
      {"further ahead", [&](Json& c) { c.set("iat", iat + 61); }, Reason::dpop_invalid},
      {"at the end of time", [](Json& c) { c.set("iat", INT64_MAX); }, Reason::dpop_invalid},
      {"at its beginning", [](Json& c) { c.set("iat", INT64_MIN); }, Reason::dpop_invalid},
      {"no jti", [](Json& c) { c.set("jti", nullptr); }, Reason::dpop_invalid},
      {"a huge jti", [](Json& c) { c.set("jti", std::string(257, 'x')); }, Reason::dpop_invalid},
      {"no nonce", [](Json& c) { c.set("nonce", nullptr); }, Reason::dpop_nonce_required},
      {"a nonce of its own", [](Json& c) { c.set("nonce", "AAAAAAAAAAAAAAAAAAAAAA"); }, Reason::dpop_nonce_required},
  };
  for (const auto& row : rows) EXPECT_EQ(verify(proof(row.change)), row.reason) << row.name;
}

TEST_F(DpopProof, IsASignedJwtWithItsPublicKey) {
  auto issuer = testing::Issuer::make();
  auto claims = Json::object(
      {{"htm", "POST"}, {"htu", kUrl}, {"iat", to_unix(now_)}, {"jti", "x"}, {"nonce", dpop_.nonce(now_)}});
  auto jwk = jose::to_json(issuer.key.public_key(), "k", issuer.algorithm);
  auto other = jose::to_json(testing::Issuer::make().key.public_key(), "k", issuer.algorithm);
  auto header = [](const Json& key, std::string_view typ, std::string_view alg) {
    return Json::object({{"typ", typ}, {"alg", alg}, {"jwk", key}}).dump();
  };
  auto refused = [&](std::string_view head) { return verify(issuer.mint_raw(head, claims.dump())); };
  EXPECT_EQ(refused(header(jwk, "jwt", "ES256")), Reason::dpop_invalid);
  EXPECT_EQ(refused(header(jwk, "dpop+jwt", "none")), Reason::dpop_invalid);
  EXPECT_EQ(refused(header(jwk, "dpop+jwt", "HS256")), Reason::dpop_invalid);
  EXPECT_EQ(refused(header(jwk, "dpop+jwt", "ES384")), Reason::dpop_invalid) << "not the key's algorithm";
  EXPECT_EQ(refused(header(other, "dpop+jwt", "ES256")), Reason::dpop_invalid) << "another's key";
  EXPECT_EQ(refused(header(Json(), "dpop+jwt", "ES256")), Reason::dpop_invalid);
  auto with_private = jwk;
  with_private.set("d", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
  EXPECT_EQ(refused(header(with_private, "dpop+jwt", "ES256")), Reason::dpop_invalid) << "a private key in the open";
  for (const auto* text : {"", "x", "a.b.c", "eyJ9.e30.AA"}) EXPECT_EQ(verify(text), Reason::dpop_invalid) << text;
}

TEST_F(DpopProof, IsGoodOnceUntilTheEndOfItsTime) {
  auto text = proof();
  EXPECT_EQ(verify(text), kGood);
  EXPECT_EQ(verify(text), Reason::dpop_replayed);
  // The last moment at which its iat would pass: half a second into its last second, when a sweep has been.
  auto start = now_;
  for (auto later : {Duration(seconds(30)), Duration(seconds(60)), Duration(std::chrono::milliseconds(60'500)),
                     Duration(seconds(61))}) {
    now_ = start + later;
    EXPECT_EQ(verify(proof()), kGood);
    EXPECT_NE(verify(text), kGood) << to_string(later);
  }
}

TEST_F(DpopProof, LeavesRoomForOtherProofsOfTheSameSecond) {
  auto start = to_unix(now_);
  auto of_that_second = [&] { return proof([&](Json& claims) { claims.set("iat", start); }); };
  EXPECT_EQ(verify(of_that_second()), kGood);
  now_ += std::chrono::milliseconds(60'500);
  EXPECT_EQ(verify(proof()), kGood) << "the cache is swept";
  EXPECT_EQ(verify(of_that_second()), kGood);
}

TEST_F(DpopProof, DoesNotComeBackWhenTheClockIsSetBack) {
  auto text = proof();
  EXPECT_EQ(verify(text), kGood);
  auto start = now_;
  now_ += minutes(4);
  EXPECT_EQ(verify(proof()), kGood) << "the cache is swept";
  now_ = start + seconds(1);
  EXPECT_NE(verify(text), kGood);
}

TEST_F(DpopProof, TakesTheNonceOfThisWindowAndOfTheOneBefore) {
  auto old = dpop_.nonce(now_);
  auto with_old = [&] { return proof([&](Json& claims) { claims.set("nonce", old); }); };
  now_ += minutes(5);
  EXPECT_NE(dpop_.nonce(now_), old);
  EXPECT_EQ(verify(with_old()), kGood);
  now_ += minutes(5);
  EXPECT_EQ(verify(with_old()), Reason::dpop_nonce_required);
  Dpop another({}, random_);
  EXPECT_NE(another.nonce(now_), dpop_.nonce(now_)) << "each process has its own";
}

struct SmallCache : DpopProof {
  SmallCache() : DpopProof({.nonce_required = false, .replay_capacity = 3}) {}
};
TEST_F(SmallCache, RefusesRatherThanForgets) {
  auto first = proof();
  EXPECT_EQ(verify(first), kGood);
  EXPECT_EQ(verify(proof()), kGood);
  EXPECT_EQ(verify(proof([](Json& claims) { claims.set("nonce", nullptr); })), kGood) << "no nonce is demanded here";
  EXPECT_EQ(verify(proof()), Reason::overloaded);
  EXPECT_EQ(verify(first), Reason::dpop_replayed);
  now_ += minutes(2);
  EXPECT_EQ(verify(proof()), kGood);
}

}  // namespace
}  // namespace watchword::access
