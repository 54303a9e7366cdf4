// Character classes of HTTP and URIs as look-up tables. For those who read HTTP.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace watchword::http {

// Each token character (RFC 9110 5.6.2) in lower case; 0 for all others.
inline constexpr std::array<char, 256> kTokenLower = [] {
  std::array<char, 256> table{};
  for (char c = '0'; c <= '9'; ++c) table[static_cast<unsigned char>(c)] = c;
  for (char c = 'a'; c <= 'z'; ++c) {
    table[static_cast<unsigned char>(c)] = c;
    table[static_cast<unsigned char>(c - 'a' + 'A')] = c;
  }
  for (char c : std::string_view("!#$%&'*+-.^_`|~")) table[static_cast<unsigned char>(c)] = c;
  return table;
}();

inline char token_lower(char c) { return kTokenLower[static_cast<unsigned char>(c)]; }

inline bool is_token(std::string_view text) {
  for (char c : text)
    if (token_lower(c) == 0) return false;
  return !text.empty();
}

inline bool is_lower_token(std::string_view text) {
  for (char c : text)
    if (c == 0 || token_lower(c) != c) return false;
  return !text.empty();
}

// C0 except tab, or DEL. Without an early exit, so that the compiler vectorises it.
inline bool has_control(std::string_view text) {
  bool found = false;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    found |= (byte < 0x20 && byte != '\t') || byte == 0x7f;
  }
  return found;
}

// What a request target may hold: visible ASCII without '#' and what no client sends unescaped ('"', '<', '>').
// Stricter rules on paths are normalise_path's.
inline bool is_target(std::string_view text) {
  bool bad = false;
  for (char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    bad |= byte < 0x21 || byte > 0x7e || c == '#' || c == '"' || c == '<' || c == '>';
  }
  return !bad && !text.empty();
}

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_alpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

inline int hex_value(char c) {  // -1 when it is no hex digit
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The byte that the "%XX" at `at` stands for (RFC 3986 2.1); nullopt when it is no escape.
inline std::optional<char> escape_at(std::string_view text, std::size_t at) {
  if (text.size() - at < 3) return std::nullopt;
  const int high = hex_value(text[at + 1]);
  const int low = hex_value(text[at + 2]);
  if (high < 0 || low < 0) return std::nullopt;
  return static_cast<char>(high * 16 + low);
}

inline void append_escape(std::string& out, char c) {
  constexpr std::string_view kUpperHex = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kUpperHex[byte >> 4];
  out += kUpperHex[byte & 15];
}

}  // namespace watchword::http
