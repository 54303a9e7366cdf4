// What a verified token's claims must say.
#include "jose/jwt.h"

#include <gmock/gmock.h>

#include <limits>

#include "crypto/digest.h"
#include "support/mint.h"

namespace watchword::jose {
namespace {

using crypto::Algorithm;
using std::chrono::hours;
using std::chrono::seconds;
using testing::gitlab_claims;
using ::testing::HasSubstr;
using testing::Issuer;
using testing::kAudience;
using testing::kIssuerUrl;

const Time kNow = from_unix(1'795'000'000);

const Issuer& issuer() {
  static const Issuer instance = Issuer::make();
  return instance;
}

Expectations expectations() {
  return {.issuer = std::string(kIssuerUrl),
          .audiences = {std::string(kAudience)},
          .algorithms = {Algorithm::es256},
          .max_age = {}};
}

Result<VerifiedToken> verify_text(const std::string& compact, const Expectations& expected = expectations(),
                                  Time now = kNow) {
  WW_TRY(UnverifiedToken token, UnverifiedToken::parse(compact));
  return Verifier::make(expected).value().verify(std::move(token), issuer().keys(), now);
}

Result<VerifiedToken> verify(const Json& claims, const Expectations& expected = expectations(), Time now = kNow) {
  return verify_text(issuer().mint(claims), expected, now);
}

Error refusal(const Json& claims, const Expectations& expected = expectations(), Time now = kNow) {
  const auto token = verify(claims, expected, now);
  return token ? Error{} : token.error();
}

Json with(std::string_view claim, Json value) {
  Json claims = gitlab_claims(kNow);
  return claims.set(claim, std::move(value));
}

Json without(std::string_view claim) {
  Json claims = Json::object();
  for (const auto& [key, value] : *gitlab_claims(kNow).members())
    if (key != claim) claims.set(key, value);
  return claims;
}

Json at(Duration offset) { return to_unix(kNow + offset); }

TEST(Jwt, AGoodTokenIsVerifiedWithAllThatItSays) {
  const Json claims = gitlab_claims(kNow);
  const std::string compact = issuer().mint(claims);
  const auto token = verify_text(compact);
  ASSERT_TRUE(token.has_value()) << to_string(token.error());
  EXPECT_EQ(token->claims(), claims);
  EXPECT_EQ(token->issuer(), kIssuerUrl);
  EXPECT_EQ(token->subject(), "project_path:acme/billing:ref_type:branch:ref:main");
  EXPECT_EQ(token->expires(), kNow + hours(1));
  EXPECT_EQ(token->issued(), kNow);
  EXPECT_EQ(token->sha256(), crypto::sha256_hex(compact));
}

TEST(Jwt, EachAlgorithmVerifiesWhatItSigned) {
  for (const Algorithm algorithm :
       {Algorithm::rs256, Algorithm::rs384, Algorithm::rs512, Algorithm::ps256, Algorithm::ps384, Algorithm::ps512,
        Algorithm::es256, Algorithm::es384, Algorithm::es512, Algorithm::eddsa}) {
    const Issuer other = Issuer::make(algorithm);
    Expectations expected = expectations();
    expected.algorithms = {algorithm};
    auto token = UnverifiedToken::parse(other.mint(gitlab_claims(kNow))).value();
    EXPECT_TRUE(Verifier::make(expected)
                    .value()
                    .verify(std::move(token), KeySet::parse(other.jwks()).value(), kNow)
                    .has_value())
        << crypto::name(algorithm);
  }
}

TEST(Jwt, TheIssuerIsComparedToTheLetter) {
  for (const char* other :
       {"https://gitlab.example.com/", "https://GITLAB.example.com", "http://gitlab.example.com", "",
        "https://gitlab.example.com.attacker.example", "gitlab.example.com", " https://gitlab.example.com"})
    EXPECT_EQ(refusal(with("iss", other)).reason, Reason::issuer_mismatch) << other;
  EXPECT_EQ(refusal(without("iss")).reason, Reason::claim_missing);
  EXPECT_EQ(refusal(with("iss", Json::array().push(kIssuerUrl))).reason, Reason::claim_invalid);
  const Error error = refusal(with("iss", "https://other.example.com"));
  EXPECT_EQ(error.found, "'https://other.example.com'");
  EXPECT_EQ(error.expected, "'https://gitlab.example.com'");
}

TEST(Jwt, OneAudienceOfTheTokenMustBeOneOfOurs) {
  const auto list = [](std::initializer_list<Json> items) { return Json(Json::Array(items)); };
  EXPECT_TRUE(verify(with("aud", list({"x", kAudience}))).has_value());
  Expectations two = expectations();
  two.audiences = {"https://old.example.com", std::string(kAudience)};
  EXPECT_TRUE(verify(gitlab_claims(kNow), two).has_value());

  const struct {
    Json aud;
    Reason reason;
  } cases[] = {{"https://gate.example.com/", Reason::audience_mismatch},
               {"https://GATE.example.com", Reason::audience_mismatch},
               {"", Reason::audience_mismatch},
               {"*", Reason::audience_mismatch},
               {list({"a", "b"}), Reason::audience_mismatch},
               {list({}), Reason::audience_missing},
               {list({kAudience, 1}), Reason::claim_invalid},
               {list({list({kAudience})}), Reason::claim_invalid},
               {nullptr, Reason::claim_invalid},
               {1, Reason::claim_invalid},
               {true, Reason::claim_invalid},
               {Json::object({{"aud", kAudience}}), Reason::claim_invalid}};
  for (const auto& [aud, reason] : cases) EXPECT_EQ(refusal(with("aud", aud)).reason, reason) << aud.dump();
  EXPECT_EQ(refusal(without("aud")).reason, Reason::audience_missing);
}

TEST(Jwt, AnAudienceMismatchSaysWhatTheTokenHasAndWhatToWrite) {
  const Error error = refusal(with("aud", Json::array().push("https://vault.example.com").push("sts")));
  EXPECT_EQ(error.found, "'https://vault.example.com', 'sts'");
  EXPECT_EQ(error.expected, "'https://gate.example.com'");
  EXPECT_THAT(error.fix, HasSubstr("aud: https://gate.example.com"));
  Json many = Json::array();
  for (int i = 0; i < 500; ++i) many.push("audience-" + std::to_string(i));
  EXPECT_LT(refusal(with("aud", many)).found.size(), 200U);
}

TEST(Jwt, ATokenEndsAtItsExpiryPlusTheSkew) {
  EXPECT_TRUE(verify(with("exp", at(seconds(-59)))).has_value());
  EXPECT_EQ(refusal(with("exp", at(seconds(-60)))).reason, Reason::token_expired);
  Expectations strict = expectations();
  strict.skew = Duration::zero();
  EXPECT_TRUE(verify(with("exp", at(seconds(1))), strict).has_value());
  EXPECT_EQ(refusal(with("exp", at(seconds(0))), strict).reason, Reason::token_expired);
  const Error error = refusal(gitlab_claims(kNow), expectations(), kNow + hours(1) + seconds(312));
  EXPECT_EQ(error.reason, Reason::token_expired);
  EXPECT_THAT(error.found, HasSubstr(to_rfc3339(kNow + hours(1))));
  EXPECT_THAT(error.found, HasSubstr("312s ago"));
  EXPECT_THAT(error.expected, HasSubstr("skew of 1m"));
}

TEST(Jwt, ATokenWithoutAnEndIsNeverAccepted) { EXPECT_EQ(refusal(without("exp")).reason, Reason::expiry_missing); }

TEST(Jwt, AnIssuerWhoseClockIsThirtySecondsAheadIsNormal) {
  EXPECT_TRUE(verify(gitlab_claims(kNow + seconds(30))).has_value());
  EXPECT_TRUE(verify(with("nbf", at(seconds(60)))).has_value());
  EXPECT_TRUE(verify(with("iat", at(seconds(60)))).has_value());
  EXPECT_EQ(refusal(with("nbf", at(seconds(61)))).reason, Reason::token_not_yet_valid);
  EXPECT_EQ(refusal(with("iat", at(seconds(61)))).reason, Reason::token_issued_in_future);
  EXPECT_THAT(refusal(with("nbf", at(hours(2)))).found, HasSubstr("in 2h"));
}

TEST(Jwt, TimesAreNumbersWithinReason) {
  for (const char* claim : {"exp", "nbf", "iat"}) {
    for (const Json& bad :
         {Json("1795003600"), Json(nullptr), Json(true), Json::array(), Json::object(), Json(-1), Json(-0.5),
          Json(std::int64_t{253402300800}), Json(1e300), Json(-1e300), Json(std::numeric_limits<std::int64_t>::max()),
          Json(std::numeric_limits<std::int64_t>::min())})
      EXPECT_EQ(refusal(with(claim, bad)).reason, Reason::claim_invalid) << claim << " " << bad.dump();
  }
  EXPECT_TRUE(verify(with("exp", std::int64_t{253402300799})).has_value());
  EXPECT_TRUE(verify(with("exp", 1.7950036e9)).has_value());
  EXPECT_EQ(verify(with("exp", 1'795'003'600.25)).value().expires(), kNow + hours(1) + std::chrono::milliseconds(250));
  EXPECT_EQ(verify(with("nbf", 0)).has_value(), true);
}

TEST(Jwt, ATimeBeyondJsonsIntegersIsRefused) {
  const std::string header = R"({"alg":"ES256","kid":"key-1","typ":"JWT"})";
  for (const char* exp : {"99999999999999999999", "1e400", "18446744073709551615"}) {
    const auto token = verify_text(issuer().mint_raw(header, R"({"exp":)" + std::string(exp) + "}"));
    EXPECT_EQ(token.error().reason, Reason::token_malformed) << exp;
  }
}

TEST(Jwt, ALimitOnTheAgeMakesIatMandatory) {
  Expectations limited = expectations();
  limited.max_age = std::chrono::minutes(10);
  EXPECT_TRUE(verify(with("iat", at(seconds(-659))), limited).has_value());
  EXPECT_EQ(refusal(with("iat", at(seconds(-660))), limited).reason, Reason::token_too_old);
  EXPECT_EQ(refusal(without("iat"), limited).reason, Reason::claim_missing);
  EXPECT_TRUE(verify(without("iat")).has_value());
  EXPECT_FALSE(verify(without("iat")).value().issued().has_value());
  EXPECT_TRUE(verify(without("nbf")).has_value());
}

TEST(Jwt, TheSubjectMayBeAbsentButIsAString) {
  EXPECT_EQ(verify(without("sub")).value().subject(), "");
  EXPECT_EQ(refusal(with("sub", 1)).reason, Reason::claim_invalid);
}

TEST(Jwt, OnlyAcceptedTypesAreAccepted) {
  const Json claims = gitlab_claims(kNow);
  for (const char* good : {"JWT", "jwt", "application/jwt", ""})
    EXPECT_TRUE(verify_text(issuer().mint(claims, good))) << good;
  for (const char* bad : {"at+jwt", "dpop+jwt", "logout+jwt", "secevent+jwt", "JOSE", "jwt "}) {
    const auto token = verify_text(issuer().mint(claims, bad));
    ASSERT_FALSE(token.has_value()) << bad;
    EXPECT_EQ(token.error().reason, Reason::token_type_not_accepted) << bad;
  }
  Expectations access = expectations();
  access.types = {"at+jwt"};
  EXPECT_TRUE(verify_text(issuer().mint(claims, "at+jwt"), access));
  EXPECT_FALSE(verify_text(issuer().mint(claims, ""), access));
}

TEST(Verifier, RefusesExpectationsThatWouldAcceptAnything) {
  const auto refused = [](auto change) {
    Expectations expected = expectations();
    change(expected);
    const auto verifier = Verifier::make(expected);
    return !verifier && verifier.error().reason == Reason::config_invalid;
  };
  EXPECT_TRUE(refused([](Expectations& e) { e.issuer.clear(); }));
  EXPECT_TRUE(refused([](Expectations& e) { e.audiences.clear(); }));
  EXPECT_TRUE(refused([](Expectations& e) { e.audiences = {"a", ""}; }));
  EXPECT_TRUE(refused([](Expectations& e) { e.algorithms.clear(); }));
  EXPECT_TRUE(refused([](Expectations& e) { e.types.clear(); }));
  EXPECT_TRUE(refused([](Expectations& e) { e.skew = seconds(-1); }));
  EXPECT_TRUE(refused([](Expectations& e) { e.max_age = seconds(0); }));
  EXPECT_FALSE(refused([](Expectations&) {}));
}

}  // namespace
}  // namespace watchword::jose
