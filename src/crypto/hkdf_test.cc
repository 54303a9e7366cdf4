// Keys are derived as RFC 5869 has it.
#include "crypto/hkdf.h"

#include <gtest/gtest.h>

#include <string>

#include "base/encoding.h"

namespace watchword::crypto {
namespace {

std::string bytes(std::string_view hex) { return *from_hex(hex); }

std::string derived(const std::string& secret, std::string_view salt, std::string_view info, std::size_t size) {
  auto out = hkdf_sha256(Secret(std::string_view(secret)), salt, info, size);
  return out ? to_hex(as_bytes(out->reveal())) : to_string(out.error());
}

std::string counting(int first, int last) {
  std::string text;
  for (int i = first; i <= last; ++i) text += static_cast<char>(i);
  return text;
}

TEST(Hkdf, GivesTheVectorsOfTheRfc) {  // RFC 5869 A.1 to A.3
  EXPECT_EQ(derived(std::string(22, '\x0b'), bytes("000102030405060708090a0b0c"), bytes("f0f1f2f3f4f5f6f7f8f9"), 42),
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865");
  EXPECT_EQ(
      derived(counting(0x00, 0x4f), counting(0x60, 0xaf), counting(0xb0, 0xff), 82),
      "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09da3275600c2f0"
      "9b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87");
  EXPECT_EQ(derived(std::string(22, '\x0b'), {}, {}, 42),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8");
}

TEST(Hkdf, GivesNoMoreThanTheRfcAllows) {
  EXPECT_EQ(derived("secret", "", "", 8160).size(), 2u * 8160);
  EXPECT_FALSE(hkdf_sha256(Secret(std::string_view("secret")), "", "", 8161));
  EXPECT_FALSE(hkdf_sha256(Secret(std::string_view("secret")), "", "", 0));
}

}  // namespace
}  // namespace watchword::crypto
