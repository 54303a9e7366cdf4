// The gate accepts the proofs of a job's client (RFC 9449), and no others in their name.
#include <gtest/gtest.h>

#include "access/dpop.h"
#include "job/proof_key.h"

namespace watchword::cli {
namespace {

constexpr std::string_view kUrl = "https://gate.example.com/oauth/token";

Secret secret(std::string_view text) { return Secret(text); }

struct JobProof : ::testing::Test {
  Result<std::string> verified(std::string_view proof, std::string_view method, std::string_view url,
                               std::string_view token = {}) {
    return gate.verify({.proof = proof, .method = method, .url = url, .access_token = token}, now);
  }

  SeededRandom random{7};
  Time now = from_unix(1'790'000'000);
  access::Dpop gate{{}, random};
  job::ProofKey key = *job::ProofKey::derive(secret("id-token"), secret("job-token"));
  job::Nonce nonce;
};

TEST_F(JobProof, IsAcceptedWithTheGatesNonce) {
  const auto first = *key.proof({"POST", kUrl, {}}, nonce, now, random);
  const auto refused = verified(first, "POST", kUrl);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason, Reason::dpop_nonce_required);
  nonce.saw(gate.nonce(now), now);
  const auto second = *key.proof({"POST", kUrl, {}}, nonce, now, random);
  const auto accepted = verified(second, "POST", kUrl);
  ASSERT_TRUE(accepted) << to_string(accepted.error());
  EXPECT_EQ(*accepted, key.thumbprint());
  EXPECT_EQ(verified(second, "POST", kUrl).error().reason, Reason::dpop_replayed);
}

TEST_F(JobProof, SpeaksForOneTokenMethodAndUrl) {
  nonce.saw(gate.nonce(now), now);
  const auto make = [&](std::string_view url) { return *key.proof({"GET", url, "token"}, nonce, now, random); };
  const std::string url = "https://billing.gate.example.com:8444/v1/invoices";
  EXPECT_TRUE(verified(make(url + "?page=2"), "GET", url, "token")) << "htu has no query";
  for (const auto& [method, other, token] :
       {std::tuple("POST", url, "token"), std::tuple("GET", url + "/7", "token"), std::tuple("GET", url, "another")}) {
    const auto answer = verified(make(url), method, other, token);
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().reason, Reason::dpop_invalid);
  }
}

TEST_F(JobProof, OfATunnelNamesItsAuthority) {
  nonce.saw(gate.nonce(now), now);
  const std::string url = "https://ledger-db:5432";
  EXPECT_TRUE(verified(*key.proof({"CONNECT", url, "token"}, nonce, now, random), "CONNECT", url, "token"));
}

}  // namespace
}  // namespace watchword::cli
