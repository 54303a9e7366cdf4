// Percent-encoding, request paths, queries and forms, read strictly.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace watchword::http {

// RFC 3986 2.1; nullopt for a bad escape.
std::optional<std::string> percent_decode(std::string_view text);
std::string percent_encode(std::string_view text);  // all but unreserved characters

// The path as policy sees it, with one spelling for each path: percent-escapes of characters that may stand in a path
// (RFC 3986 pchar) are decoded, all others upper-cased, and characters that may not stand there are escaped.
// path_ambiguous (found says which trick, and where) when the path could be read in two ways: encoded slash, backslash
// (plain or encoded), dot segments (plain or encoded), empty segments (a slash at the end is none), NUL or other
// control characters, bad escapes, ';' path parameters, bytes beyond ASCII, escapes that are not UTF-8 (overlong
// forms), '?', '#' or a space in plain, double encoding ("%25" followed by two hex digits). http_malformed when it does
// not begin with '/'.
Result<std::string> normalise_path(std::string_view path);

// application/x-www-form-urlencoded. request_invalid for bad escapes, invalid UTF-8, white space or control characters
// in plain, empty pairs, more than 100 parameters or a name that stands twice, except names in `repeatable` (RFC 8693
// allows several resource and audience parameters).
using Form = std::vector<std::pair<std::string, std::string>>;
Result<Form> parse_form(std::string_view text, std::initializer_list<std::string_view> repeatable = {});
const std::string* find(const Form& form, std::string_view name);

// host[:port], as in a Host header: a name of letters, digits, '-', '.' and '_', an IPv4 address or a bracketed IPv6
// address; no user info, no empty port. The host is a view into `text`, brackets included. nullopt when it is anything
// else.
struct Authority {
  std::string_view host;
  std::optional<std::uint16_t> port;
};
std::optional<Authority> parse_authority(std::string_view text);

struct Url {
  std::string scheme, host;  // lower case; an IPv6 host without brackets
  std::uint16_t port = 0;    // the scheme's default when absent
  std::string path, query;   // path at least "/"; query without '?'
};
// Absolute http or https URLs only; no user info, no fragment. request_invalid.
Result<Url> parse_url(std::string_view text);

}  // namespace watchword::http
