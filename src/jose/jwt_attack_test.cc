// Tokens that an attacker would send: every one is refused, with the reason that names the trick.
#include <gtest/gtest.h>
#include <openssl/hmac.h>

#include "base/encoding.h"
#include "base/text.h"
#include "jose/jwt.h"
#include "support/mint.h"

namespace watchword::jose {
namespace {

using crypto::Algorithm;
using crypto::PrivateKey;
using testing::gitlab_claims;
using testing::Issuer;

const Time kNow = from_unix(1'795'000'000);
constexpr Algorithm kAll[] = {Algorithm::rs256, Algorithm::rs384, Algorithm::rs512, Algorithm::ps256, Algorithm::ps384,
                              Algorithm::ps512, Algorithm::es256, Algorithm::es384, Algorithm::es512, Algorithm::eddsa};

const Issuer& rsa() {
  static const Issuer issuer = Issuer::make(Algorithm::rs256);
  return issuer;
}
const Issuer& ec() {
  static const Issuer issuer = Issuer::make(Algorithm::es256);
  return issuer;
}

// Accepted is Reason::internal, which no refusal gives.
Reason outcome(const std::string& compact, const KeySet& keys,
               std::vector<Algorithm> allowed = {std::begin(kAll), std::end(kAll)}) {
  const Verifier verifier = Verifier::make({.issuer = std::string(testing::kIssuerUrl),
                                            .audiences = {std::string(testing::kAudience)},
                                            .algorithms = std::move(allowed),
                                            .max_age = {}})
                                .value();
  auto token = UnverifiedToken::parse(compact);
  if (!token) return token.error().reason;
  const auto verified = verifier.verify(std::move(*token), keys, kNow);
  return verified ? Reason::internal : verified.error().reason;
}

std::string payload() { return gitlab_claims(kNow).dump(); }
std::string encoded(std::string_view text) { return to_base64url(as_bytes(text)); }

TEST(JwtAttack, TheTokensUsedHereAreGoodToBeginWith) {
  EXPECT_EQ(outcome(rsa().mint(gitlab_claims(kNow)), rsa().keys()), Reason::internal);
  EXPECT_EQ(outcome(ec().mint(gitlab_claims(kNow)), ec().keys()), Reason::internal);
  EXPECT_EQ(outcome(ec().mint_raw(R"({"alg":"ES256","kid":"key-1"})", payload()), ec().keys()), Reason::internal);
}

TEST(JwtAttack, AnHmacWithThePublicKeyAsItsSecretIsNoSignature) {
  for (const std::string& secret : {rsa().key.public_key().pem(), rsa().jwks()}) {
    const std::string input = encoded(R"({"alg":"HS256","kid":"key-1","typ":"JWT"})") + "." + encoded(payload());
    unsigned char mac[32];
    HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()), as_bytes(input).data(), input.size(), mac,
         nullptr);
    EXPECT_EQ(outcome(input + "." + to_base64url(mac), rsa().keys()), Reason::algorithm_not_allowed);
  }
}

TEST(JwtAttack, AlgNoneIsNeverAccepted) {
  for (const char* none : {"none", "None", "NONE", "nOnE"})
    for (const char* signature : {"", "AAAA"})
      EXPECT_EQ(outcome(encoded(R"({"kid":"key-1","alg":")" + std::string(none) + "\"}") + "." + encoded(payload()) +
                            "." + signature,
                        rsa().keys()),
                Reason::algorithm_not_allowed);
}

TEST(JwtAttack, TheSignatureCannotBeLeftOut) {
  for (const Issuer* issuer : {&rsa(), &ec()}) {
    const std::string good = issuer->mint(gitlab_claims(kNow));
    EXPECT_EQ(outcome(good.substr(0, good.rfind('.') + 1), issuer->keys()), Reason::signature_invalid);
    EXPECT_EQ(outcome(good.substr(0, good.rfind('.')), issuer->keys()), Reason::token_malformed);
  }
}

// Whatever alg the header names, a key answers only for its own.
TEST(JwtAttack, RefusesATokenWhoseAlgDoesNotBelongToTheKey) {
  for (const Algorithm claimed : kAll)
    for (const Issuer* issuer : {&rsa(), &ec()}) {
      if (claimed == issuer->algorithm) continue;
      const std::string header = R"({"kid":"key-1","alg":")" + std::string(crypto::name(claimed)) + "\"}";
      EXPECT_EQ(outcome(issuer->mint_raw(header, payload()), issuer->keys()), Reason::algorithm_key_mismatch) << header;
    }
}

TEST(JwtAttack, AKeyPublishedForOneAlgorithmIsNotUsedForAnother) {
  const Issuer pss = {Algorithm::ps256, "key-1", PrivateKey::from_pkcs8_pem(rsa().key.pkcs8_pem().reveal()).value()};
  EXPECT_EQ(outcome(pss.mint(gitlab_claims(kNow)), pss.keys()), Reason::internal);
  EXPECT_EQ(outcome(pss.mint(gitlab_claims(kNow)), rsa().keys()), Reason::algorithm_key_mismatch);
}

