// Keys as issuers publish them, and the examples of the RFCs.
#include "jose/jwk.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "base/file.h"
#include "base/text.h"
#include "jose/jws.h"

namespace watchword::jose {
namespace {

using crypto::Algorithm;
using crypto::KeyType;
using crypto::PrivateKey;

const Json& vectors() {
  static const Json json =
      parse_json(read_file(WATCHWORD_SOURCE_DIR "/src/jose/testdata/rfc_vectors.json").value()).value();
  return json;
}

TEST(Jwk, VerifiesTheSignedExamplesOfTheRfcs) {
  const Json::Array& examples = *vectors().find("tokens")->array_items();
  ASSERT_EQ(examples.size(), 7U);  // RFC 7515 A.2, A.3, A.4; RFC 7520 4.1, 4.2, 4.3; RFC 8037 A.4
  for (const Json& example : examples) {
    const std::string& source = *example.find_string("source");
    const auto jwk = parse_jwk(*example.find("key"));
    ASSERT_TRUE(jwk.has_value()) << source << to_string(jwk.error());
    const std::string_view token = *example.find_string("token");
    const auto parts = split(token, '.');
    const Json header = parse_json(from_base64url(parts[0]).value()).value();
    const Algorithm algorithm = crypto::algorithm_from_name(*header.find_string("alg")).value();
    std::string signature = from_base64url(parts[2]).value();
    const std::string_view input = token.substr(0, token.rfind('.'));
    EXPECT_TRUE(jwk->key.verify(algorithm, input, as_bytes(signature))) << source;
    EXPECT_FALSE(jwk->key.verify(algorithm, input.substr(1), as_bytes(signature))) << source;
    signature.back() = static_cast<char>(signature.back() ^ 1);
    EXPECT_FALSE(jwk->key.verify(algorithm, input, as_bytes(signature))) << source;
  }
}

TEST(Jwk, HasTheThumbprintsOfTheRfcs) {
  for (const Json& example : *vectors().find("thumbprints")->array_items())
    EXPECT_EQ(thumbprint(parse_jwk(*example.find("key")).value().key), *example.find_string("thumbprint"))
        << *example.find_string("source");
}

TEST(Jwk, ReadsWhatItWrites) {
  const struct {
    KeyType type;
    Algorithm algorithm;
  } cases[] = {{KeyType::rsa, Algorithm::ps384},
               {KeyType::p256, Algorithm::es256},
               {KeyType::p384, Algorithm::es384},
               {KeyType::p521, Algorithm::es512},
               {KeyType::ed25519, Algorithm::eddsa}};
  for (const auto& [type, algorithm] : cases) {
    const auto key = PrivateKey::generate(type).value().public_key();
    const auto copy = parse_jwk(parse_json(to_json(key, "kid-1", algorithm).dump()).value());
    ASSERT_TRUE(copy.has_value()) << crypto::name(type) << to_string(copy.error());
    EXPECT_EQ(copy->kid, "kid-1");
    EXPECT_EQ(copy->algorithm, algorithm);
    EXPECT_EQ(copy->key.pem(), key.pem());
    EXPECT_EQ(thumbprint(copy->key), thumbprint(key));
  }
}

Json ec_key() { return to_json(PrivateKey::generate(KeyType::p256).value().public_key(), "k", Algorithm::es256); }

TEST(Jwk, TakesAKeyWithoutKidAlgOrUseAndIgnoresItsCertificates) {
  Json key = ec_key();
  const Json bare = Json::object({{"kty", "EC"}, {"crv", "P-256"}, {"x", *key.find("x")}, {"y", *key.find("y")}});
  const auto parsed = parse_jwk(bare);
  ASSERT_TRUE(parsed.has_value());
  EXPECT_EQ(parsed->kid, "");
  EXPECT_FALSE(parsed->algorithm.has_value());
  key.set("x5c", Json::array().push("not a certificate")).set("x5u", "http://attacker.example.com").set("ext", true);
  key.set("key_ops", Json::array().push("verify").push("encrypt"));
  EXPECT_TRUE(parse_jwk(key).has_value());
}

TEST(Jwk, RefusesWhatIsNoPublicSignatureKey) {
  const std::string padded = *ec_key().find_string("x") + "=";
  const struct {
    const char* member;
    Json value;
  } cases[] = {{"d", "AAAA"},
               {"d", nullptr},
               {"k", "AAAA"},
               {"p", "AAAA"},
               {"oth", Json::array()},
               {"use", "enc"},
               {"use", ""},
               {"use", "SIG"},
               {"use", 1},
               {"use", nullptr},
               {"key_ops", "verify"},
               {"key_ops", Json::array()},
               {"key_ops", Json::array().push("sign")},
               {"key_ops", Json::array().push("verify").push("verify")},
               {"key_ops", Json::array().push("verify").push(1)},
               {"alg", "RS256"},
               {"alg", "ES384"},
               {"alg", "HS256"},
               {"alg", "none"},
               {"alg", ""},
               {"alg", 256},
               {"alg", nullptr},
               {"kid", 7},
               {"kid", nullptr},
               {"kid", Json::array()},
               {"kid", std::string(513, 'k')},
               {"kty", "ec"},
               {"kty", "RSA"},
               {"kty", "oct"},
               {"kty", "OKP"},
               {"kty", ""},
               {"kty", 1},
               {"crv", "P-384"},
               {"crv", "p-256"},
               {"crv", "secp256k1"},
               {"crv", "Ed25519"},
               {"crv", nullptr},
               {"x", ""},
               {"x", 1},
               {"x", nullptr},
               {"x", padded},
               {"x", "!"},
               {"x", "AAAA"},
               {"y", Json::array()}};
  for (const auto& [member, value] : cases) {
    Json key = ec_key();
    const auto parsed = parse_jwk(key.set(member, value));
    ASSERT_FALSE(parsed.has_value()) << member << " " << value.dump();
    EXPECT_EQ(parsed.error().reason, Reason::key_invalid);
    EXPECT_FALSE(parsed.error().found.empty() || parsed.error().expected.empty()) << member;
  }
  for (const Json& other : {Json(nullptr), Json("EC"), Json::array(), Json::object(), Json(1)})
    EXPECT_FALSE(parse_jwk(other).has_value()) << other.dump();
}

TEST(Jwk, RefusesX25519AndSymmetricKeys) {
  const Json x25519 = Json::object({{"kty", "OKP"}, {"crv", "X25519"}, {"x", std::string(43, 'A')}});
  const Json symmetric = Json::object({{"kty", "oct"}, {"alg", "HS256"}, {"k", std::string(43, 'A')}});
  EXPECT_FALSE(parse_jwk(x25519).has_value());
  EXPECT_FALSE(parse_jwk(symmetric).has_value());
}

}  // namespace
}  // namespace watchword::jose
