#include <gmock/gmock.h>

#include "base/encoding.h"
#include "jose/jwk.h"

namespace watchword::jose {
namespace {

using crypto::Algorithm;
using crypto::KeyType;
using crypto::PrivateKey;
using ::testing::HasSubstr;

Json key(std::string_view kid) {
  Json json = to_json(PrivateKey::generate(KeyType::p256).value().public_key(), kid, Algorithm::es256);
  return json;
}

std::string document(const Json::Array& keys) { return Json::object({{"keys", Json(keys)}}).dump(); }

TEST(KeySet, FindsEachKeyByItsKidAndNothingElse) {
  Json::Array keys;
  for (int i = 0; i < 50; ++i) keys.push_back(key("key-" + std::to_string(i * 37 % 50)));
  const KeySet set = KeySet::parse(document(keys)).value();
  ASSERT_EQ(set.keys().size(), 50U);
  EXPECT_EQ(set.skipped(), 0U);
  for (const Json& json : keys) {
    const Jwk* found = set.find(*json.find_string("kid"));
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(to_base64url(found->key.ec().x), *json.find_string("x"));
  }
  for (const char* other : {"", "key", "key-", "key-50", "KEY-1", "key-1 ", "zzz"}) EXPECT_EQ(set.find(other), nullptr);
}

TEST(KeySet, SkipsWhatItCannotUseAndKeepsTheRest) {
  Json leaked = key("leaked"), encryption = key("encryption"), odd = key("odd");
  leaked.set("d", "AAAA");
  encryption.set("use", "enc");
  odd.set("crv", "secp256k1");
  const Json symmetric = Json::object({{"kty", "oct"}, {"kid", "oct"}, {"k", "AAAA"}});
  const KeySet set = KeySet::parse(document({leaked, symmetric, key("good"), encryption, odd, Json::object()})).value();
  ASSERT_EQ(set.keys().size(), 1U);
  EXPECT_EQ(set.skipped(), 5U);
  EXPECT_NE(set.find("good"), nullptr);
  EXPECT_EQ(set.find("leaked"), nullptr);
  EXPECT_EQ(set.find("oct"), nullptr);
}

TEST(KeySet, RefusesTwoUsableKeysOfOneKid) {
  const auto set = KeySet::parse(document({key("a"), key("b"), key("a")}));
  ASSERT_FALSE(set.has_value());
  EXPECT_EQ(set.error().reason, Reason::key_set_invalid);
  EXPECT_THAT(set.error().found, HasSubstr("'a'"));
}

TEST(KeySet, TakesSeveralKeysWithoutKid) {
  const KeySet set = KeySet::parse(document({key(""), key(""), key("a")})).value();
  EXPECT_EQ(set.keys().size(), 3U);
  EXPECT_EQ(set.find(""), nullptr);
}

TEST(KeySet, RefusesDocumentsThatAreNoKeySet) {
  const std::string good = key("a").dump();
  for (const std::string& text :
       std::vector<std::string>{std::string(),
                                std::string("null"),
                                std::string("[]"),
                                std::string("{}"),
                                std::string("<html>login</html>"),
                                good,
                                "[" + good + "]",
                                "{\"keys\":" + good + "}",
                                std::string(R"({"keys":null})"),
                                std::string(R"({"keys":"none"})"),
                                "{\"keys\":[" + good + "],\"keys\":[]}",
                                "{\"keys\":[" + good + ",null]}",
                                "{\"keys\":[" + good + "]",
                                "{\"keys\":[" + good + "]} x",
                                "{\"keys\":[[" + good + "]]}",
                                std::string(R"({"keys":[{"kid":"\ud800"}]})"),
                                "{\"keys\":[{\"kid\":\"\xff\"}]}",
                                std::string(R"({"keys":[{"kty":"EC","kty":"EC"}]})"),
                                std::string(2 << 20, ' ') + "{\"keys\":[]}",
                                "{\"keys\":" + std::string(5000, '[') + std::string(5000, ']') + "}"}) {
    const auto set = KeySet::parse(text);
    ASSERT_FALSE(set.has_value()) << text.substr(0, 100);
    EXPECT_EQ(set.error().reason, Reason::key_set_invalid);
    EXPECT_FALSE(set.error().found.empty()) << text.substr(0, 100);
  }
}

TEST(KeySet, IsBoundedAndBearsTenThousandKeys) {
  const Json one = key("a");
  Json::Array keys;
  for (int i = 0; i < 10'000; ++i) {
    Json copy = one;
    copy.set("kid", "key-" + std::to_string(i));
    keys.push_back(std::move(copy));
  }
  const std::string text = document(keys);
  const auto refused = KeySet::parse(text);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().reason, Reason::key_set_invalid);
  const KeySet set = KeySet::parse(text, 10'000).value();
  EXPECT_EQ(set.keys().size(), 10'000U);
  EXPECT_NE(set.find("key-9999"), nullptr);

  keys.resize(101);
  const auto too_many = KeySet::parse(document(keys));
  ASSERT_FALSE(too_many.has_value());
  EXPECT_THAT(too_many.error().found, HasSubstr("101 keys"));
  keys.pop_back();
  EXPECT_TRUE(KeySet::parse(document(keys)).has_value());
}

}  // namespace
}  // namespace watchword::jose
