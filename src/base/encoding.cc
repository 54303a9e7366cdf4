// Strict, table-driven decoders (RFC 4648) and UTF-8 (RFC 3629).
#include "base/encoding.h"

#include <cstring>

namespace watchword {
namespace {

constexpr std::uint8_t kInvalid = 0xff;
constexpr std::string_view kBase64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view kBase64url = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view kHex = "0123456789abcdef";

using Table = std::array<std::uint8_t, 256>;

constexpr Table reverse(std::string_view alphabet) {
  Table table{};
  table.fill(kInvalid);
  for (std::size_t i = 0; i < alphabet.size(); ++i)
    table[static_cast<std::uint8_t>(alphabet[i])] = static_cast<std::uint8_t>(i);
  return table;
}

constexpr Table hex_table() {
  Table table = reverse(kHex);
  for (std::size_t i = 0; i < 6; ++i) table['A' + i] = static_cast<std::uint8_t>(10 + i);
  return table;
}

constexpr Table kFromBase64 = reverse(kBase64);
constexpr Table kFromBase64url = reverse(kBase64url);
constexpr Table kFromHex = hex_table();

std::string encode64(ByteView bytes, std::string_view alphabet) {
  std::string out((bytes.size() / 3) * 4 + (bytes.size() % 3 == 0 ? 0 : bytes.size() % 3 + 1), '\0');
  std::size_t in = 0, at = 0;
  for (; in + 3 <= bytes.size(); in += 3) {
    const std::uint32_t v = (std::uint32_t{bytes[in]} << 16) | (std::uint32_t{bytes[in + 1]} << 8) | bytes[in + 2];
    out[at++] = alphabet[v >> 18];
    out[at++] = alphabet[(v >> 12) & 63];
    out[at++] = alphabet[(v >> 6) & 63];
    out[at++] = alphabet[v & 63];
  }
  if (in == bytes.size()) return out;
  const bool two = in + 2 == bytes.size();
  const std::uint32_t v = (std::uint32_t{bytes[in]} << 16) | (two ? std::uint32_t{bytes[in + 1]} << 8 : 0U);
  out[at++] = alphabet[v >> 18];
  out[at++] = alphabet[(v >> 12) & 63];
  if (two) out[at] = alphabet[(v >> 6) & 63];
  return out;
}

// `text` without padding.
std::optional<std::string> decode64(std::string_view text, const Table& table) {
  const std::size_t tail = text.size() % 4;
  if (tail == 1) return std::nullopt;
  std::string out(text.size() / 4 * 3 + (tail == 0 ? 0 : tail - 1), '\0');
  const auto value = [&](std::size_t i) { return std::uint32_t{table[static_cast<std::uint8_t>(text[i])]}; };
  std::uint32_t seen = 0;  // valid values have six bits, so one test at the end finds any invalid character
  std::size_t in = 0, at = 0;
  for (; in + 4 <= text.size(); in += 4) {
    const std::uint32_t a = value(in), b = value(in + 1), c = value(in + 2), d = value(in + 3);
    seen |= a | b | c | d;
    const std::uint32_t v = (a << 18) | (b << 12) | (c << 6) | d;
    out[at++] = static_cast<char>(v >> 16);
    out[at++] = static_cast<char>(v >> 8);
    out[at++] = static_cast<char>(v);
  }
  if (tail != 0) {
    const std::uint32_t a = value(in), b = value(in + 1), c = tail == 3 ? value(in + 2) : 0;
    seen |= a | b | c;
    const std::uint32_t v = (a << 18) | (b << 12) | (c << 6);
    if ((v & (tail == 3 ? 0xffU : 0xffffU)) != 0) return std::nullopt;  // stray bits
    out[at++] = static_cast<char>(v >> 16);
    if (tail == 3) out[at] = static_cast<char>(v >> 8);
  }
  if ((seen & ~63U) != 0) return std::nullopt;
  return out;
}

}  // namespace

std::string to_base64url(ByteView bytes) { return encode64(bytes, kBase64url); }
std::optional<std::string> from_base64url(std::string_view text) { return decode64(text, kFromBase64url); }

std::string to_base64(ByteView bytes) {
  std::string out = encode64(bytes, kBase64);
  out.append((4 - out.size() % 4) % 4, '=');
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  return decode64(text, kFromBase64);
}

std::string to_hex(ByteView bytes) {
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::uint8_t byte : bytes) {
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out(text.size() / 2, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::uint8_t high = kFromHex[static_cast<std::uint8_t>(text[2 * i])];
    const std::uint8_t low = kFromHex[static_cast<std::uint8_t>(text[2 * i + 1])];
    if (high == kInvalid || low == kInvalid) return std::nullopt;
    out[i] = static_cast<char>((high << 4) | low);
  }
  return out;
}

Utf8Character first_utf8_character(std::string_view text) {
  if (text.empty()) return {};
  const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  const std::uint8_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  char32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return {};
    code = (code << 6) | (byte(i) & 0x3fU);
  }
  constexpr std::array<char32_t, 5> kSmallest{0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {};
  return {code, length};
}

namespace {

// How many bytes at the beginning are ASCII, counted eight at a time.
std::size_t ascii_prefix(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080U;
  std::size_t i = 0;
  for (std::uint64_t eight = 0; i + sizeof eight <= text.size(); i += sizeof eight) {
    std::memcpy(&eight, text.data() + i, sizeof eight);
    if ((eight & kHighBits) != 0) break;
  }
  while (i < text.size() && static_cast<std::uint8_t>(text[i]) < 0x80) ++i;
  return i;
}

}  // namespace

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    text.remove_prefix(ascii_prefix(text));
    if (text.empty()) break;
    const auto character = first_utf8_character(text);
    if (character.length == 0) return false;
    text.remove_prefix(character.length);
  }
  return true;
}

}  // namespace watchword
