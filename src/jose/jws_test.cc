// What is taken as a token at all, before any key is asked.
#include "jose/jws.h"

#include <gmock/gmock.h>

#include "base/text.h"
#include "jose/jwt.h"
#include "support/mint.h"

namespace watchword::jose {
namespace {

using crypto::Algorithm;
using ::testing::HasSubstr;

std::string encoded(std::string_view text) { return to_base64url(as_bytes(text)); }

std::string token(std::string_view header, std::string_view payload = R"({"iss":"https://gitlab.example.com"})") {
  return encoded(header) + "." + encoded(payload) + "." + encoded("signature");
}

Reason refusal(std::string_view compact) {
  const auto parsed = UnverifiedToken::parse(compact);
  if (parsed) return Reason::internal;
  EXPECT_FALSE(parsed.error().found.empty());
  EXPECT_FALSE(parsed.error().expected.empty());
  return parsed.error().reason;
}

constexpr std::string_view kHeader = R"({"alg":"RS256","kid":"key-1","typ":"JWT"})";

TEST(Jws, ShowsTheHeaderAndTheIssuerHintOfAnUnverifiedToken) {
  const auto parsed = UnverifiedToken::parse(token(kHeader));
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->algorithm(), Algorithm::rs256);
  EXPECT_EQ(parsed->kid(), "key-1");
  EXPECT_EQ(parsed->issuer_hint(), "https://gitlab.example.com");
  EXPECT_EQ(parsed->header().string_or("typ", ""), "JWT");
}

TEST(Jws, NormalisesTheMediaTypeOfTyp) {
  const struct {
    const char *typ, *normal;
  } cases[] = {{R"(,"typ":"JWT")", "jwt"},
               {R"(,"typ":"application/at+JWT")", "at+jwt"},
               {R"(,"typ":"APPLICATION/jwt")", "jwt"},
               {R"(,"typ":"dpop+jwt")", "dpop+jwt"},
               {R"(,"typ":"")", ""},
               {"", ""}};
  for (const auto& [typ, normal] : cases)
    EXPECT_EQ(UnverifiedToken::parse(token(R"({"alg":"ES256")" + std::string(typ) + "}")).value().typ(), normal) << typ;
}

TEST(Jws, RefusesAnythingButThreePartsOfStrictBase64url) {
  const std::string h = encoded(kHeader), p = encoded("{}"), s = encoded("signature");
  for (const std::string& bad : {std::string(),
                                 std::string("."),
                                 std::string(".."),
                                 std::string("..."),
                                 h,
                                 h + "." + p,
                                 h + "." + p + "." + s + ".",
                                 h + "." + p + "." + s + "." + s,
                                 h + "." + p + "." + s + "." + s + "." + s,
                                 "." + p + "." + s,
                                 h + ".." + s,
                                 h + "=." + p + "." + s,
                                 h + "." + p + "=." + s,
                                 h + "." + p + "." + s + "=",
                                 " " + h + "." + p + "." + s,
                                 h + "." + p + "." + s + "\n",
                                 h + "." + p + "." + s + " ",
                                 h + "." + p + ".c2lnbmF0dXJ+",
                                 h + "." + p + ".a+b/",
                                 h + "." + p + ".A",
                                 h + "." + p + ".AB",
                                 h + "." + p + ".AAB",
                                 h + ".\t" + p + "." + s,
                                 "Bearer " + h + "." + p + "." + s,
                                 h + "." + p + "." + std::string("AA\0A", 4),
                                 h + "%2e" + p + "." + s})
    EXPECT_EQ(refusal(bad), Reason::token_malformed) << bad;
  EXPECT_THAT(UnverifiedToken::parse(h + "." + p + "." + s + "." + s + "." + s).error().found, HasSubstr("encrypted"));
}

TEST(Jws, RefusesHeadersAndPayloadsThatParsersReadDifferently) {
  for (const std::string& text : {std::string(),
                                  std::string("null"),
                                  std::string("[]"),
                                  std::string("\"alg\""),
                                  std::string("1"),
                                  std::string(R"({"alg":"RS256","alg":"none"})"),
                                  std::string(R"({"alg":"RS256","\u0061lg":"none"})"),
                                  std::string(R"({"alg":"RS256"} )") + "{}",
                                  std::string(R"({"alg":"RS256",})"),
                                  std::string(R"({'alg':'RS256'})"),
                                  std::string(R"({"alg":"RS256"/**/})"),
                                  std::string(R"({"alg":"RS256","x":NaN})"),
                                  "\xef\xbb\xbf" + std::string(kHeader),
                                  std::string("{\"alg\":\"RS256\",\"x\":\"\xc0\x80\"}"),
                                  std::string("{\"alg\":\"RS256\",\"x\":\"\xed\xa0\x80\"}"),
                                  std::string(R"({"alg":"RS256","x":"\ud800"})"),
                                  std::string("{\"alg\":\"RS256\",\"x\":\"\n\"}"),
                                  std::string(R"({"alg":"RS256","x":1e999})"),
                                  std::string(R"({"alg":"RS256")"),
                                  std::string("{\"alg\":\"RS256\"}\0", 16),
                                  R"({"alg":"RS256","x":)" + std::string(40, '[') + std::string(40, ']') + "}"}) {
    EXPECT_EQ(refusal(token(text)), Reason::token_malformed) << "header " << text;
    EXPECT_EQ(refusal(token(kHeader, text)), Reason::token_malformed) << "payload " << text;
  }
}

TEST(Jws, RefusesHeaderMembersOfWrongTypes) {
  for (const char* header : {"{}", R"({"alg":null})", R"({"alg":""})", R"({"alg":256})", R"({"alg":["RS256"]})",
                             R"({"alg":"RS256","kid":1})", R"({"alg":"RS256","kid":null})",
                             R"({"alg":"RS256","typ":{}})", R"({"Alg":"RS256"})", R"({"alg":"RS256","b64":false})",
                             R"({"alg":"RS256","b64":"true"})", R"({"alg":"RS256","b64":false,"crit":["b64"]})"})
    EXPECT_EQ(refusal(token(header)), Reason::token_malformed) << header;
}

TEST(Jws, NeverTakesNoneOrHmacHoweverTheyAreSpelt) {
  for (const char* alg :
       {"none",  "None",  "NONE",   "nOnE",         "noNe", " none",  "none ",    "HS256",     "HS384", "HS512",
        "hs256", "rs256", "RS256 ", "RS256\\u0000", "RSA",  "ES256K", "RSA-OAEP", "A256GCMKW", "dir",   "null"}) {
    const std::string header = R"({"typ":"JWT","alg":")" + std::string(alg) + "\"}";
    EXPECT_EQ(refusal(token(header)), Reason::algorithm_not_allowed) << alg;
    EXPECT_EQ(refusal(encoded(header) + "." + encoded("{}") + "."), Reason::algorithm_not_allowed) << alg;
  }
}

