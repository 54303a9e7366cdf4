// One spelling for each request path, and refusal of those that two servers could read in two ways.
#include "base/encoding.h"
#include "http/chars.h"
#include "http/uri.h"

namespace watchword::http {
namespace {

// RFC 3986 3.3 pchar, without '%' and without ';', which marks path parameters for some servers.
bool is_plain(char c) {
  return is_alpha(c) || is_digit(c) || std::string_view("-._~!$&'()*+,=:@").find(c) != std::string_view::npos;
}

std::unexpected<Error> ambiguous(std::string_view trick, std::size_t at) {
  return fail(Reason::path_ambiguous, std::string(trick) + " at byte " + std::to_string(at));
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// What an unescaped character other than '/' may not be.
std::string_view trick_in_plain(char c) {
  if (c == '\\') return "a backslash";
  if (c == ';') return "path parameters (';')";
  if (c == ' ' || c == '?' || c == '#') return "a space, '?' or '#' in plain";
  if (is_control(c)) return "a control character";
  if (static_cast<unsigned char>(c) >= 0x80) return "a byte beyond ASCII";
  return {};
}

// What an escape may not stand for.
std::string_view trick_in_escape(char c) {
  if (c == '/') return "an encoded slash";
  if (c == '\\') return "an encoded backslash";
  if (c == ';') return "encoded path parameters (';')";
  if (is_control(c)) return "an encoded NUL or control character";
  return {};
}

// Looks at the normal form, as the two digits may be escaped themselves.
bool has_double_encoding(std::string_view normal) {
  for (std::size_t at = normal.find("%25"); at != std::string_view::npos; at = normal.find("%25", at + 3))
    if (normal.size() - at >= 5 && hex_value(normal[at + 3]) >= 0 && hex_value(normal[at + 4]) >= 0) return true;
  return false;
}

bool is_dots(std::string_view segment) { return segment == "." || segment == ".."; }

}  // namespace

Result<std::string> normalise_path(std::string_view path) {
  if (!path.starts_with('/')) return fail(Reason::http_malformed, "a path that does not begin with '/'");
  std::string out;
  std::string decoded;  // for the check that the escapes are UTF-8
  out.reserve(path.size());
  decoded.reserve(path.size());
  std::size_t segment = 1;  // where the present one begins in `out`
  for (std::size_t i = 0; i < path.size(); ++i) {
    char c = path[i];
    if (c == '/') {
      if (i > 0 && out.size() == segment) return ambiguous("an empty segment", i);
      if (i > 0 && is_dots(std::string_view(out).substr(segment))) return ambiguous("a dot segment before", i);
      segment = out.size() + 1;
    } else if (c == '%') {
      const auto byte = escape_at(path, i);
      if (!byte) return ambiguous("a '%' that is not followed by two hexadecimal digits", i);
      c = *byte;
      if (const auto trick = trick_in_escape(c); !trick.empty()) return ambiguous(trick, i);
      i += 2;
    } else if (const auto trick = trick_in_plain(c); !trick.empty()) {
      return ambiguous(trick, i);
    }
    decoded += c;
    if (is_plain(c) || c == '/') {
      out += c;
    } else {
      append_escape(out, c);
    }
  }
  if (is_dots(std::string_view(out).substr(segment))) return ambiguous("a dot segment before", path.size());
  if (has_double_encoding(out)) return fail(Reason::path_ambiguous, "a double encoding");
  if (!is_utf8(decoded)) return fail(Reason::path_ambiguous, "escapes that are not UTF-8");
  return out;
}

}  // namespace watchword::http