TEST(JwtAttack, AnAlgorithmOutsideTheAllowListIsRefusedThoughTheKeyIsGood) {
  EXPECT_EQ(outcome(ec().mint(gitlab_claims(kNow)), ec().keys(), {Algorithm::rs256}), Reason::algorithm_not_allowed);
  EXPECT_EQ(outcome(rsa().mint(gitlab_claims(kNow)), rsa().keys(), {Algorithm::ps256}), Reason::algorithm_not_allowed);
}

TEST(JwtAttack, AKeyInTheHeaderIsNotTrusted) {
  const Issuer attacker = Issuer::make(Algorithm::es256, "attacker");
  const Json jwk = to_json(attacker.key.public_key(), "attacker", Algorithm::es256);
  for (const char* kid : {"key-1", "attacker", ""}) {
    const std::string own = jose::sign_jws(attacker.key, Algorithm::es256, {"JWT", kid, &jwk}, payload()).value();
    EXPECT_NE(outcome(own, ec().keys()), Reason::internal) << kid;
  }
  const std::string header =
      R"({"alg":"ES256","kid":"key-1","jku":"https://attacker.example.com/keys","x5u":"https://attacker.example.com","x5c":["AAAA"]})";
  EXPECT_EQ(outcome(attacker.mint_raw(header, payload()), ec().keys()), Reason::signature_invalid);
}

TEST(JwtAttack, AKidIsAnOpaqueNameAndNothingElse) {
  for (const char* kid :
       {"../../../../dev/null", "key-1' OR '1'='1", "key-1\\u0000", "KEY-1", "key-", "*", "file:///etc/passwd"}) {
    const std::string header = R"({"alg":"ES256","kid":")" + std::string(kid) + "\"}";
    EXPECT_EQ(outcome(ec().mint_raw(header, payload()), ec().keys()), Reason::key_unknown) << kid;
  }
}

TEST(JwtAttack, WithoutAKidOnlyOneFittingKeyIsUnambiguous) {
  const Issuer anonymous = {Algorithm::es256, "", PrivateKey::from_pkcs8_pem(ec().key.pkcs8_pem().reveal()).value()};
  const std::string token = anonymous.mint(gitlab_claims(kNow));
  const Jwk fitting{"a", Algorithm::es256, ec().key.public_key()};
  const Jwk other{"b", std::nullopt, PrivateKey::generate(crypto::KeyType::p256).value().public_key()};
  const Jwk rs{"c", Algorithm::rs256, rsa().key.public_key()};
  EXPECT_EQ(outcome(token, KeySet::of({fitting, rs})), Reason::internal);
  EXPECT_EQ(outcome(token, KeySet::of({fitting, rs, other})), Reason::key_unknown);
  EXPECT_EQ(outcome(token, KeySet::of({rs})), Reason::key_unknown);
  EXPECT_EQ(outcome(token, KeySet::of({})), Reason::key_unknown);
}

TEST(JwtAttack, AZeroSignatureIsNoSignature) {  // CVE-2022-21449
  const std::string good = ec().mint(gitlab_claims(kNow));
  const std::string input = good.substr(0, good.rfind('.') + 1);
  EXPECT_EQ(outcome(input + to_base64url(Bytes(64)), ec().keys()), Reason::signature_invalid);
}

// One bit of any character of any part, and the swap of each character for every other of the alphabet at the ends of
// the parts, where base64url has stray bits.
TEST(JwtAttack, NoChangeOfAnyCharacterIsAccepted) {
  for (const Issuer* issuer : {&rsa(), &ec()}) {
    const std::string good = issuer->mint(gitlab_claims(kNow));
    for (std::size_t i = 0; i < good.size(); ++i)
      for (int bit = 0; bit < 8; ++bit) {
        std::string bad = good;
        bad[i] = static_cast<char>(bad[i] ^ (1 << bit));
        ASSERT_NE(outcome(bad, issuer->keys()), Reason::internal) << i << " bit " << bit;
      }
    constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/. \n";
    for (const std::size_t end : {good.find('.') - 1, good.rfind('.') - 1, good.size() - 1})
      for (const char replacement : kAlphabet) {
        std::string bad = good;
        bad[end] = replacement;
        if (bad != good) ASSERT_NE(outcome(bad, issuer->keys()), Reason::internal) << end << replacement;
      }
  }
}

TEST(JwtAttack, PartsOfTwoGoodTokensMakeNoThird) {
  Json claims = gitlab_claims(kNow);
  const std::string mine = ec().mint(claims);
  const std::string theirs = ec().mint(claims.set("project_path", "acme/payments"));
  const auto a = split(mine, '.'), b = split(theirs, '.');
  EXPECT_EQ(outcome(std::string(a[0]) + "." + std::string(b[1]) + "." + std::string(a[2]), ec().keys()),
            Reason::signature_invalid);
}

TEST(VerifySignatureOnly, HoldsForThisVeryKeyAlone) {
  const std::string token = ec().mint(gitlab_claims(kNow), "dpop+jwt");
  const auto check = [&](const crypto::PublicKey& key) {
    return Verifier::verify_signature_only(UnverifiedToken::parse(token).value(), key);
  };
  EXPECT_EQ(check(ec().key.public_key()).value(), gitlab_claims(kNow));
  EXPECT_EQ(check(rsa().key.public_key()).error().reason, Reason::algorithm_key_mismatch);
  EXPECT_EQ(check(Issuer::make().key.public_key()).error().reason, Reason::signature_invalid);
}

}  // namespace
}  // namespace watchword::jose
