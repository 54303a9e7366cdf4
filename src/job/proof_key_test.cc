// Each run inside a job proves the same key, and nobody else does.
#include "job/proof_key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "jose/jwk.h"
#include "jose/jws.h"

namespace watchword::job {
namespace {

Secret secret(std::string_view text) { return Secret(text); }
std::string thumbprint(std::string_view id_token, std::string_view job_token) {
  return ProofKey::derive(secret(id_token), secret(job_token))->thumbprint();
}

const Time kNow = from_unix(1'790'000'000);

TEST(ProofKey, IsTheSameForTheSameJobOnly) {
  EXPECT_EQ(thumbprint("id", "job"), thumbprint("id", "job"));
  EXPECT_NE(thumbprint("id", "job"), thumbprint("id", "other"));
  EXPECT_NE(thumbprint("id", "job"), thumbprint("other", "job"));
  EXPECT_NE(thumbprint("id", "job"), thumbprint("id", "")) << "who stole the ID token alone proves nothing";
  EXPECT_NE(thumbprint("ab", "c"), thumbprint("a", "bc"));
  EXPECT_FALSE(ProofKey::derive(secret(""), secret("job")));
}

TEST(ProofKey, ShowsItsPublicHalfOnly) {
  SeededRandom random(1);
  const auto key = *ProofKey::derive(secret("id"), secret(""));
  const auto proof = *key.proof({"POST", "https://gate.example.com/oauth/token", {}}, {}, kNow, random);
  const auto token = jose::UnverifiedToken::parse(proof);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->typ(), "dpop+jwt");
  const auto& jwk = *token->header().find("jwk");
  EXPECT_EQ(jwk.find("d"), nullptr);
  EXPECT_EQ(jose::thumbprint(jose::parse_jwk(jwk)->key), key.thumbprint());
}

TEST(ProofKey, MakesNoProofTwice) {
  SystemRandom random;
  const auto key = *ProofKey::derive(secret("id"), secret(""));
  const ProofRequest request{"GET", "https://billing.example.com/", "token"};
  EXPECT_NE(*key.proof(request, {}, kNow, random), *key.proof(request, {}, kNow, random));
}

TEST(Nonce, IsStaleBeforeTheGateRefusesIt) {
  Nonce nonce;
  EXPECT_TRUE(nonce.stale(kNow));
  nonce.saw("abc", kNow);
  EXPECT_FALSE(nonce.stale(kNow + std::chrono::minutes(4)));
  EXPECT_TRUE(nonce.stale(kNow + std::chrono::minutes(5)));
}

TEST(Nonce, ThatNoGateSendsIsNotTaken) {
  Nonce nonce;
  for (const auto& text : {std::string(), std::string("a b"), std::string("a\"b"), std::string("a\nb"),
                           std::string("a\x80"), std::string(257, 'a')})
    nonce.saw(text, kNow);
  EXPECT_EQ(nonce.get(), nullptr);
}

}  // namespace
}  // namespace watchword::job
