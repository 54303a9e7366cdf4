#include "context/webhook_scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/encoding.h"

namespace watchword::context {
namespace {

using ::testing::ElementsAre;
using Kind = HookScope::Kind;

constexpr std::string_view kToken = "a-webhook-token-of-acme";
constexpr std::string_view kSigning = "whsec_a2tra2tra2tra2tra2tra2tra2tra2tra2tra2tra2s=";  // 32 times "k"

WebhookSecrets secrets(std::initializer_list<std::string_view> texts) {
  WebhookSecrets all;
  for (const std::string_view text : texts) EXPECT_TRUE(add_secret(all, Secret(text)).has_value()) << text;
  return all;
}

std::vector<std::string> derived(const WebhookSecrets& master, const HookScope& scope,
                                 std::string_view issuer = "gitlab") {
  std::vector<std::string> texts;
  for (const Secret& secret : secret_texts(derive(master, issuer, scope))) texts.emplace_back(secret.reveal());
  return texts;
}

TEST(HookScope, HasOnePathEach) {
  for (const HookScope& scope : {HookScope{}, HookScope{Kind::project, "42"}, HookScope{Kind::group, "7"},
                                 HookScope{Kind::project, "9223372036854775807"}})
    EXPECT_EQ(HookScope::from_path(scope.to_path()), scope);
  EXPECT_EQ((HookScope{Kind::group, "7"}).to_path(), "/groups/7");
}

TEST(HookScope, TakesNoOtherSpellingOfAnId) {
  for (const char* path : {"/",
                           "/projects",
                           "/projects/",
                           "/groups/",
                           "projects/42",
                           "//projects/42",
                           "/projects//42",
                           "/projects/42/",
                           "/projects/042",
                           "/projects/0",
                           "/projects/-42",
                           "/projects/+42",
                           "/projects/ 42",
                           "/projects/42 ",
                           "/projects/4%32",
                           "/projects%2F42",
                           "/projects/42%2F..%2F43",
                           "/projects/42/../43",
                           "/projects/./42",
                           "/projects/42;43",
                           "/projects/42.0",
                           "/projects/4e1",
                           "/projects/0x2a",
                           "/projects/42\n",
                           "/Projects/42",
                           "/projects/9223372036854775808",
                           "/projects/99999999999999999999",
                           "/projects/acme%2Fbilling",
                           "/groups/acme",
                           "/groups/7/projects/42",
                           "/issuer/42",
                           "/project/42"})
    EXPECT_FALSE(HookScope::from_path(path)) << path;
  EXPECT_FALSE(HookScope::from_path(std::string_view("/projects/42\0", 13)));
}

// Computed by Python's hmac, of the message that the header describes.
TEST(HookSecrets, AreMadeAsTheHeaderSays) {
  EXPECT_THAT(derived(secrets({kSigning, kToken}), {Kind::project, "42"}),
              ElementsAre("whsec_Cfdq68am8SCICLHy0unscqegaudOEOQanwTsE2hWXFc=",
                          "c636b10bcf41d6e7e84a4e57844b101e7ca7bb18ae4003595f20143c03bd2aec"));
  EXPECT_THAT(derived(secrets({kToken}), {Kind::group, "7"}),
              ElementsAre("8617d3df639756c80f894aa1acc46f4abd1974d5a1bf084e59dec18a92fedbc8"));
}

TEST(HookSecrets, DifferForEachScopeIssuerKindAndMaster) {
  std::set<std::string> seen;
  std::size_t made = 0;
  for (const char* issuer : {"gitlab", "gitla", "other"})
    for (const auto& scope : {HookScope{Kind::project, "4"}, HookScope{Kind::project, "42"},
                              HookScope{Kind::group, "4"}, HookScope{Kind::group, "42"}})
      for (const auto& master : {kToken, std::string_view("b-webhook-token-of-acme"), kSigning})
        for (const auto& text : derived(secrets({master}), scope, issuer)) {
          seen.insert(text);
          ++made;
        }
  EXPECT_EQ(made, 36u);
  EXPECT_EQ(seen.size(), made);
}

// A token of the same bytes as a key has not the same secrets.
TEST(HookSecrets, OfAKeyAreNotThoseOfATokenOfTheSameBytes) {
  WebhookSecrets same;
  same.signing.emplace_back(kToken);
  same.tokens.emplace_back(kToken);
  const auto both = derive(same, "gitlab", {Kind::project, "42"});
  EXPECT_NE(to_hex(as_bytes(both.signing.front().reveal())), both.tokens.front().reveal());
}

// While one is being replaced.
TEST(HookSecrets, AreAsManyAsTheIssuerHas) {
  const std::string_view other = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";  // 24 bytes: good to the gate, not to GitLab
  const auto both = derive(secrets({other, kSigning, kToken}), "gitlab", {Kind::project, "42"});
  ASSERT_EQ(both.signing.size(), 2u);
  EXPECT_EQ(both.tokens.size(), 1u);
  for (const Secret& key : both.signing) EXPECT_EQ(key.reveal().size(), 32u);
}

TEST(HookSecrets, OfTheIssuerAreItsOwn) {
  EXPECT_THAT(derived(secrets({kToken, kSigning}), {}), ElementsAre(kSigning, kToken));
}

TEST(HookSecrets, AreReadAgainFromTheirTexts) {
  WebhookSecrets again;
  const auto made = derive(secrets({kToken, kSigning}), "gitlab", {Kind::project, "42"});
  for (const Secret& text : secret_texts(made)) EXPECT_TRUE(add_secret(again, text));
  EXPECT_EQ(again.signing.front().reveal(), made.signing.front().reveal());
  EXPECT_EQ(again.tokens.front().reveal(), made.tokens.front().reveal());
}

}  // namespace
}  // namespace watchword::context
