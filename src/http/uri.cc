#include "http/uri.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/text.h"
#include "http/chars.h"

namespace watchword::http {
namespace {

constexpr std::size_t kMaxHost = 255;

bool is_unreserved(char c) { return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_' || c == '~'; }

bool is_host_name(std::string_view host) {
  return !host.empty() && std::ranges::all_of(host, [](char c) {
    return is_alpha(c) || is_digit(c) || c == '-' || c == '.' || c == '_';
  });
}

bool is_ipv6(std::string_view text) {
  std::array<unsigned char, 16> address;
  return text.size() <= 45 && inet_pton(AF_INET6, std::string(text).c_str(), address.data()) == 1;
}

std::unexpected<Error> bad_url(std::string found) {
  return fail(Reason::request_invalid, std::move(found),
              "an absolute http or https URL without user info and fragment");
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (true) {
    const std::size_t mark = text.find('%');
    out += text.substr(0, mark);
    if (mark == std::string_view::npos) return out;
    const auto byte = escape_at(text, mark);
    if (!byte) return std::nullopt;
    out += *byte;
    text.remove_prefix(mark + 3);
  }
}

std::string percent_encode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (char c : text) {
    if (is_unreserved(c)) {
      out += c;
    } else {
      append_escape(out, c);
    }
  }
  return out;
}

std::optional<Authority> parse_authority(std::string_view text) {
  const std::size_t host_end = text.starts_with('[') ? text.find(']') + 1 : std::min(text.find(':'), text.size());
  const std::string_view host = text.substr(0, host_end);
  const bool valid = text.starts_with('[') ? host.size() > 2 && is_ipv6(host.substr(1, host.size() - 2))
                                           : is_host_name(host) && host.size() <= kMaxHost;
  if (!valid) return std::nullopt;
  if (host_end == text.size()) return Authority{host, std::nullopt};

  const std::string_view digits = text.substr(host_end + 1);
  unsigned port = 0;
  if (text[host_end] != ':' || digits.empty() || digits.size() > 5 || !std::ranges::all_of(digits, is_digit))
    return std::nullopt;
  std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (port == 0 || port > 65535) return std::nullopt;
  return Authority{host, static_cast<std::uint16_t>(port)};
}

Result<Url> parse_url(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return bad_url("a URL without '://'");
  Url url;
  url.scheme = ascii_lower(text.substr(0, colon));
  if (url.scheme != "http" && url.scheme != "https") return bad_url("a URL with another scheme");

  const std::string_view rest = text.substr(colon + 3);
  const std::size_t authority_end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view authority = rest.substr(0, authority_end);
  std::string_view target = rest.substr(authority_end);
  if (authority.find('@') != std::string_view::npos) return bad_url("user info in the URL");
  if (target.find('#') != std::string_view::npos) return bad_url("a fragment in the URL");
  if (!target.empty() && (!is_target(target) || target.find_first_of("\\^`{|}") != std::string_view::npos))
    return bad_url("a character in the URL that must be escaped");
  if (!percent_decode(target)) return bad_url("a '%' in the URL that is not followed by two hexadecimal digits");
  const auto parsed = parse_authority(authority);
  if (!parsed) return bad_url("a host or port in the URL that is not valid");

  url.host = ascii_lower(parsed->host);
  if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
  url.port = parsed->port.value_or(url.scheme == "https" ? 443 : 80);
  const std::size_t mark = std::min(target.find('?'), target.size());
  url.path = mark == 0 ? "/" : std::string(target.substr(0, mark));
  if (mark < target.size()) url.query = target.substr(mark + 1);
  return url;
}

}  // namespace watchword::http