TEST(Jws, RefusesEveryCriticalExtension) {
  const struct {
    const char* crit;
    Reason reason;
  } cases[] = {{R"(["exp"])", Reason::critical_header_unknown},
               {R"(["b64"])", Reason::critical_header_unknown},
               {R"(["alg"])", Reason::critical_header_unknown},
               {R"(["x","y"])", Reason::critical_header_unknown},
               {R"([""])", Reason::critical_header_unknown},
               {"[]", Reason::token_malformed},
               {R"("exp")", Reason::token_malformed},
               {"null", Reason::token_malformed},
               {"{}", Reason::token_malformed},
               {"[1]", Reason::token_malformed},
               {R"(["x","x"])", Reason::token_malformed},
               {R"(["x",null])", Reason::token_malformed}};
  for (const auto& [crit, reason] : cases)
    EXPECT_EQ(refusal(token(R"({"alg":"RS256","b64":true,"crit":)" + std::string(crit) + "}")), reason) << crit;
}

TEST(Jws, IsBoundedInSizeAndDepth) {
  const std::string filler(kMaxTokenBytes, 'a');
  EXPECT_EQ(refusal(filler), Reason::token_malformed);  // just within the limit, and no token
  EXPECT_EQ(refusal(filler + "a"), Reason::token_too_large);
  EXPECT_EQ(refusal(token(kHeader, R"({"x":")" + filler + "\"}")), Reason::token_too_large);
  const auto nested = [](std::size_t depth) {
    return R"({"x":)" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  EXPECT_EQ(refusal(token(kHeader, nested(5000))), Reason::token_malformed);
  EXPECT_EQ(refusal(token(kHeader, nested(16))), Reason::token_malformed);
  EXPECT_TRUE(UnverifiedToken::parse(token(kHeader, nested(15))).has_value());
}

TEST(Jws, NoTruncationOfATokenIsAToken) {
  const std::string good = testing::Issuer::make().mint(testing::gitlab_claims(from_unix(1'700'000'000)));
  ASSERT_TRUE(UnverifiedToken::parse(good).has_value());
  const std::size_t signature = good.rfind('.') + 1;
  for (std::size_t length = 0; length < signature; ++length)
    EXPECT_FALSE(UnverifiedToken::parse(good.substr(0, length)).has_value()) << length;
}

TEST(SignJws, WritesAHeaderWithWhatWasGivenAndThePayloadAsItIs) {
  const auto issuer = testing::Issuer::make(Algorithm::eddsa, "key \"1\"");
  const Json jwk = to_json(issuer.key.public_key(), "", Algorithm::eddsa);
  const std::string payload = "{\"b\":1,  \"a\":2}";
  const std::string compact = sign_jws(issuer.key, Algorithm::eddsa, {"dpop+jwt", issuer.kid, &jwk}, payload).value();
  const auto parts = split(compact, '.');
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_EQ(parse_json(from_base64url(parts[0]).value()).value(),
            Json::object({{"alg", "EdDSA"}, {"typ", "dpop+jwt"}, {"kid", "key \"1\""}, {"jwk", jwk}}));
  EXPECT_EQ(from_base64url(parts[1]).value(), payload);
  EXPECT_TRUE(
      Verifier::verify_signature_only(UnverifiedToken::parse(compact).value(), issuer.key.public_key()).has_value());
  EXPECT_EQ(sign_jws(issuer.key, Algorithm::rs256, {"JWT", "k"}, payload).error().reason, Reason::key_invalid);
}

TEST(SignJws, SignsTheExampleOfRfc8037ToTheByte) {  // A.1 and A.4; Ed25519 has no randomness
  const auto seed = from_base64url("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").value();
  const auto key = crypto::PrivateKey::from_ed25519_seed(as_bytes(seed)).value();
  EXPECT_EQ(sign_jws(key, Algorithm::eddsa, {}, "Example of Ed25519 signing").value(),
            "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

}  // namespace
}  // namespace watchword::jose
