#include "crypto/aead.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace watchword::crypto {
namespace {

class Zeros final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override { std::ranges::fill(out, std::uint8_t{0}); }
};

SealingKey key(char fill = 'k') { return SealingKey::from_secret(Secret(std::string(32, fill))).value(); }

TEST(Aead, IsAes256Gcm) {  // test case 14 of the GCM specification: key, nonce and plaintext are all zero
  Zeros zeros;
  EXPECT_EQ(to_hex(as_bytes(key('\0').seal(std::string(16, '\0'), "", zeros))),
            "000000000000000000000000"
            "cea7403d4d606b6e074ec5d3baf39d18"
            "d0d1c8a799996bf0265b98b5d48ab919");
}

TEST(Aead, OpensWhatItSealed) {
  SystemRandom random;
  for (const std::string& plain : {std::string(), std::string("x"), std::string(100'000, 'p')})
    EXPECT_EQ(key().open(key().seal(plain, "signing key 1", random), "signing key 1").value().reveal(), plain);
  EXPECT_NE(key().seal("same", "c", random), key().seal("same", "c", random));
}

TEST(Aead, OpensNothingElse) {
  SystemRandom random;
  const std::string sealed = key().seal("secret", "signing key 1", random);
  const auto refused = [](const SealingKey& with, std::string_view text, std::string_view context) {
    const auto opened = with.open(text, context);
    return !opened && opened.error().reason == Reason::key_invalid;
  };
  EXPECT_TRUE(refused(key('x'), sealed, "signing key 1"));
  EXPECT_TRUE(refused(key(), sealed, "signing key 2"));
  EXPECT_TRUE(refused(key(), sealed, ""));
  EXPECT_TRUE(refused(key(), sealed + "x", "signing key 1"));
  for (std::size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_TRUE(refused(key(), changed, "signing key 1")) << i;
    EXPECT_TRUE(refused(key(), sealed.substr(0, i), "signing key 1")) << i;
  }
}

TEST(SealingKey, IsTakenRawOrInBase64OrHex) {
  SystemRandom random;
  const std::string raw = "0123456789abcdef0123456789ABCDE?";
  const std::string sealed = SealingKey::from_secret(Secret(raw)).value().seal("x", "", random);
  for (const std::string& form : {raw, to_base64(as_bytes(raw)), to_hex(as_bytes(raw))}) {
    const auto same = SealingKey::from_secret(Secret(form));
    ASSERT_TRUE(same.has_value()) << form;
    EXPECT_TRUE(same->open(sealed, "").has_value()) << form;
  }
}

TEST(SealingKey, IsRefusedInAnyOtherLengthWithoutBeingRepeated) {
  for (const std::string& text : {std::string(), std::string("hunter2"), std::string(31, 'k'), std::string(33, 'k'),
                                  to_base64(as_bytes("hunter2")), std::string(64, 'x'), std::string(44, '=')}) {
    const auto made = SealingKey::from_secret(Secret(text));
    ASSERT_FALSE(made.has_value()) << text;
    EXPECT_EQ(made.error().reason, Reason::secret_unavailable);
    if (!text.empty()) {
      EXPECT_EQ(to_string(made.error()).find(text), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace watchword::crypto
