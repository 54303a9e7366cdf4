// Reading tokens: an issuer's ID token in full, and an access token of our own that was seen before.
#include "bench/bench.h"
#include "jose/jwt.h"
#include "support/gate_fixture.h"

namespace watchword::bench {

Json token_bench() {
  testing::TestGate gate;
  const auto now = gate.clock.now();
  const auto issuer = testing::Issuer::make(crypto::Algorithm::rs256);
  const auto token = issuer.mint(testing::gitlab_claims(now));
  const auto keys = issuer.keys();
  jose::Expectations expected;
  expected.issuer = testing::kIssuerUrl;
  expected.audiences = {std::string(testing::kAudience)};
  expected.algorithms = {crypto::Algorithm::rs256};
  const auto verifier = must(jose::Verifier::make(std::move(expected)));
  const auto authorization = "Bearer " + gate.access_token(gate.id_token());

  auto out = measured({{"token_verify",
                        [&] {
                          auto verified = verifier.verify(must(jose::UnverifiedToken::parse(token)), keys, now);
                          must(verified.has_value(), "the token does not verify");
                        }},
                       {"token_verify_cached", [&] {
                          must(gate.service().present(&authorization, {}, now).has_value(), "the token is refused");
                        }}});
  out.set("token_bytes", std::int64_t(token.size()));
  return out;
}

}  // namespace watchword::bench
