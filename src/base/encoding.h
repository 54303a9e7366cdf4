// Bytes and their textual encodings. All decoders are strict: no padding where none is due, no stray bits, no white
// space.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace watchword {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

inline ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

std::string to_base64url(ByteView bytes);                          // RFC 4648 5, no padding
std::optional<std::string> from_base64url(std::string_view text);  // refuses padding and non-zero stray bits
std::string to_base64(ByteView bytes);                             // RFC 4648 4, padded
std::optional<std::string> from_base64(std::string_view text);     // padding required
std::string to_hex(ByteView bytes);                                // lower case
std::optional<std::string> from_hex(std::string_view text);        // either case

// RFC 3629: no overlong forms, no surrogates, at most U+10FFFF.
bool is_utf8(std::string_view text);
// The character that `text` begins with, and its length in bytes; length 0 when it is not valid (or text is empty).
struct Utf8Character {
  char32_t code = 0;
  std::size_t length = 0;
};
Utf8Character first_utf8_character(std::string_view text);

}  // namespace watchword
