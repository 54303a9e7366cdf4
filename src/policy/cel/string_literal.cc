// CEL's escape sequences: \n and the like, \xHH, \uHHHH, \UHHHHHHHH, \NNN (octal). All numbers are code points.
#include "policy/cel/string_literal.h"

#include <charconv>
#include <optional>

namespace watchword::policy::cel {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  const auto continuation = [&](unsigned shift) { out += static_cast<char>(0x80 | ((code >> shift) & 0x3f)); };
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    continuation(0);
  } else if (code < 0x10000) {
    out += static_cast<char>(0xe0 | (code >> 12));
    continuation(6);
    continuation(0);
  } else {
    out += static_cast<char>(0xf0 | (code >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

std::optional<char> simple_escape(char c) {
  constexpr std::string_view kLetters = "abfnrtv\\?\"'`", kMeanings = "\a\b\f\n\r\t\v\\?\"'`";
  const auto at = kLetters.find(c);
  if (at == std::string_view::npos) return std::nullopt;
  return kMeanings[at];
}

// How many digits follow the letter, in which base; the octal form has no letter.
struct Form {
  std::size_t letter, digits;
  int base;
};
std::optional<Form> form_of(char c) {
  if (c == 'x' || c == 'X') return Form{1, 2, 16};
  if (c == 'u') return Form{1, 4, 16};
  if (c == 'U') return Form{1, 8, 16};
  if (c >= '0' && c <= '3') return Form{0, 3, 8};
  return std::nullopt;
}

std::optional<std::uint32_t> read_number(std::string_view digits, const Form& form) {
  std::uint32_t code = 0;
  const auto [stop, error] = std::from_chars(digits.begin(), digits.end(), code, form.base);
  if (digits.size() != form.digits || error != std::errc() || stop != digits.end()) return std::nullopt;
  return code;
}

}  // namespace

std::expected<std::string, BadEscape> unescape(std::string_view body) {
  std::string out;
  out.reserve(body.size());
  for (std::size_t at = 0; at < body.size();) {
    if (body[at] != '\\') {
      out += body[at++];
      continue;
    }
    const char letter = at + 1 < body.size() ? body[at + 1] : '\0';
    if (const auto simple = simple_escape(letter)) {
      out += *simple;
      at += 2;
      continue;
    }
    const auto form = form_of(letter);
    if (!form)
      return std::unexpected(
          BadEscape{at, "an unknown escape sequence", "\\n, \\t, \\\", \\\\, \\x41, \\u0041 or a raw string r\"...\""});
    const auto code = read_number(body.substr(at + 1 + form->letter, form->digits), *form);
    if (!code) return std::unexpected(BadEscape{at, "an incomplete escape sequence", "all its digits"});
    if (*code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
      return std::unexpected(
          BadEscape{at, "an escape for no Unicode character", "a code point that is not a surrogate"});
    append_utf8(out, *code);
    at += 1 + form->letter + form->digits;
  }
  return out;
}

}  // namespace watchword::policy::cel
